#include "base/mapped_file.h"

#include <cstdint>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"

namespace spinenet {
namespace {

constexpr uintptr_t kPage = 4096;  // a larger one is a multiple of it: then madvise() refuses, and nothing is released

// Nothing where it cannot be mapped, for whatever reason: reading the file says why.
std::span<const char> map_file(const std::filesystem::path& path) {
  struct stat is {};
  // A pipe is opened once, by who reads it: its writer would take a second opening for the end.
  if (::stat(path.c_str(), &is) != 0 || !S_ISREG(is.st_mode)) return {};
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return {};
  std::span<const char> bytes;
  if (::fstat(descriptor, &is) == 0 && S_ISREG(is.st_mode) && is.st_size > 0 && is.st_size <= kMostFileBytes) {
    const auto size = static_cast<size_t>(is.st_size);
    void* const begin = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (begin != MAP_FAILED) bytes = {static_cast<const char*>(begin), size};
  }
  ::close(descriptor);
  return bytes;
}

}  // namespace

MappedFile::MappedFile(const std::filesystem::path& path) : bytes_(map_file(path)), is_mapped_(!bytes_.empty()) {
  if (is_mapped_) return;
  content_ = read_file(path);
  bytes_ = content_;
}

MappedFile::~MappedFile() {
  if (is_mapped_) ::munmap(const_cast<char*>(bytes_.data()), bytes_.size());
}

void MappedFile::release(std::span<const char> part) const {
  if (!is_mapped_) return;
  const uintptr_t first = (reinterpret_cast<uintptr_t>(part.data()) + kPage - 1) & ~(kPage - 1);
  const uintptr_t end = (reinterpret_cast<uintptr_t>(part.data()) + part.size()) & ~(kPage - 1);
  if (end > first) (void)::madvise(reinterpret_cast<void*>(first), end - first, MADV_DONTNEED);
}

}  // namespace spinenet

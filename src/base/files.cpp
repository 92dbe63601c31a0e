#include "base/files.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/format.h"
#include "base/large_pages.h"

namespace spinenet {
namespace {

int write_all(int fd, std::span<const char> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    bytes = bytes.subspan(static_cast<size_t>(n));
  }
  return 0;
}

void check(int error, const std::filesystem::path& path, std::string_view doing) {
  if (error == 0) return;
  fail(ErrorKind::io, fmt::format("cannot {}: {}", doing, std::strerror(error)), path.string());
}

[[noreturn]] void refuse_size(const std::filesystem::path& path, int64_t most) {
  fail(ErrorKind::bad_data, fmt::format("holds more than {} bytes, the most that are read", most), path.string(),
       "is it the file that was meant?");
}

struct OpenFile {
  int descriptor;
  explicit OpenFile(int fd) : descriptor(fd) {}
  ~OpenFile() {
    if (descriptor >= 0) ::close(descriptor);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
};

}  // namespace

const FileLayer& system_file_layer() {
  static const FileLayer layer{
      write_all,
      [](int fd) { return ::fsync(fd) == 0 ? 0 : errno; },
      [](const char* from, const char* to) { return ::rename(from, to) == 0 ? 0 : errno; },
  };
  return layer;
}

std::string read_file(const std::filesystem::path& path, int64_t most) {
  const OpenFile file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.descriptor < 0) check(errno, path, "read");
  struct stat is {};
  if (::fstat(file.descriptor, &is) != 0) check(errno, path, "read");
  if (S_ISDIR(is.st_mode)) check(EISDIR, path, "read");
  if (!S_ISREG(is.st_mode)) most = std::min(most, kMostStreamBytes);
  std::string content;
  if (S_ISREG(is.st_mode)) {
    if (is.st_size > most) refuse_size(path, most);
    content.reserve(static_cast<size_t>(is.st_size) + 64);  // readers that look at whole vectors pad without moving it
    prefer_large_pages(content.data(), content.capacity());
  }
  char buffer[1 << 16];
  while (true) {
    const ssize_t n = ::read(file.descriptor, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) check(errno, path, "read");
    if (n == 0) return content;
    content.append(buffer, static_cast<size_t>(n));
    if (static_cast<int64_t>(content.size()) > most) refuse_size(path, most);
  }
}

std::string read_file(const std::filesystem::path& path) {
  return read_file(path, kMostFileBytes);
}

uint64_t checksum(std::string_view bytes, uint64_t seed) {
  constexpr uint64_t kPrime = 0x100000001b3;
  uint64_t hash = 0xcbf29ce484222325 ^ seed;
  while (bytes.size() >= 8) {
    uint64_t word;
    std::memcpy(&word, bytes.data(), 8);
    hash = (hash ^ word) * kPrime;
    hash ^= hash >> 32;
    bytes.remove_prefix(8);
  }
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * kPrime;
  return hash;
}

}  // namespace spinenet

#include "base/files.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/format.h"

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

// Closes the descriptor and removes the temporary file unless the write was completed.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::filesystem::path& target)
      : path_(target.string() + fmt::format(".tmp.{}", ::getpid())),
        fd_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)) {}
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (fd_ >= 0) ::close(fd_);
    if (!kept_ && fd_ >= 0) ::unlink(path_.c_str());
  }
  int fd() const { return fd_; }
  const std::string& path() const { return path_; }
  void keep() { kept_ = true; }

 private:
  std::string path_;
  int fd_;
  bool kept_ = false;
};

void check(int error, const std::filesystem::path& path, std::string_view doing) {
  if (error == 0) return;
  const std::string_view remedy = error == ENOSPC ? "free some space; what was there before is untouched" : "";
  fail(ErrorKind::io, fmt::format("cannot {}: {}", doing, std::strerror(error)), path.string(), remedy);
}

}  // namespace

const FileLayer& system_file_layer() {
  static const FileLayer layer{
      write_all,
      [](int fd) { return ::fsync(fd) == 0 ? 0 : errno; },
      [](const char* from, const char* to) { return ::rename(from, to) == 0 ? 0 : errno; },
  };
  return layer;
}

std::string read_file(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) check(errno, path, "read");
  std::string content;
  std::error_code ignored;
  const auto size = std::filesystem::file_size(path, ignored);
  if (!ignored) content.reserve(size + 64);  // readers that look at whole vectors pad without moving it
  char buffer[1 << 16];
  int error = 0;
  while (true) {
    const ssize_t n = ::read(fd, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) error = errno;
    if (n <= 0) break;
    content.append(buffer, static_cast<size_t>(n));
  }
  ::close(fd);
  check(error, path, "read");
  return content;
}

void write_file_atomic(const std::filesystem::path& path, std::span<const std::string_view> parts,
                       const FileLayer& layer) {
  TemporaryFile file(path);
  if (file.fd() < 0) check(errno, path, "create");
  for (const std::string_view part : parts) check(layer.write(file.fd(), part), path, "write");
  check(layer.sync(file.fd()), path, "write");
  check(layer.rename(file.path().c_str(), path.c_str()), path, "write");
  file.keep();
  const std::filesystem::path folder = path.parent_path().empty() ? "." : path.parent_path();
  const int folder_fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder_fd < 0) return;
  layer.sync(folder_fd);
  ::close(folder_fd);
}

void write_file_atomic(const std::filesystem::path& path, std::string_view content, const FileLayer& layer) {
  write_file_atomic(path, std::span(&content, 1), layer);
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

#include "formats/import/file_bytes.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/files.h"
#include "base/format.h"

namespace spinenet::formats {
namespace {

struct stat file_status(int descriptor, const std::string& place) {
  struct stat is {};
  if (::fstat(descriptor, &is) != 0) fail(ErrorKind::io, fmt::format("cannot read: {}", std::strerror(errno)), place);
  return is;
}

std::array<int64_t, 2> time_of_writing(const struct stat& is) {
  return {static_cast<int64_t>(is.st_mtim.tv_sec), static_cast<int64_t>(is.st_mtim.tv_nsec)};
}

}  // namespace

std::shared_ptr<const FileBytes> FileBytes::open(const std::filesystem::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) fail(ErrorKind::io, fmt::format("cannot read: {}", std::strerror(errno)), path.string());
  std::shared_ptr<FileBytes> file(new FileBytes());
  file->descriptor_ = descriptor;
  file->place_ = path.string();
  const struct stat is = file_status(descriptor, file->place_);
  if (S_ISREG(is.st_mode)) {
    file->size_ = static_cast<uint64_t>(is.st_size);
    file->written_ = time_of_writing(is);
    return file;
  }
  return of(read_file(path), path.string());
}

std::shared_ptr<const FileBytes> FileBytes::of(std::string bytes, std::string place) {
  std::shared_ptr<FileBytes> file(new FileBytes());
  file->place_ = std::move(place);
  file->size_ = bytes.size();
  file->bytes_ = std::move(bytes);
  return file;
}

FileBytes::~FileBytes() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::string FileBytes::read(uint64_t offset, uint64_t count) const {
  if (offset > size_ || count > size_ - offset) {
    fail(ErrorKind::bad_data,
         fmt::format("{} bytes from byte {} on are asked for, but the file has {}", count, offset, size_), place_,
         kDamagedFile);
  }
  if (descriptor_ < 0) return bytes_.substr(offset, count);
  std::string bytes(count, '\0');
  uint64_t done = 0;
  while (done < count) {
    const ssize_t n = ::pread(descriptor_, bytes.data() + done, count - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail(ErrorKind::io, fmt::format("cannot read: {}", std::strerror(errno)), place_);
    if (n == 0) fail(ErrorKind::bad_data, "the file became shorter while it was read", place_, kDamagedFile);
    done += static_cast<uint64_t>(n);
  }
  return bytes;
}

std::string FileBytes::read_at_most(uint64_t offset, uint64_t count) const {
  return read(std::min(offset, size_), std::min(count, size_ - std::min(offset, size_)));
}

void FileBytes::require_unchanged() const {
  if (descriptor_ < 0) return;
  const struct stat is = file_status(descriptor_, place_);
  if (static_cast<uint64_t>(is.st_size) == size_ && time_of_writing(is) == written_) return;
  fail(ErrorKind::io, "another program wrote to it while it was read", place_,
       "wait until it is complete, or use a copy of it");
}

}  // namespace spinenet::formats

#include "base/place_file.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/error.h"
#include "base/format.h"

namespace spinenet {
namespace {

constexpr const char* kMarkName = "user.spinenet";
constexpr std::string_view kTemporaryPrefix = ".spinenet-", kTemporarySuffix = ".tmp";
constexpr size_t kRandomDigits = 16;
constexpr mode_t kNewFile = 0666;  // less the process's mask

std::string temporary_name() {
  uint64_t number = 0;
  if (::getrandom(&number, sizeof number, 0) != static_cast<ssize_t>(sizeof number)) {
    fail(ErrorKind::io, "cannot draw a random number", "temporary file");
  }
  return fmt::format("{}{:016x}{}", kTemporaryPrefix, number, kTemporarySuffix);
}

void check(int error, const std::filesystem::path& shown, std::string_view doing) {
  if (error == 0) return;
  const std::string_view remedy = error == ENOSPC || error == EDQUOT
                                      ? "free some space; what was there before is untouched"
                                      : "what was there before is untouched";
  fail(ErrorKind::io, fmt::format("cannot {}: {}", doing, std::strerror(error)), shown.string(), remedy);
}

// An open file of a folder that has no name, or a random one that goes with this object.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::filesystem::path& folder) : folder_(folder) {
    fd_ = ::open(folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, kNewFile);
    if (fd_ >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT && errno != EINVAL)) return;
    const std::filesystem::path named = folder / temporary_name();
    fd_ = ::open(named.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kNewFile);
    if (fd_ >= 0) path_ = named;
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (fd_ >= 0) ::close(fd_);
    if (!path_.empty()) ::unlink(path_.c_str());
  }

  int fd() const { return fd_; }

  // 0 or an errno. From then on the file has a name to be renamed from.
  int give_name() {
    if (!path_.empty()) return 0;
    const std::filesystem::path named = folder_ / temporary_name();
    const std::string self = fmt::format("/proc/self/fd/{}", fd_);
    if (::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, named.c_str(), AT_SYMLINK_FOLLOW) != 0) return errno;
    path_ = named;
    return 0;
  }
  const std::filesystem::path& path() const { return path_; }
  void keep() { path_.clear(); }

 private:
  std::filesystem::path folder_, path_;
  int fd_ = -1;
};

std::filesystem::path folder_of(const std::filesystem::path& file) {
  return file.parent_path().empty() ? "." : file.parent_path();
}

// What a mark must say for the file to be as it was left.
std::string mark_text(std::string_view kind, std::string_view name, const struct stat& is) {
  return fmt::format("{}\n{}\n{} {} {}.{:09}", kind, name, is.st_ino, is.st_size, is.st_mtim.tv_sec,
                     is.st_mtim.tv_nsec);
}

// A file system without such attributes keeps no mark: its files are then taken for foreign ones.
void set_mark(int fd, std::string_view kind, std::string_view name) {
  struct stat is {};
  if (::fstat(fd, &is) != 0) return;
  const std::string text = mark_text(kind, name, is);
  ::fsetxattr(fd, kMarkName, text.data(), text.size(), 0);
}

void set_rights(int fd, const Placement& placement) {
  // Who may not give files away leaves them to this process's user, as cp does.
  if (placement.owner && ::fchown(fd, placement.owner->user, placement.owner->group) != 0) errno = 0;
  if (placement.mode && ::fchmod(fd, *placement.mode) != 0) check(errno, placement.shown, "set its mode");
}

// Fails where the target exists, whatever came between a look and this.
int rename_to_new(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return errno;
  // A file system without that call: a second name, or else the name is reserved first.
  if (::link(from.c_str(), to.c_str()) == 0) return ::unlink(from.c_str()) == 0 ? 0 : errno;
  if (errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS) return errno;
  const int reserved = ::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kNewFile);
  if (reserved < 0) return errno;
  ::close(reserved);
  return ::rename(from.c_str(), to.c_str()) == 0 ? 0 : errno;
}

}  // namespace

void place_file(const Placement& placement, std::span<const std::string_view> parts, const FileLayer& layer) {
  const std::filesystem::path folder = folder_of(placement.target);
  TemporaryFile file(folder);
  if (file.fd() < 0) check(errno, placement.shown, "create");
  set_rights(file.fd(), placement);
  for (const std::string_view part : parts) check(layer.write(file.fd(), part), placement.shown, "write");
  if (!placement.mark.empty()) set_mark(file.fd(), placement.mark, placement.target.filename().string());
  check(layer.sync(file.fd()), placement.shown, "write");
  check(file.give_name(), placement.shown, "write");
  if (placement.known && state_of(placement.target) != placement.known) {
    fail(ErrorKind::io, "another program changed it meanwhile; it is untouched", placement.shown.string(),
         "run this again with another name");
  }
  const int error = placement.replace ? layer.rename(file.path().c_str(), placement.target.c_str())
                                      : rename_to_new(file.path(), placement.target);
  if (error == EEXIST) {
    fail(ErrorKind::io, "another program made it meanwhile; it is untouched", placement.shown.string(),
         "run this again with another name");
  }
  check(error, placement.shown, "write");
  file.keep();
  const int folder_fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder_fd < 0) return;
  layer.sync(folder_fd);
  ::close(folder_fd);
}

void require_room(const std::filesystem::path& folder, const std::filesystem::path& shown) {
  const TemporaryFile file(folder);
  if (file.fd() < 0) check(errno, shown, "create");
  const std::array<char, 4096> block{};
  check(system_file_layer().write(file.fd(), block), shown, "write");
}

std::string mark_of(const std::filesystem::path& file) {
  std::array<char, 1024> text{};
  const ssize_t length = ::lgetxattr(file.c_str(), kMarkName, text.data(), text.size());
  struct stat is {};
  if (length <= 0 || ::lstat(file.c_str(), &is) != 0) return "";
  const std::string mark(text.data(), static_cast<size_t>(length));
  std::string kind = mark.substr(0, mark.find('\n'));
  return mark == mark_text(kind, file.filename().string(), is) ? kind : "";
}

std::optional<FileState> state_of(const std::filesystem::path& file) {
  struct stat is {};
  if (::lstat(file.c_str(), &is) != 0) return std::nullopt;
  return FileState{is.st_dev, is.st_ino, is.st_size, is.st_mtim.tv_sec, is.st_mtim.tv_nsec};
}

bool is_temporary_name(std::string_view name) {
  return name.size() == kTemporaryPrefix.size() + kRandomDigits + kTemporarySuffix.size() &&
         name.starts_with(kTemporaryPrefix) && name.ends_with(kTemporarySuffix);
}

}  // namespace spinenet

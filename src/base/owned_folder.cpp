#include "base/owned_folder.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <random>
#include <system_error>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/format.h"
#include "base/json.h"
#include "base/log.h"
#include "base/place_file.h"

namespace spinenet {
namespace {

namespace fs = std::filesystem;

constexpr const char* kMarker = ".spinenet";
constexpr const char* kLock = "lock";
constexpr size_t kMostMarkerBytes = 4096;
constexpr auto kReadable = fs::directory_options::skip_permission_denied;
constexpr auto kPause = std::chrono::milliseconds(100);

fs::file_type type_of(const fs::path& path) {
  std::error_code error;
  return fs::symlink_status(path, error).type();
}

bool matches(std::string_view pattern, std::string_view name) {
  if (pattern.empty()) return name.empty();
  if (pattern.front() != '*') {
    return !name.empty() && name.front() == pattern.front() && matches(pattern.substr(1), name.substr(1));
  }
  for (size_t taken = 0; taken <= name.size(); ++taken) {
    if (matches(pattern.substr(1), name.substr(taken))) return true;
    if (taken < name.size() && name[taken] == '/') break;
  }
  return false;
}

std::string random_id() {
  std::random_device device;
  return fmt::format("{:08x}{:08x}", device(), device());
}

std::string host_name() {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  return host.data();
}

std::string short_content(const fs::path& file) {
  const int fd = ::open(file.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return "";
  std::string text(kMostMarkerBytes, '\0');
  const ssize_t length = ::read(fd, text.data(), text.size());
  ::close(fd);
  text.resize(length > 0 ? static_cast<size_t>(length) : 0);
  return text;
}

// A process that ended between its lock and its marker leaves this alone.
bool is_abandoned_lock(const fs::path& path) {
  if (path.filename() != kLock || type_of(path) != fs::file_type::regular) return false;
  const std::string text = short_content(path);
  return text.empty() || text.starts_with("process ");
}

bool holds_nothing(const fs::path& folder) {
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    const bool of_file_system = name == "lost+found" && type_of(at->path()) == fs::file_type::directory;
    if (!of_file_system && !is_temporary_name(name) && !is_abandoned_lock(at->path())) return false;
  }
  if (error) fail(ErrorKind::io, fmt::format("cannot be read: {}", error.message()), folder.string());
  return true;
}

bool is_file_of(int fd, const fs::path& path) {
  struct stat open {
  }, named{};
  return ::fstat(fd, &open) == 0 && ::lstat(path.c_str(), &named) == 0 && open.st_dev == named.st_dev &&
         open.st_ino == named.st_ino;
}

void close_lock(int& lock) {
  if (lock >= 0) ::close(lock);
  lock = -1;
}

// Who asks for a folder says whose it is to be; this says whose it is. Nothing where it has no marker yet.
std::optional<FolderMarker> require_own(const fs::path& folder, const FolderKind& kind, const FolderClaim& claim) {
  const std::string remedy = fmt::format("name another folder with {}", claim.flag);
  if (std::optional<FolderMarker> marker = read_marker(folder)) {
    if (marker->kind != kind.name) {
      fail(ErrorKind::usage, fmt::format("is the folder of {}, not of {}", marker->kind, kind.name), folder.string(),
           remedy);
    }
    if (!claim.id.empty() && marker->id != claim.id) {
      fail(ErrorKind::usage,
           fmt::format("is the folder of {} with another id: {}, not {}", kind.name, marker->id, claim.id),
           folder.string(), remedy);
    }
    return marker;
  }
  if (holds_nothing(folder) || (claim.is_older && claim.is_older(folder))) return std::nullopt;
  if (read_marker(folder)) return require_own(folder, kind, claim);  // another process has just marked it
  fail(ErrorKind::usage, fmt::format("holds files that are not those of {}: nothing in it is touched", kind.name),
       folder.string(), remedy);
}

// Whether the folder was missing.
bool make_folders(const fs::path& folder, const FolderClaim& claim) {
  std::error_code error;
  const bool made = fs::create_directories(folder, error);
  if (!error && fs::is_directory(folder, error)) return made;
  fail(ErrorKind::io, fmt::format("cannot be made: {}", error ? error.message() : "it is a file"), folder.string(),
       fmt::format("name another folder with {}", claim.flag));
}

}  // namespace

std::optional<FolderMarker> read_marker(const fs::path& folder) {
  const fs::path file = folder / kMarker;
  if (type_of(file) == fs::file_type::not_found) return std::nullopt;
  if (::access(file.c_str(), R_OK) != 0) {
    fail(ErrorKind::io, fmt::format("cannot be read: {}", std::strerror(errno)), file.string(),
         "allow reading it, or name another folder");
  }
  const Json json = parse_json(short_content(file), file.string());
  const auto text_of = [&](const char* key) -> std::optional<std::string> {
    if (!json.is_object() || !json.contains(key) || !json[key].is_string()) return std::nullopt;
    return json[key].get<std::string>();
  };
  const std::optional<std::string> kind = text_of("kind"), id = text_of("id");
  if (text_of("program") != "spinenet" || !kind || !id) {
    fail(ErrorKind::bad_data, "is not a marker of this program", file.string(), "name another folder");
  }
  return FolderMarker{*kind, *id, text_of("for").value_or("")};
}

OwnedFolder::OwnedFolder(fs::path path, const FolderKind& kind, const FolderClaim& claim)
    : path_(std::move(path)), kind_(kind), layer_(claim.layer), shared_(claim.shared) {
  made_folder_ = make_folders(path_, claim);
  try {
    if (::faccessat(AT_FDCWD, path_.c_str(), W_OK | X_OK, AT_EACCESS) != 0) {
      fail(ErrorKind::io, fmt::format("cannot be written into: {}", std::strerror(errno)), path_.string(),
           fmt::format("allow writing, or name another folder with {}", claim.flag));
    }
    require_own(path_, kind_, claim);
    lock(claim);
    take(claim);
  } catch (...) {
    undo();
    throw;
  }
}

std::optional<OwnedFolder> OwnedFolder::make_new(const fs::path& path, const FolderKind& kind) {
  if (::mkdir(path.c_str(), 0777) != 0) {
    if (errno == EEXIST) return std::nullopt;
    fail(ErrorKind::io, fmt::format("cannot be made: {}", std::strerror(errno)), path.string());
  }
  try {
    return OwnedFolder(path, kind);
  } catch (...) {
    ::rmdir(path.c_str());
    throw;
  }
}

OwnedFolder::OwnedFolder(OwnedFolder&& other) noexcept
    : path_(std::move(other.path_)),
      kind_(other.kind_),
      id_(std::move(other.id_)),
      layer_(other.layer_),
      shared_(other.shared_),
      lock_(std::exchange(other.lock_, -1)),
      made_folder_(other.made_folder_),
      made_lock_(other.made_lock_),
      made_marker_(other.made_marker_) {}

OwnedFolder::~OwnedFolder() {
  release();
}

void OwnedFolder::release() noexcept {
  if (lock_ < 0) return;
  if (!shared_ && ::ftruncate(lock_, 0) != 0) errno = 0;  // an old name in it does no harm
  close_lock(lock_);
}

// Under a lock that no other process shares. What another process has put into the folder meanwhile stays.
void OwnedFolder::undo() noexcept {
  if (lock_ >= 0 && ::flock(lock_, LOCK_EX | LOCK_NB) == 0) {
    if (made_marker_) ::unlink((path_ / kMarker).c_str());
    if (made_lock_) ::unlink((path_ / kLock).c_str());
  }
  release();
  if (made_folder_) ::rmdir(path_.c_str());
}

void OwnedFolder::open_lock(const fs::path& file, const FolderClaim& claim) {
  constexpr int kFlags = O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC;
  lock_ = ::open(file.c_str(), kFlags | O_EXCL, 0666);
  made_lock_ = lock_ >= 0;
  if (lock_ < 0 && errno == EEXIST) lock_ = ::open(file.c_str(), kFlags, 0666);
  // To share it, another user's lock need not be written.
  if (lock_ < 0 && claim.shared && errno == EACCES) {
    lock_ = ::open(file.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  }
  if (lock_ >= 0) return;
  fail(ErrorKind::io, fmt::format("cannot write: {}", std::strerror(errno)), path_.string(),
       fmt::format("name another folder with {}", claim.flag));
}

void OwnedFolder::lock(const FolderClaim& claim) {
  const fs::path file = path_ / kLock;
  open_lock(file, claim);
  while (::flock(lock_, (claim.shared ? LOCK_SH : LOCK_EX) | LOCK_NB) != 0 || !is_file_of(lock_, file)) {
    const int error = errno;
    if (!is_file_of(lock_, file)) {  // its owner has removed the folder's files meanwhile
      close_lock(lock_);
      made_folder_ = make_folders(path_, claim) || made_folder_;
      open_lock(file, claim);
      continue;
    }
    const std::string holder = short_content(file);
    const std::string named = holder.empty() ? "another process" : holder;
    if (error == EWOULDBLOCK && claim.wait && claim.wait(named)) {
      std::this_thread::sleep_for(kPause);
      continue;
    }
    close_lock(lock_);
    if (error != EWOULDBLOCK) {
      fail(ErrorKind::io, fmt::format("cannot be locked: {}", std::strerror(error)), path_.string());
    }
    fail(ErrorKind::io, fmt::format("is in use by {}", named), path_.string(),
         fmt::format("wait for it, or name another folder with {}", claim.flag));
  }
  if (claim.shared) return;
  // The name of the holder is for messages; the lock holds without it.
  const std::string holder = fmt::format("process {} on {}", ::getpid(), host_name());
  if (::ftruncate(lock_, 0) != 0 || ::pwrite(lock_, holder.data(), holder.size(), 0) < 0) {
    log_debug(fmt::format("{}: cannot write: {}", file.string(), std::strerror(errno)));
  }
}

// With the lock held: whatever came between the first look and the lock is seen now.
void OwnedFolder::take(const FolderClaim& claim) {
  std::optional<FolderMarker> marker = require_own(path_, kind_, claim);
  if (!marker) {
    write_marker(claim);
    marker = require_own(path_, kind_, claim);  // of a shared folder maybe another process's
  }
  id_ = marker->id;
  if (!claim.shared) remove_temporary_files();
}

void OwnedFolder::write_marker(const FolderClaim& claim) {
  const std::string wanted = claim.new_id.empty() ? claim.id : claim.new_id;
  const std::string id = wanted.empty() ? random_id() : wanted;
  Json marker{{"program", "spinenet"}, {"kind", kind_.name}, {"id", id}};
  if (!claim.made_for.empty()) marker["for"] = claim.made_for;
  const std::string text = to_text(marker);
  const std::string_view part = text;
  Placement placement;
  placement.target = path_ / kMarker;
  placement.shown = path_;
  placement.replace = false;
  try {
    place_file(placement, std::span(&part, 1), *layer_);
    made_marker_ = true;
  } catch (const Error&) {
    if (claim.shared && read_marker(path_)) return;  // another process of the same id was first
    throw;
  }
}

void OwnedFolder::remove_temporary_files() const {
  std::error_code error;
  for (fs::recursive_directory_iterator at(path_, kReadable, error), end; !error && at != end; at.increment(error)) {
    if (type_of(at->path() / kMarker) != fs::file_type::not_found) at.disable_recursion_pending();  // has its own owner
    if (is_temporary_name(at->path().filename().string())) ::unlink(at->path().c_str());
  }
}

// 0 or an errno. The folders above a file are this program's own, never a link to elsewhere.
int OwnedFolder::make_folders_of(std::string_view name) const {
  fs::path folder = path_;
  for (const fs::path& part : fs::path(name).parent_path()) {
    folder /= part;
    if (::mkdir(folder.c_str(), 0777) != 0 && errno != EEXIST) return errno;
    if (type_of(folder) != fs::file_type::directory) return ENOTDIR;
  }
  return 0;
}

fs::path OwnedFolder::path_of(std::string_view name) const {
  const auto known = [&](std::string_view pattern) { return matches(pattern, name); };
  if (std::ranges::any_of(kind_.files, known) && name.find("..") == std::string_view::npos) return path_ / name;
  fail(ErrorKind::failed, fmt::format("{} is no file of {}", name, kind_.name), path_.string());
}

fs::path OwnedFolder::ready(std::string_view name) const {
  fs::path file = path_of(name);
  if (const int error = make_folders_of(name); error != 0) {
    const std::string why =
        error == ENOTDIR ? "it is a link or a file where a folder was expected" : std::strerror(error);
    fail(ErrorKind::io, fmt::format("cannot be used: {}", why), file.parent_path().string());
  }
  return file;
}

bool OwnedFolder::holds(std::string_view name) const {
  return type_of(path_ / name) != fs::file_type::not_found;
}

bool OwnedFolder::holds_foreign(std::string_view name) const {
  return holds(name) && mark_of(path_ / name) != kind_.name;
}

Output OwnedFolder::file(std::string_view name) const {
  return Output::inside_own_folder(ready(name), kind_.name, *layer_);
}

int OwnedFolder::open_log(std::string_view name) const {
  const fs::path file = ready(name);
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
  if (fd < 0) fail(ErrorKind::io, fmt::format("cannot write: {}", std::strerror(errno)), file.string());
  return fd;
}

int OwnedFolder::open_new_log(std::string_view name) const {
  const fs::path file = path_of(name);
  if (const int error = make_folders_of(name); error != 0) {
    errno = error;
    return -1;
  }
  return ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666);
}

void OwnedFolder::remove(std::string_view name) const {
  const fs::path file = path_of(name);
  if (type_of(file) == fs::file_type::directory || ::unlink(file.c_str()) == 0 || errno == ENOENT) return;
  fail(ErrorKind::io, fmt::format("cannot be removed: {}", std::strerror(errno)), file.string());
}

std::vector<std::string> OwnedFolder::files(std::string_view pattern) const {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::recursive_directory_iterator at(path_, kReadable, error), end; !error && at != end; at.increment(error)) {
    std::string name = at->path().lexically_relative(path_).string();
    if (matches(pattern, name) && type_of(at->path()) == fs::file_type::regular) names.push_back(std::move(name));
  }
  std::ranges::sort(names);
  return names;
}

bool OwnedFolder::remove_all() && {
  for (const std::string_view pattern : kind_.files) {
    for (const std::string& name : files(pattern)) ::unlink((path_ / name).c_str());
  }
  std::vector<fs::path> folders;
  std::error_code error;
  for (fs::recursive_directory_iterator at(path_, kReadable, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().lexically_relative(path_).string();
    const auto holds_files = [&](std::string_view pattern) {
      return matches(pattern.substr(0, std::min(pattern.rfind('/'), pattern.size())), name);
    };
    if (type_of(at->path()) == fs::file_type::directory && std::ranges::any_of(kind_.files, holds_files)) {
      folders.push_back(at->path());
    }
  }
  std::ranges::reverse(folders);                                   // the inner ones first
  for (const fs::path& folder : folders) ::rmdir(folder.c_str());  // not where a file is left
  remove_temporary_files();
  for (fs::directory_iterator at(path_, error), end; !error && at != end; at.increment(error)) {
    if (at->path().filename() != kMarker && at->path().filename() != kLock) return false;
  }
  if (error) return false;
  ::unlink((path_ / kMarker).c_str());
  ::unlink((path_ / kLock).c_str());
  release();
  return ::rmdir(path_.c_str()) == 0;
}

void OwnedFolder::take_back() && {
  undo();
}

}  // namespace spinenet

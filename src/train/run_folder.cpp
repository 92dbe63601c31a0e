#include "train/run_folder.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/error.h"
#include "base/files.h"
#include "base/format.h"
#include "base/log.h"

namespace spinenet::train {

RunFolder::RunFolder(std::filesystem::path path, bool resume) : path_(std::move(path)) {
  std::error_code error;
  std::filesystem::create_directories(path_, error);
  if (error || !std::filesystem::is_directory(path_)) {
    fail(ErrorKind::io, fmt::format("cannot be the folder of a run: {}", error ? error.message() : "it is a file"),
         path_.string(), "name another one with --out");
  }
  lock_.emplace(path_);
  if (!resume && std::filesystem::exists(path_ / "recipe.yaml")) {
    fail(ErrorKind::usage, "holds a run already", path_.string(),
         "go on with --resume, or name another folder with --out");
  }
  if (resume && !std::filesystem::exists(path_ / "recipe.yaml")) {
    fail(ErrorKind::usage, "holds no run to resume", path_.string(), "start it without --resume");
  }
}

RunFolder::Lock::Lock(const std::filesystem::path& folder) {
  const std::string file = (folder / "lock").string();
  fd_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd_ < 0) {
    fail(ErrorKind::io, fmt::format("cannot write: {}", std::strerror(errno)), folder.string(),
         "name another folder with --out");
  }
  if (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
    ::close(fd_);
    const std::string holder = read_file(file);
    fail(ErrorKind::io, fmt::format("is in use by {}", holder.empty() ? "another process" : holder), folder.string(),
         "wait for it, or name another folder with --out");
  }
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  const std::string holder = fmt::format("process {} on {}", ::getpid(), host.data());
  // The name of the holder is for messages; the lock holds without it.
  if (::ftruncate(fd_, 0) != 0 || ::pwrite(fd_, holder.data(), holder.size(), 0) < 0) {
    log_warning(fmt::format("{}: cannot write: {}", file, std::strerror(errno)));
  }
}

RunFolder::Lock::~Lock() {
  ::close(fd_);
}

}  // namespace spinenet::train

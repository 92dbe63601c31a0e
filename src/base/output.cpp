#include "base/output.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/format.h"
#include "base/place_file.h"

namespace spinenet {
namespace {

namespace fs = std::filesystem;

constexpr int kMostLinks = 40;  // as the kernel follows
constexpr mode_t kModeBits = 07777;

fs::path parent_of(const fs::path& path) {
  return path.parent_path().empty() ? "." : path.parent_path();
}

[[noreturn]] void cannot_write(const fs::path& shown, std::string_view why, std::string_view remedy) {
  fail(ErrorKind::io, fmt::format("cannot be written: {}", why), shown.string(), remedy);
}

// Where a name leads when every link is followed, though the last part may not exist; or a descriptor of this process.
struct Destination {
  fs::path real;
  int descriptor = -1;
};

Destination follow(const fs::path& path) {
  const fs::path own = fmt::format("/proc/{}/fd", ::getpid());
  fs::path at = path;
  for (int links = 0; links < kMostLinks; ++links) {
    std::error_code error;
    const fs::path parent = fs::canonical(parent_of(at), error);
    if (error == std::errc::no_such_file_or_directory) {
      fail(ErrorKind::io, "the folder does not exist", parent_of(path).string(), "make it first");
    }
    if (error) cannot_write(path, error.message(), "name another file");
    const std::string name = at.filename().string();
    if (name.empty() || name == "." || name == "..") cannot_write(path, "it names a folder", "name a file in it");
    if (parent == own) {
      int descriptor = -1;
      const auto [end, problem] = std::from_chars(name.data(), name.data() + name.size(), descriptor);
      if (problem == std::errc() && end == name.data() + name.size()) return {parent / name, descriptor};
    }
    if (!fs::is_symlink(parent / name, error)) return {parent / name, -1};
    const fs::path target = fs::read_symlink(parent / name, error);
    if (error) cannot_write(path, error.message(), "name another file");
    at = target.is_absolute() ? target : parent / target;
  }
  cannot_write(path, "too many links", "name another file");
}

bool is_inside(const fs::path& file, const fs::path& folder) {
  return std::mismatch(folder.begin(), folder.end(), file.begin(), file.end()).first == folder.end();
}

void write_into(int fd, std::span<const std::string_view> parts, const fs::path& shown) {
  for (const std::string_view part : parts) {
    if (const int error = system_file_layer().write(fd, part); error != 0) {
      fail(ErrorKind::io, fmt::format("cannot write: {}", std::strerror(error)), shown.string());
    }
  }
}

// What a name that is no regular file stands for must take bytes.
void require_sink(const struct stat& is, const fs::path& real, const fs::path& shown) {
  if (S_ISDIR(is.st_mode)) cannot_write(shown, "it is a folder", "name a file in it");
  if (S_ISBLK(is.st_mode)) cannot_write(shown, "it is a whole disk", "name a file");
  if (S_ISSOCK(is.st_mode)) cannot_write(shown, "it is a socket", "name a file");
  if (::faccessat(AT_FDCWD, real.c_str(), W_OK, AT_EACCESS) != 0) {
    cannot_write(shown, std::strerror(errno), "name another file");
  }
}

}  // namespace

Output Output::inside_own_folder(fs::path file, std::string_view mark, const FileLayer& layer) {
  Placement placement;
  placement.target = placement.shown = file;
  placement.mark = mark;
  Output output;
  output.path_ = std::move(file);
  output.file_ = std::make_shared<const Placement>(std::move(placement));
  output.layer_ = &layer;
  return output;
}

void Output::write(std::span<const std::string_view> parts) const {
  if (file_) return place_file(*file_, parts, *layer_);
  if (descriptor_ >= 0) return write_into(descriptor_, parts, path_);
  const int fd = ::open(path_.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY);
  if (fd < 0) cannot_write(path_, std::strerror(errno), "");
  try {
    write_into(fd, parts, path_);
  } catch (...) {
    ::close(fd);
    throw;
  }
  ::close(fd);
}

void RunFiles::add_input(const fs::path& path, std::string_view what) {
  struct stat is {};
  if (path.empty() || ::stat(path.c_str(), &is) != 0) return;
  std::error_code error;
  Input input{{is.st_dev, is.st_ino}, std::string(what), fs::canonical(path, error)};
  if (error) return;
  (S_ISDIR(is.st_mode) ? folders_ : inputs_).push_back(std::move(input));
}

void RunFiles::refuse_input(const struct stat& is, const fs::path& shown) const {
  const Identity identity{is.st_dev, is.st_ino};
  const auto found = std::ranges::find(inputs_, identity, &Input::identity);
  if (found == inputs_.end()) return;
  fail(ErrorKind::usage, fmt::format("is {} that this command reads", found->what), shown.string(),
       "name another file to write");
}

void RunFiles::refuse_inside_input(const fs::path& file, const fs::path& shown) const {
  for (const Input& folder : folders_) {
    if (!is_inside(file, folder.path)) continue;
    fail(ErrorKind::usage, fmt::format("lies in {}, which this command reads", folder.what), shown.string(),
         "name another file to write");
  }
}

void RunFiles::refuse_twice(const fs::path& real, const OutputRequest& request) {
  if (std::ranges::find(outputs_, real) != outputs_.end()) {
    fail(ErrorKind::usage, "is named as two outputs", request.path.string(), "give each a file of its own");
  }
  outputs_.push_back(real);
}

Output RunFiles::into_file(const OutputRequest& request, const fs::path& real) const {
  Placement placement;
  placement.target = real;
  placement.shown = request.path;
  placement.mark = request.made_by;
  struct stat is {};
  placement.replace = ::lstat(real.c_str(), &is) == 0;
  if (placement.replace) {
    refuse_input(is, request.path);
    const bool own = is.st_size == 0 || mark_of(real) == request.made_by;
    if (!own) {
      if (!request.overwrite) {
        fail(ErrorKind::usage, "is there already, and this command did not make it as it is", request.path.string(),
             "name another file, or add --overwrite to replace it");
      }
      refuse_inside_input(real, request.path);
    }
    if (::faccessat(AT_FDCWD, real.c_str(), W_OK, AT_EACCESS) != 0) {
      cannot_write(request.path, std::strerror(errno), "name another file");
    }
    placement.known = state_of(real);
    placement.mode = is.st_mode & kModeBits;
    placement.owner = FileOwner{is.st_uid, is.st_gid};
  } else if (errno != ENOENT) {
    cannot_write(request.path, std::strerror(errno), "name another file");
  }
  require_room(real.parent_path(), request.path);
  Output output;
  output.path_ = request.path;
  output.file_ = std::make_shared<const Placement>(std::move(placement));
  output.layer_ = &system_file_layer();
  return output;
}

Output RunFiles::output(const OutputRequest& request) {
  std::error_code ignored;  // what is then still missing is told below
  if (request.make_folders) fs::create_directories(parent_of(request.path), ignored);
  const Destination destination = follow(request.path);
  Output output;
  output.path_ = request.path;
  output.layer_ = &system_file_layer();
  struct stat is {};
  if (destination.descriptor >= 0) {
    const int flags = ::fcntl(destination.descriptor, F_GETFL);
    if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY || ::fstat(destination.descriptor, &is) != 0) {
      cannot_write(request.path, "it is not open for writing", "name another file");
    }
    refuse_input(is, request.path);
    output.descriptor_ = destination.descriptor;
    return output;
  }
  if (::stat(destination.real.c_str(), &is) == 0 && !S_ISREG(is.st_mode)) {
    require_sink(is, destination.real, request.path);
    refuse_input(is, request.path);
    return output;
  }
  refuse_twice(destination.real, request);
  return into_file(request, destination.real);
}

}  // namespace spinenet

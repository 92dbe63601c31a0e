// How a whole file comes into its place: it is written under no name at all (or, where the file system cannot, under a
// random one), synced, and only then named, so a reader sees the old content or the new, never a part, and a process
// that is killed while it writes leaves nothing behind.
//
// base/output.h and base/owned_folder.h decide what may be written; nothing else includes this header
// (scripts/check_writes).
// Thread contract: pure functions but for the files; several processes may write into one folder.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <sys/types.h>

#include "base/files.h"

namespace spinenet {

struct FileOwner {
  uid_t user = 0;
  gid_t group = 0;
};

// What tells one content of a file from another without reading it.
struct FileState {
  dev_t device = 0;
  ino_t number = 0;
  off_t size = 0;
  int64_t seconds = 0, nanoseconds = 0;  // of the last change of its content
  bool operator==(const FileState&) const = default;
};
std::optional<FileState> state_of(const std::filesystem::path& file);

struct Placement {
  std::filesystem::path target;    // in a folder that exists; the entry itself is replaced, a link is not followed
  bool replace = true;             // else ErrorKind::io where the target exists by then
  std::optional<mode_t> mode;      // by default what the process's mask leaves of 0666
  std::optional<FileOwner> owner;  // kept where the process may
  std::optional<FileState> known;  // what is replaced; ErrorKind::io where it is another by then
  std::string mark;                // what made the file (mark_of); "": none
  std::filesystem::path shown;     // the target as the user named it, for messages
};

// ErrorKind::io with the path and the system's reason; what was there before is then untouched.
void place_file(const Placement& placement, std::span<const std::string_view> parts, const FileLayer& layer);

// ErrorKind::io unless the folder takes a file of one block now; leaves nothing.
void require_room(const std::filesystem::path& folder, const std::filesystem::path& shown);

// A file remembers, in an extended attribute, that this program made it, as what, and how it left it. "" where the file
// has no mark or is not as it was left: moved, copied or changed since.
std::string mark_of(const std::filesystem::path& file);

// Of a file that was being written where the file system has no unnamed ones.
bool is_temporary_name(std::string_view name);

}  // namespace spinenet

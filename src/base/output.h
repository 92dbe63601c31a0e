// What a run reads, and the files that its user named for it to write.
//
// An output is a value that is made before any work begins and refused then: where it is a file that the run reads
// (under any name: a link, another spelling), a file that this program did not make, a second output of the same name,
// or a place that cannot be written. A file is written whole or not at all, with the mode it had; into a device, a pipe
// or an open descriptor (/dev/stdout) the bytes are written as they are.
//
// Thread contract: RunFiles belongs to one thread; a const Output may be used by any.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <sys/stat.h>
#include <sys/types.h>

#include "base/files.h"

namespace spinenet {

struct Placement;

class Output {
 public:
  // A file that may be replaced, for what owns the folder that it lies in (base/owned_folder.h).
  static Output inside_own_folder(std::filesystem::path file, std::string_view mark, const FileLayer& layer);

  // As the user named it.
  const std::filesystem::path& path() const { return path_; }
  // The whole content. ErrorKind::io with the path and the system's reason; what was there before is then untouched.
  void write(std::span<const std::string_view> parts) const;
  void write(std::string_view content) const { write(std::span(&content, 1)); }

 private:
  friend class RunFiles;
  Output() = default;

  std::filesystem::path path_;
  std::shared_ptr<const Placement> file_;  // none: bytes go into what exists
  int descriptor_ = -1;                    // of this process; or -1, and the path is opened
  const FileLayer* layer_ = nullptr;
};

struct OutputRequest {
  std::filesystem::path path;
  std::string made_by;        // the command and its flag, "export --onnx": what it made itself it may replace
  bool overwrite = false;     // replace also what others made
  bool make_folders = false;  // those above it that are missing
};

class RunFiles {
 public:
  // A file, or a folder whose files are read. What is not there is passed over: who reads it will say so.
  void add_input(const std::filesystem::path& path, std::string_view what);
  // ErrorKind::usage for what must not be written over, ErrorKind::io for what cannot be written.
  Output output(const OutputRequest& request);

 private:
  struct Identity {
    dev_t device = 0;
    ino_t number = 0;
    bool operator==(const Identity&) const = default;
  };
  struct Input {
    Identity identity;
    std::string what;
    std::filesystem::path path;
  };

  void refuse_input(const struct stat& is, const std::filesystem::path& shown) const;
  void refuse_inside_input(const std::filesystem::path& file, const std::filesystem::path& shown) const;
  void refuse_twice(const std::filesystem::path& real, const OutputRequest& request);
  Output into_file(const OutputRequest& request, const std::filesystem::path& real) const;

  std::vector<Input> inputs_, folders_;
  std::vector<std::filesystem::path> outputs_;
};

}  // namespace spinenet

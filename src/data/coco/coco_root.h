// A folder that image names are resolved in. What comes out is a path inside the folder: no absolute names, no "..", no
// link that leads out of it (the folder itself may be a link).
//
// Thread contract: resolve may be called from several threads.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace spinenet::data {

// What a path leads to where it is there and no regular file, as in "named pipe"; "" else.
std::string_view other_than_file(std::filesystem::file_type type);

class ImageRoot {
 public:
  // ErrorKind::io when there is no such folder.
  explicit ImageRoot(const std::filesystem::path& folder);

  // "" when the name is safe, else why not, as in "leads out of the image folder".
  std::string objection(std::string_view name) const;
  // ErrorKind::bad_data when there is an objection, and for what is there and is no regular file (a pipe, a device, a
  // folder), which could be waited for without end. The file need not exist.
  std::filesystem::path resolve(std::string_view name) const;
  // Where the file would be, without any check.
  std::filesystem::path resolve_unseen(std::string_view name) const { return folder_ / name; }

 private:
  std::filesystem::path folder_;     // as given, for messages
  std::filesystem::path canonical_;  // without links
};

}  // namespace spinenet::data

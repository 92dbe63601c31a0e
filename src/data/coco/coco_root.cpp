#include "data/coco/coco_root.h"

#include <algorithm>

#include "base/absence.h"
#include "base/error.h"
#include "base/format.h"
#include "base/printable.h"
#include "data/coco/coco_rules.h"

namespace spinenet::data {

std::string_view other_than_file(std::filesystem::file_type type) {
  using enum std::filesystem::file_type;
  switch (type) {
    case fifo:
      return "named pipe";
    case socket:
      return "socket";
    case block:
    case character:
      return "device";
    case directory:
      return "folder";
    default:
      return "";
  }
}

ImageRoot::ImageRoot(const std::filesystem::path& folder) : folder_(folder) {
  std::error_code error;
  canonical_ = std::filesystem::canonical(folder, error);
  if (error || !std::filesystem::is_directory(canonical_, error)) {
    fail(ErrorKind::io, why_not_there(folder, "no such image folder"), folder.string(),
         "name the folder that file_name is relative to");
  }
}

std::string ImageRoot::objection(std::string_view name) const {
  const std::string reason = unsafe_file_name_reason(name);
  if (!reason.empty()) return reason;
  std::error_code error;
  const std::filesystem::path target = std::filesystem::weakly_canonical(canonical_ / name, error);
  if (error == std::errc::permission_denied) return "";  // which is no fault of the name; reading it says so
  if (error) return "cannot be followed: " + error.message();
  const auto [root_end, ignored] = std::mismatch(canonical_.begin(), canonical_.end(), target.begin(), target.end());
  return root_end == canonical_.end() ? "" : "leads out of the image folder";
}

std::filesystem::path ImageRoot::resolve(std::string_view name) const {
  const std::string reason = objection(name);
  if (!reason.empty()) {
    fail(ErrorKind::bad_data, fmt::format("the file name \"{}\" {}", printable(name), reason), folder_.string(),
         "name files relative to the image folder, inside it");
  }
  std::error_code unknown;
  const std::filesystem::path path = folder_ / name;
  const std::string_view kind = other_than_file(std::filesystem::status(path, unknown).type());
  if (!kind.empty()) {
    fail(ErrorKind::bad_data, fmt::format("is a {}; images are regular files", kind), printable(path.string()),
         "put the image itself there");
  }
  return path;
}

}  // namespace spinenet::data

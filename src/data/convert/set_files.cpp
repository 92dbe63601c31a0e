#include "data/convert/set_files.h"

#include <algorithm>

#include "base/format.h"
#include "base/printable.h"
#include "image/image_folder.h"

namespace spinenet::data {
namespace {

namespace fs = std::filesystem;

void collect_below(const fs::path& folder, std::vector<fs::path>& files, SetReading& reading) {
  for (const fs::path& entry : image::entries_of(folder)) {
    std::error_code error;
    const bool link = fs::is_symlink(fs::symlink_status(entry, error));
    if (!fs::is_directory(fs::status(entry, error))) {
      files.push_back(entry);
    } else if (link) {
      reading.leave_out("links to folders, which are not followed", printable(entry.string()));
    } else {
      collect_below(entry, files, reading);
    }
  }
}

}  // namespace

std::vector<fs::path> files_below(const fs::path& folder, SetReading& reading) {
  std::vector<fs::path> files;
  reading.add_folder(folder);
  collect_below(folder, files, reading);
  std::sort(files.begin(), files.end());
  return files;
}

bool is_image_of_set(const fs::path& file, SetReading& reading) {
  const std::string reason = image::why_no_image(file);
  if (reason.empty()) return true;
  reading.leave_out(fmt::format("files among the images that are not read: {}", reason), printable(file.string()));
  return false;
}

}  // namespace spinenet::data

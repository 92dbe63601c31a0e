#include "data/convert/set_files.h"

#include <algorithm>

#include "base/format.h"
#include "base/printable.h"
#include "data/convert/set_text.h"
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

bool has_suffix(const fs::path& file, std::string_view suffix) {
  return !image::is_hidden(file) && lower_case(file.extension().string()) == suffix;
}

const NamesInOtherLetters::Names& NamesInOtherLetters::names_in(const fs::path& folder) {
  const auto [found, first] = folders_.try_emplace(folder);
  if (!first) return found->second;
  std::error_code error;
  std::vector<fs::path> entries;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    entries.push_back(at->path());
  }
  std::sort(entries.begin(), entries.end());
  for (const fs::path& entry : entries) found->second.emplace(lower_case(entry.filename().string()), entry);
  return found->second;
}

std::vector<fs::path> NamesInOtherLetters::near(const fs::path& wanted) {
  const fs::path folder = wanted.parent_path();
  if (folder == wanted) return {};
  std::error_code error;
  std::vector<fs::path> folders{folder};
  if (!fs::is_directory(folder, error)) folders = near(folder);
  std::vector<fs::path> found;
  for (const fs::path& each : folders) {
    const Names& names = names_in(each);
    const auto [begin, end] = names.equal_range(lower_case(wanted.filename().string()));
    for (auto at = begin; at != end; ++at) found.push_back(at->second);
  }
  return found;
}

}  // namespace spinenet::data

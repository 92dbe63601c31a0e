// read_image_folder: classes as folders.
#include <algorithm>
#include <array>
#include <cctype>
#include <string>

#include "base/error.h"
#include "base/format.h"
#include "base/printable.h"
#include "base/yaml.h"
#include "data/classes/class_set.h"
#include "data/coco/coco_root.h"

namespace spinenet::data {
namespace {

namespace fs = std::filesystem;

bool is_hidden(const fs::path& path) {
  return path.filename().string().starts_with('.');
}

bool looks_like_image(const fs::path& path) {
  constexpr std::array<std::string_view, 3> kEndings{".jpg", ".jpeg", ".png"};
  std::string ending = path.extension().string();
  std::ranges::transform(ending, ending.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::ranges::find(kEndings, ending) != kEndings.end();
}

std::vector<fs::path> sorted_entries(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (!is_hidden(entry.path())) found.push_back(entry.path());
  }
  if (error) fail(ErrorKind::io, fmt::format("cannot read the folder: {}", error.message()), folder.string());
  std::ranges::sort(found);
  return found;
}

// Images below one class's folder, as names relative to the root.
class Collector {
 public:
  Collector(const fs::path& root, std::vector<std::string>& names) : root_(root), inside_(root), names_(names) {}

  void collect(const fs::path& folder) {
    for (const fs::path& path : sorted_entries(folder)) {
      std::error_code unreadable;  // such as a link to itself
      const bool folder_there = fs::is_directory(path, unreadable);
      if (fs::is_symlink(path)) check_link(path, folder_there);
      if (folder_there) {
        collect(path);
      } else if (looks_like_image(path)) {
        check_kind(path);
        names_.push_back(path.lexically_relative(root_).string());
      }
    }
  }

 private:
  // What is no file, such as a named pipe, would be waited for.
  static void check_kind(const fs::path& path) {
    std::error_code unreadable;
    const std::string_view kind = other_than_file(fs::status(path, unreadable).type());
    if (kind.empty()) return;
    fail(ErrorKind::bad_data, fmt::format("is a {}; images are regular files", kind), printable(path.string()),
         "put the image itself there, or remove it");
  }

  void check_link(const fs::path& path, bool leads_to_folder) const {
    const std::string remedy = "put the image itself there, or remove the link";
    if (leads_to_folder)
      fail(ErrorKind::bad_data, "is a link to a folder, which is not followed", printable(path.string()), remedy);
    std::error_code unreadable;
    if (!fs::exists(path, unreadable))
      fail(ErrorKind::bad_data, "is a link that leads nowhere", printable(path.string()), remedy);
    const std::string objection = inside_.objection(path.lexically_relative(root_).string());
    if (!objection.empty()) fail(ErrorKind::bad_data, objection, printable(path.string()), remedy);
  }

  const fs::path& root_;
  ImageRoot inside_;
  std::vector<std::string>& names_;
};

}  // namespace

ClassSet read_image_folder(const fs::path& root) {
  if (!fs::is_directory(root)) {
    fail(ErrorKind::io, "no such folder of classes", root.string(),
         "name the folder that has a subfolder for each class");
  }
  ClassSet set;
  for (const fs::path& folder : sorted_entries(root)) {
    std::error_code unreadable;
    if (!fs::is_directory(folder, unreadable)) continue;
    const std::string name = folder.filename().string();
    if (!is_utf8(name)) {
      fail(ErrorKind::bad_data, fmt::format("the name of the class folder \"{}\" is not UTF-8", printable(name)),
           printable(root.string()), "rename the folder: its name is written into models");
    }
    std::vector<std::string> names;
    Collector(root, names).collect(folder);
    if (names.empty()) {
      fail(ErrorKind::bad_data, fmt::format("the class \"{}\" has no image", printable(name)),
           printable(folder.string()), "put JPEG or PNG files there, or remove the folder");
    }
    const int label = static_cast<int>(set.classes.size());
    set.classes.push_back({label, name, ""});
    for (std::string& file : names) {
      set.images.push_back({static_cast<int64_t>(set.images.size()) + 1, std::move(file), label});
    }
  }
  if (set.classes.empty()) {
    fail(ErrorKind::bad_data, "holds no class: it has no subfolder", root.string(),
         "name the folder that has a subfolder for each class");
  }
  return set;
}

}  // namespace spinenet::data

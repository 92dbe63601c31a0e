// read_image_folder: classes as folders.
#include "image/image_folder.h"

#include <string>

#include "base/absence.h"
#include "base/error.h"
#include "base/format.h"
#include "base/printable.h"
#include "base/yaml.h"
#include "data/classes/class_set.h"
#include "data/coco/coco_root.h"

namespace spinenet::data {
namespace {

namespace fs = std::filesystem;

// Images below the folders of classes, as names relative to the root.
class Collector {
 public:
  explicit Collector(const fs::path& root) : root_(root), inside_(root) {}

  // Those of one class.
  std::vector<std::string> collect(const fs::path& folder) {
    std::vector<std::string> names;
    add_folder(folder, names);
    return names;
  }
  // What lies beside the folders of classes.
  void pass_over(const fs::path& path) {
    passed_over_.add(image::is_hidden(path) ? "hidden" : "outside the folders of the classes", path);
  }
  const image::PassedOver& passed_over() const { return passed_over_; }

 private:
  void add_folder(const fs::path& folder, std::vector<std::string>& names) {
    for (const fs::path& path : image::entries_of(folder)) {
      if (image::is_hidden(path)) {
        passed_over_.add("hidden", path);
        continue;
      }
      std::error_code unreadable;  // such as a link to itself
      const bool folder_there = fs::is_directory(path, unreadable);
      if (fs::is_symlink(path)) check_link(path, folder_there);
      folder_there ? add_folder(path, names) : add_file(path, names);
    }
  }

  void add_file(const fs::path& path, std::vector<std::string>& names) {
    const std::string reason = image::why_no_image(path);
    if (!reason.empty()) return passed_over_.add(reason, path);
    names.push_back(path.lexically_relative(root_).string());
  }

  void check_link(const fs::path& path, bool leads_to_folder) const {
    const std::string remedy = "put the image itself there, or remove the link";
    if (leads_to_folder)
      fail(ErrorKind::bad_data, "is a link to a folder, which is not followed", printable(path.string()), remedy);
    std::error_code unreadable;
    if (!fs::exists(path, unreadable)) return;  // leads nowhere: passed over as no regular file
    const std::string objection = inside_.objection(path.lexically_relative(root_).string());
    if (!objection.empty()) fail(ErrorKind::bad_data, objection, printable(path.string()), remedy);
  }

  const fs::path& root_;
  ImageRoot inside_;
  image::PassedOver passed_over_;
};

}  // namespace

ClassSet read_image_folder(const fs::path& root) {
  std::error_code unknown;
  if (!fs::is_directory(root, unknown)) {
    fail(ErrorKind::io, why_not_there(root, "no such folder of classes"), root.string(),
         "name the folder that has a subfolder for each class");
  }
  ClassSet set;
  Collector collector(root);
  for (const fs::path& folder : image::entries_of(root)) {
    std::error_code unreadable;
    if (image::is_hidden(folder) || !fs::is_directory(folder, unreadable)) {
      collector.pass_over(folder);
      continue;
    }
    const std::string name = folder.filename().string();
    if (!is_utf8(name)) {
      fail(ErrorKind::bad_data, fmt::format("the name of the class folder \"{}\" is not UTF-8", printable(name)),
           printable(root.string()), "rename the folder: its name is written into models");
    }
    const std::vector<std::string> names = collector.collect(folder);
    if (names.empty()) {
      const image::PassedOver& passed_over = collector.passed_over();
      fail(ErrorKind::bad_data,
           fmt::format("the class \"{}\" has no image{}", printable(name),
                       passed_over.empty() ? "" : "; up to here " + passed_over.text()),
           printable(folder.string()), "put JPEG, PNG, WebP, TIFF or BMP files there, or remove the folder");
    }
    const int label = static_cast<int>(set.classes.size());
    set.classes.push_back({label, name, ""});
    for (const std::string& file : names) {
      set.images.push_back({static_cast<int64_t>(set.images.size()) + 1, file, label});
    }
  }
  if (set.classes.empty()) {
    fail(ErrorKind::bad_data, "holds no class: it has no subfolder", root.string(),
         "name the folder that has a subfolder for each class");
  }
  collector.passed_over().log(root.string(), static_cast<int64_t>(set.images.size()));
  return set;
}

}  // namespace spinenet::data

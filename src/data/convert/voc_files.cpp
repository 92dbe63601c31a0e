#include "data/convert/voc_files.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/format.h"
#include "base/printable.h"
#include "data/convert/set_files.h"
#include "data/convert/set_text.h"
#include "image/image_folder.h"

namespace spinenet::data {
namespace {

namespace fs = std::filesystem;

// They hold what macOS knows of a file beside them, on disks that cannot keep it otherwise.
bool is_of_macos(std::string_view name) {
  return name.starts_with("._");
}

std::string stem_below(const fs::path& file, const fs::path& folder) {
  return without_suffix(file.lexically_relative(folder).generic_string());
}

class VocLists {
 public:
  VocLists(const VocFolders& folders, SetReading& reading) : folders_(folders), reading_(reading) {
    for (const fs::path& file : files_below(folders.annotations, reading)) {
      if (lower_case(file.extension().string()) == ".xml") add_xml(file);
    }
    if (folders.images.empty()) return;
    const std::vector<fs::path> files = folders.images == folders.annotations ? files_below_again(folders.images)
                                                                              : files_below(folders.images, reading);
    for (const fs::path& file : files) {
      const bool other = has_suffix(file, ".xml") || has_suffix(file, ".txt");
      if (other || !is_image_of_set(file, reading)) continue;
      images_[stem_below(file, folders.images)].push_back(file.lexically_relative(folders.images).generic_string());
    }
  }

  std::vector<VocFile> files() {
    read_lists();
    for (const auto& [stem, xml] : xml_) {
      if (!parts_.contains(stem)) files_.push_back({stem, SetPart::all, xml, images_of(stem)});
    }
    for (const auto& [stem, names] : images_) {
      if (!xml_.contains(stem) && !parts_.contains(stem)) add_without_xml(stem, SetPart::all);
    }
    return std::move(files_);
  }

 private:
  void add_xml(const fs::path& file) {
    if (is_of_macos(file.filename().string())) {
      reading_.leave_out("files of macOS whose names begin with ._, which are not read", printable(file.string()));
      return;
    }
    const std::string stem = stem_below(file, folders_.annotations);
    const auto [known, first] = xml_.emplace(stem, file);
    xml_in_small_letters_.emplace(lower_case(stem), stem);
    if (!first) {
      fail(ErrorKind::bad_data,
           fmt::format("has the same name as {} but for the letters of its suffix",
                       printable(known->second.filename().string())),
           printable(file.string()), "keep the one that is meant");
    }
    if (file.extension() == ".xml") return;
    reading_.leave_out("note: XML files whose suffix has capital letters, which are read", printable(file.string()));
  }

  // Without what files_below() counts: it has counted it.
  static std::vector<fs::path> files_below_again(const fs::path& folder) {
    SetReading uncounted({});
    return files_below(folder, uncounted);
  }

  std::vector<std::string> images_of(const std::string& stem) const {
    const auto found = images_.find(stem);
    return found == images_.end() ? std::vector<std::string>() : found->second;
  }

  void add_without_xml(const std::string& stem, SetPart part) {
    const std::vector<std::string> names = images_of(stem);
    refuse_near_xml(stem);
    reading_.leave_out("XML files that are not there: their images are taken to have no objects",
                       printable((folders_.images / names.front()).string()));
    files_.push_back({stem, part, {}, names});
  }

  // Some systems take A.xml for that of the image a.jpg.
  void refuse_near_xml(const std::string& stem) const {
    const auto near = xml_in_small_letters_.find(lower_case(stem));
    if (near == xml_in_small_letters_.end() || images_.contains(near->second)) return;
    fail(ErrorKind::bad_data,
         fmt::format("there is no XML file {}.xml for the image, but {}.xml", printable(stem), printable(near->second)),
         printable((folders_.images / images_of(stem).front()).string()), "name both alike, in the same letters");
  }

  // train, val, test; then trainval, whose names they repeat; then those of a set which is not divided.
  void read_lists() {
    const fs::path folder = folders_.source / "ImageSets" / "Main";
    std::error_code error;
    if (!fs::is_directory(folder, error)) return;
    std::map<SetPart, std::vector<fs::path>> lists;
    std::vector<fs::path> joint;
    for (const fs::path& file : image::entries_of(folder)) {
      if (!has_suffix(file, ".txt")) continue;
      const std::string name = file.stem().string();
      if (const std::optional<SetPart> part = part_named(name)) {
        lists[*part].push_back(file);
      } else if (lower_case(name) == "trainval") {
        joint.push_back(file);
      } else if (!is_list_of_class(folder, name)) {
        reading_.leave_out("lists of ImageSets/Main that are of no part", printable(file.string()));
      }
    }
    for (const SetPart part : {SetPart::train, SetPart::val, SetPart::test}) {
      for (const fs::path& list : lists[part]) read_list(list, part, false);
    }
    for (const fs::path& list : joint) read_list(list, SetPart::train, true);
    for (const fs::path& list : lists[SetPart::all]) read_list(list, SetPart::all, true);
  }

  // CLASS_train.txt says which images of train.txt have the class: so do the XML files.
  static bool is_list_of_class(const fs::path& folder, const std::string& name) {
    const size_t line = name.rfind('_');
    if (line == std::string::npos) return false;
    std::error_code error;
    return fs::is_regular_file(folder / (name.substr(line + 1) + ".txt"), error);
  }

  void read_list(const fs::path& list, SetPart part, bool repeats) {
    const std::string text = reading_.text_of(list);
    for (const std::string_view line : lines_of(text)) {
      if (trimmed(line).empty()) continue;
      const std::string stem = listed_name(line);
      const auto [known, first] = parts_.try_emplace(stem, part);
      if (!first) {
        if (!repeats) count_again(known->second == part, list, stem);
        continue;
      }
      if (repeats && part == SetPart::train) {
        reading_.leave_out("note: images of trainval.txt that no other list names, and are taken to train on",
                           printable(stem));
      }
      add_listed(list, stem, part);
    }
  }

  void count_again(bool same_part, const fs::path& list, const std::string& stem) {
    reading_.leave_out(same_part ? "images that are listed again in their part"
                                 : "images that are listed in another part again: they belong to the first of train, "
                                   "val, test",
                       fmt::format("{}, {}", printable(list.string()), printable(stem)));
  }

  void add_listed(const fs::path& list, const std::string& stem, SetPart part) {
    if (const auto xml = xml_.find(stem); xml != xml_.end()) {
      files_.push_back({stem, part, xml->second, images_of(stem)});
    } else if (images_.contains(stem)) {
      add_without_xml(stem, part);
    } else {
      fail(ErrorKind::bad_data,
           fmt::format("there is neither {}.xml in Annotations nor an image of that name{}", printable(stem),
                       in_other_letters(stem)),
           printable(list.string()),
           folders_.images.empty() ? "put it there, name the folder of the images with --images, or take the name from "
                                     "the list"
                                   : "put it there, or take the name from the list");
    }
  }

  std::string in_other_letters(const std::string& stem) const {
    const auto near = xml_in_small_letters_.find(lower_case(stem));
    return near == xml_in_small_letters_.end() ? "" : fmt::format(", but {}.xml", printable(near->second));
  }

  bool is_there(std::string_view name) const {
    return xml_.contains(std::string(name)) || images_.contains(std::string(name));
  }

  // NAME of a line, which may be in quotes, or be followed by -1, 0 or 1 as in the lists of one class.
  std::string listed_name(std::string_view line) const {
    if (is_there(line)) return std::string(line);
    line = trimmed(line);
    if (line.size() > 1 && line.starts_with('"') && line.ends_with('"'))
      return std::string(line.substr(1, line.size() - 2));
    const size_t space = line.rfind(' ');
    if (space != std::string_view::npos && is_there(trimmed(line.substr(0, space))))
      return std::string(trimmed(line.substr(0, space)));
    return std::string(line);
  }

  const VocFolders& folders_;
  SetReading& reading_;
  std::map<std::string, fs::path> xml_;  // by stem
  std::map<std::string, std::string> xml_in_small_letters_;
  std::map<std::string, std::vector<std::string>> images_;  // names by stem
  std::map<std::string, SetPart> parts_;                    // of the stems that lists name
  std::vector<VocFile> files_;
};

// The first of the names that is a folder; else nothing.
fs::path folder_named(const fs::path& source, std::initializer_list<const char*> names) {
  std::error_code error;
  for (const char* name : names) {
    if (fs::is_directory(source / name, error)) return source / name;
  }
  return {};
}

}  // namespace

VocFolders voc_folders(const fs::path& source, const ReadSetOptions& options) {
  std::error_code error;
  if (!fs::is_directory(source, error)) {
    fail(ErrorKind::io, "is no folder", source.string(), "name the folder that holds Annotations and JPEGImages");
  }
  VocFolders folders{source, folder_named(source, {"Annotations", "annotations"}), options.images};
  const bool flat = folders.annotations.empty();
  if (flat) folders.annotations = source;
  if (folders.images.empty()) folders.images = folder_named(source, {"JPEGImages", "images"});
  if (folders.images.empty() && flat) folders.images = source;
  return folders;
}

std::vector<VocFile> voc_files(const VocFolders& folders, SetReading& reading) {
  return VocLists(folders, reading).files();
}

}  // namespace spinenet::data

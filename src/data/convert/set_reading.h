// What the readers of all formats share: a set that grows, with categories by name, sizes from the images' headers and
// what was left out; and what was read for it, so that no output takes its place.
//
// Thread contract: a SetReading belongs to one thread.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "data/convert/labelled_set.h"

namespace spinenet::data {

struct ReadSetOptions {
  std::filesystem::path images;      // the folder that names are relative to; empty: what the format says
  std::vector<std::string> classes;  // the names of all categories, in order; empty: what the format says
  bool zero_based = false;           // the corners of Pascal VOC are counted from 0, the lower right one exclusive
};

struct ReadSet {
  LabelledSet set;
  Tally left_out;
  std::map<std::string, std::string> first_places;  // of what was left out, where a place is known
  std::vector<std::filesystem::path> files;         // all that were read, images included
  std::vector<std::filesystem::path> folders;       // in which files were looked for, at any depth
};

class SetReading {
 public:
  explicit SetReading(ReadSetOptions options);

  const ReadSetOptions& options() const { return options_; }
  // The text of a file as read_set_file gives it. Readers read through this alone: what it read is known then.
  std::string text_of(const std::filesystem::path& file);
  void add_file(const std::filesystem::path& file) { files_.push_back(file); }
  void add_folder(const std::filesystem::path& folder) { folders_.push_back(folder); }

  // The position of a category, which is added unless the user gave the list. ErrorKind::bad_data for an empty name
  // and for one that is not in the user's list.
  size_t category(std::string_view name, std::string_view place);
  // As the source lists them; the user's list goes before.
  void list_category(std::string_view name, std::string_view place);
  // As part_named(). A text that names none is counted, and its images are of no part.
  SetPart part(std::string_view text, std::string_view place);

  // Adds an image whose size the source may not say (0): it is read from the image. A stated size other than that of
  // the image at hand stays, because the labels go with it, and is counted. ErrorKind::bad_data for a name that leads
  // out of its folder, is not UTF-8 or has another image already, and for an image without size and file.
  SetImage& add_image(SetImage image, std::string_view place);
  // False where the box has no area: the object is left out and counted. ErrorKind::bad_data for coordinates beyond any
  // image.
  bool add_object(SetImage& image, SetObject object, std::string_view place);
  void leave_out(const std::string& what, std::string_view place = {}, int64_t count = 1);

  LabelledSet& set() { return set_; }
  const Tally& left_out() const { return left_out_; }
  ReadSet take();

 private:
  void refuse_name(const SetImage& image, std::string_view place);
  void shorten_name(SetImage& image, std::string_view place);
  void read_missing_size(SetImage& image, std::string_view place) const;
  void compare_size(const SetImage& image, std::string_view place);

  ReadSetOptions options_;
  LabelledSet set_;
  std::unordered_map<std::string, size_t> by_name_;
  std::unordered_map<std::string, std::string> image_places_;  // by name
  Tally left_out_;
  std::map<std::string, std::string> first_places_;
  std::vector<std::filesystem::path> files_, folders_;
};

// ErrorKind::usage where the user gives the classes of a format that has a list of its own.
void refuse_class_list(const ReadSetOptions& options, std::string_view list);

}  // namespace spinenet::data

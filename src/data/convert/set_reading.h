// What the readers of all formats share: a set that grows, with categories by name, sizes from the images' headers and
// what was left out.
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

class SetReading {
 public:
  explicit SetReading(ReadSetOptions options);

  const ReadSetOptions& options() const { return options_; }
  // The position of a category, which is added unless the user gave the list. ErrorKind::bad_data for an empty name
  // and for one that is not in the user's list.
  size_t category(std::string_view name, std::string_view place);
  // As the source lists them; the user's list goes before.
  void list_category(std::string_view name, std::string_view place);

  // Adds an image whose size the source may not say (0): it is read from the image. ErrorKind::bad_data for a name that
  // leads out of its folder, and for an image without size and file.
  SetImage& add_image(SetImage image, std::string_view place);
  // Left out and counted where the box has no area. ErrorKind::bad_data for coordinates beyond any image.
  void add_object(SetImage& image, SetObject object, std::string_view place);
  void leave_out(const std::string& what, int64_t count = 1) { left_out_[what] += count; }

  LabelledSet& set() { return set_; }
  const Tally& left_out() const { return left_out_; }

 private:
  ReadSetOptions options_;
  LabelledSet set_;
  std::unordered_map<std::string, size_t> by_name_;
  Tally left_out_;
};

struct ReadSet {
  LabelledSet set;
  Tally left_out;
};

}  // namespace spinenet::data

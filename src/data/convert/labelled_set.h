// A data set as any of the formats says it: images with their objects, and the list of categories. What `data convert`
// reads into and writes from.
//
// Invariant: an object's category is a position in `categories`; its box has x1 < x2 and y1 < y2 and is in pixels of
// the image, whatever the format counts in. Thread contract: plain values.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/enum_names.h"
#include "detect/annotations.h"

namespace spinenet::data {

enum class SetFormat { coco, yolo, voc, labelstudio, cvat, csv };
constexpr auto names(SetFormat) {
  using enum SetFormat;
  return named<SetFormat>(
      {{coco, "coco"}, {yolo, "yolo"}, {voc, "voc"}, {labelstudio, "labelstudio"}, {cvat, "cvat"}, {csv, "csv"}});
}

// What an image is for. `all` is that of a set which is not divided.
enum class SetPart { all, train, val, test };
constexpr auto names(SetPart) {
  using enum SetPart;
  return named<SetPart>({{all, "all"}, {train, "train"}, {val, "val"}, {test, "test"}});
}
// The part that a text means, in any case of letters: also training, valid, validation and testing; "default" is that
// of a set which is not divided. Nothing for other texts.
std::optional<SetPart> part_named(std::string_view text);

// Edges, the right and lower ones exclusive.
struct Corners {
  double x1 = 0, y1 = 0, x2 = 0, y2 = 0;
};

struct SetObject {
  size_t category = 0;
  Corners box;
  detect::Segmentation mask;
  std::optional<int64_t> id;   // of the annotation
  std::optional<double> area;  // where the file says another one than that of the mask or box
  bool crowd = false, difficult = false, truncated = false, occluded = false;
  std::string pose;
  std::map<std::string, std::string> attributes;  // others, by name
  std::set<std::string> text_attributes;          // those that are text although they read as a number or a flag
};

struct SetImage {
  std::string name;  // relative to the folder of the images, in its shortest form: a.jpg, not ./a.jpg
  int64_t height = 0, width = 0;
  SetPart part = SetPart::all;
  std::optional<int64_t> id;
  std::filesystem::path file;  // where the image is; empty where that is not known
  std::vector<SetObject> objects;
};

struct LabelledSet {
  std::vector<detect::Category> categories;
  bool has_category_ids = false;  // else the id of a category is its position, counted from 1
  std::vector<SetImage> images;
};

// What was left out or changed, as a phrase such as "masks, which Pascal VOC cannot say", and how often.
using Tally = std::map<std::string, int64_t>;

// A text file of a format, by its name below the folder.
struct SetFile {
  std::string name, text;
};

// The smallest box around the points of all polygons; they must not be empty.
Corners extent_of(const std::vector<std::vector<double>>& polygons);
Corners extent_of(const detect::Rle& rle);
// Whether the object's box is another one than the extent of its mask, by more than a hundredth of a pixel.
bool box_differs_from_mask(const SetObject& object);

// The number that arithmetic has blurred: a multiple of a millionth of a pixel where one is within 1e-9 (or within the
// precision of doubles). So coordinates of up to six decimals survive a change of convention as they are.
double tidy(double pixels);
Corners tidy(const Corners& box);

}  // namespace spinenet::data

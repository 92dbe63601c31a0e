// The reading half of set_voc.h.
#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <span>
#include <utility>

#include "base/error.h"
#include "base/format.h"
#include "base/printable.h"
#include "base/yaml.h"
#include "data/coco/coco_rules.h"
#include "data/convert/set_text.h"
#include "data/convert/set_voc.h"
#include "data/convert/traits.h"
#include "data/convert/voc_files.h"
#include "data/convert/xml.h"
#include "image/image_folder.h"

namespace spinenet::data {
namespace {

namespace fs = std::filesystem;

std::string place_of_node(std::string_view place, const XmlNode& node) {
  return fmt::format("{}:{}", place, node.line);
}

// Each child that is none of the known ones.
void count_children(const XmlNode& node, std::span<const std::string_view> known, std::string_view place,
                    SetReading& reading) {
  for (const XmlNode& child : node.children) {
    if (std::find(known.begin(), known.end(), child.name) != known.end()) continue;
    reading.leave_out(fmt::format("<{}> in <{}> of Pascal VOC", printable(child.name), node.name),
                      place_of_node(place, child));
  }
}

// ErrorKind::bad_data for a second one of what there is one of: only the first would be read.
void refuse_second(const XmlNode& node, std::span<const std::string_view> single, std::string_view place) {
  std::set<std::string_view> seen;
  for (const XmlNode& child : node.children) {
    const bool is_single = std::find(single.begin(), single.end(), child.name) != single.end();
    if (!is_single || seen.insert(child.name).second) continue;
    fail(ErrorKind::bad_data, fmt::format("a second <{}> in <{}>", child.name, node.name), place_of_node(place, child),
         "keep the one that is meant");
  }
}

double corner(const XmlNode& box, std::string_view name, std::string_view place) {
  const std::optional<double> number = number_in(box.text_of(name));
  if (number) return *number;
  fail(ErrorKind::bad_data, fmt::format("{} of bndbox is no number", name), place_of_node(place, box),
       "give xmin, ymin, xmax and ymax");
}

Corners corners_of(const XmlNode& box, std::string_view place, SetReading& reading) {
  constexpr std::array<std::string_view, 5> kKnown{"xmin", "ymin", "xmax", "ymax", "angle"};
  refuse_second(box, kKnown, place);
  count_children(box, kKnown, place, reading);
  Corners corners{corner(box, "xmin", place), corner(box, "ymin", place), corner(box, "xmax", place),
                  corner(box, "ymax", place)};
  if (reading.options().zero_based) return corners;
  if (corners.x1 == 0 || corners.y1 == 0) {
    reading.leave_out("note: boxes with a corner at 0, where Pascal VOC counts from 1 (see --zero-based)",
                      place_of_node(place, box));
  }
  corners.x1 -= 1;
  corners.y1 -= 1;
  return corners;
}

// As some tools write turned boxes.
bool is_turned(const XmlNode& box, std::string_view place) {
  const XmlNode* angle = box.child("angle");
  if (angle == nullptr || angle->text.empty()) return false;
  if (const std::optional<double> turn = number_in(angle->text)) return *turn != 0;
  fail(ErrorKind::bad_data, "angle of bndbox is no number", place_of_node(place, *angle),
       "correct it, or leave it out");
}

void add_traits(const XmlNode& node, std::string_view place, SetObject& object, SetReading& reading) {
  for (const char* flag : {"difficult", "truncated", "occluded"}) {
    const XmlNode* child = node.child(flag);
    if (child == nullptr || child->text.empty()) continue;
    if (flag_in(child->text)) {
      set_trait(object, flag, child->text);
    } else {
      reading.leave_out(fmt::format("values of <{}> that are no flag, taken for 0", flag),
                        place_of_node(place, *child));
    }
  }
  if (const XmlNode* pose = node.child("pose")) set_trait(object, "pose", pose->text);
  const XmlNode* attributes = node.child("attributes");
  if (attributes == nullptr) return;
  for (const XmlNode& attribute : attributes->children) {
    const std::string_view name = attribute.text_of("name");
    if (name.empty()) {
      reading.leave_out("attributes without a name", place_of_node(place, attribute));
    } else {
      set_trait(object, name, attribute.text_of("value"));
    }
  }
}

void add_voc_object(const XmlNode& node, std::string_view place, SetImage& image, SetReading& reading) {
  constexpr std::array<std::string_view, 7> kKnown{"name",     "pose",   "truncated", "difficult",
                                                   "occluded", "bndbox", "attributes"};
  const std::string here = place_of_node(place, node);
  count_children(node, kKnown, place, reading);
  refuse_second(node, kKnown, place);
  const XmlNode* box = node.child("bndbox");
  if (box == nullptr) {
    reading.leave_out("objects without bndbox", here);
    return;
  }
  if (is_turned(*box, place)) {
    reading.leave_out("turned boxes, which are not read; draw them as polygons", here);
    return;
  }
  SetObject object;
  object.category = reading.category(node.text_of("name"), here);
  object.box = corners_of(*box, place, reading);
  add_traits(node, place, object, reading);
  reading.add_object(image, std::move(object), here);
}

std::string suffix_of(std::string_view name) {
  return std::string(name.substr(without_suffix(name).size()));
}

// The image that goes with the XML file is the one of the same name; <filename> gives its suffix. Where there is none,
// another name in <filename> is believed, but for the folders of the machine that it was written on.
std::string image_name(const VocPlace& place, std::string_view said, SetReading& reading) {
  const std::string_view last = said.substr(said.find_last_of("/\\") + 1);
  const std::string own = place.stem + (suffix_of(last).empty() ? ".jpg" : suffix_of(last));
  if (!place.found.empty()) {
    if (std::find(place.found.begin(), place.found.end(), own) != place.found.end()) return own;
    if (place.found.size() > 1) {
      reading.leave_out("note: images of one name with several suffixes, of which the first is taken", place.place);
    }
    return place.found.front();
  }
  const fs::path own_path(own);
  if (last.empty() || own_path.filename() == last) return own;
  reading.leave_out("note: filename says another name than that of the XML file, and is taken", place.place);
  const bool usable = unsafe_file_name_reason(said).empty() && said.find('\\') == std::string_view::npos;
  return usable ? std::string(said) : (own_path.parent_path() / last).generic_string();
}

// 0 where it is not said: tools that have not seen the image write 0.
int64_t side_of(const XmlNode& size, std::string_view name, std::string_view place) {
  const XmlNode* child = size.child(name);
  if (child == nullptr || child->text.empty()) return 0;
  const std::optional<double> side = number_in(child->text);
  if (side && *side >= 0 && *side <= 1e9 && *side == std::floor(*side)) return static_cast<int64_t>(*side);
  fail(ErrorKind::bad_data, fmt::format("the {} is {}, which is no number of pixels", name, short_quote(child->text)),
       place_of_node(place, *child), "give an integer, or leave out <size>");
}

void read_size(const XmlNode& root, std::string_view place, SetImage& image, SetReading& reading) {
  constexpr std::array<std::string_view, 3> kKnown{"width", "height", "depth"};
  const XmlNode* size = root.child("size");
  if (size == nullptr) return;
  refuse_second(*size, kKnown, place);
  count_children(*size, kKnown, place, reading);
  image.width = side_of(*size, "width", place);
  image.height = side_of(*size, "height", place);
  if (image.width > 0 && image.height > 0) return;
  reading.leave_out("note: images with a <size> of 0 or without a side, which is read from the image",
                    place_of_node(place, *size));
}

// The first line of the name is that of the ground; a class of that name has a line of its own.
void read_label_map(const fs::path& file, SetReading& reading) {
  std::error_code error;
  if (!fs::is_regular_file(file, error)) return;
  const std::string text = reading.text_of(file);
  bool has_background = false;
  for (const std::string_view line : lines_of(text)) {
    // The name may hold colons itself: three fields follow it.
    std::string_view name = line;
    for (int field = 0; field < 3; ++field) name = name.substr(0, std::min(name.rfind(':'), name.size()));
    const bool is_ground = name == "background" && !std::exchange(has_background, true);
    if (line.starts_with('#') || trimmed(name).empty() || is_ground) continue;
    reading.list_category(trimmed(name), printable(file.string()));
  }
}

// Drawn masks, which boxes alone are read beside.
void count_drawn_masks(const fs::path& source, SetReading& reading) {
  for (const char* name : {"SegmentationClass", "SegmentationObject"}) {
    std::error_code error;
    const fs::path folder = source / name;
    if (!fs::is_directory(folder, error)) continue;
    const auto count = static_cast<int64_t>(image::entries_of(folder).size());
    if (count > 0) reading.leave_out(fmt::format("masks in {}", name), printable(folder.string()), count);
  }
}

void add_image_without_xml(const VocFile& file, const VocFolders& folders, SetReading& reading) {
  SetImage image;
  image.name = file.images.front();
  image.part = file.part;
  image.file = folders.images / image.name;
  const std::string place = printable(image.file.string());
  reading.add_image(std::move(image), place);
}

}  // namespace

void parse_voc(std::string_view text, const VocPlace& place, SetReading& reading) {
  constexpr std::array<std::string_view, 8> kKnown{"folder", "filename",  "path",  "source",
                                                   "size",   "segmented", "owner", "object"};
  const XmlNode root = parse_xml(text, place.place);
  if (root.name != "annotation") {
    fail(ErrorKind::bad_data, fmt::format("is <{}>, not <annotation>", printable(root.name)), place.place,
         "give the XML files of Pascal VOC");
  }
  constexpr std::array<std::string_view, 2> kSingle{"filename", "size"};
  count_children(root, kKnown, place.place, reading);
  refuse_second(root, kSingle, place.place);
  SetImage image;
  image.name = image_name(place, root.text_of("filename"), reading);
  image.part = place.part;
  read_size(root, place.place, image, reading);
  std::error_code error;
  if (!place.images.empty() && fs::is_regular_file(place.images / image.name, error)) {
    image.file = place.images / image.name;
  }
  SetImage& added = reading.add_image(std::move(image), place.place);
  for (const XmlNode& child : root.children) {
    if (child.name == "object") add_voc_object(child, place.place, added, reading);
  }
}

ReadSet read_voc_set(const fs::path& source, const ReadSetOptions& options) {
  SetReading reading(options);
  const VocFolders folders = voc_folders(source, options);
  read_label_map(source / "labelmap.txt", reading);
  const std::vector<VocFile> files = voc_files(folders, reading);
  if (std::none_of(files.begin(), files.end(), [](const VocFile& file) { return !file.xml.empty(); }))
    fail(ErrorKind::bad_data, "has no XML files", folders.annotations.string(), "name the folder of Pascal VOC");
  for (const VocFile& file : files) {
    if (file.xml.empty()) {
      add_image_without_xml(file, folders, reading);
      continue;
    }
    const std::string place = printable(file.xml.string());
    parse_voc(reading.text_of(file.xml), {place, file.stem, file.part, folders.images, file.images}, reading);
  }
  count_drawn_masks(source, reading);
  return reading.take();
}

}  // namespace spinenet::data

// The reading half of set_voc.h.
#include <algorithm>
#include <map>
#include <unordered_set>
#include <utility>

#include "base/error.h"
#include "base/format.h"
#include "base/printable.h"
#include "data/convert/set_text.h"
#include "data/convert/set_voc.h"
#include "data/convert/traits.h"
#include "data/convert/xml.h"

namespace spinenet::data {
namespace {

namespace fs = std::filesystem;

std::string place_of_node(std::string_view place, const XmlNode& node) {
  return fmt::format("{}:{}", place, node.line);
}

double corner(const XmlNode& box, std::string_view name, std::string_view place) {
  const std::optional<double> number = number_in(box.text_of(name));
  if (number) return *number;
  fail(ErrorKind::bad_data, fmt::format("{} of bndbox is no number", name), place_of_node(place, box),
       "give xmin, ymin, xmax and ymax");
}

Corners corners_of(const XmlNode& box, std::string_view place, SetReading& reading) {
  Corners corners{corner(box, "xmin", place), corner(box, "ymin", place), corner(box, "xmax", place),
                  corner(box, "ymax", place)};
  if (reading.options().zero_based) return corners;
  if (corners.x1 == 0 || corners.y1 == 0) {
    reading.leave_out("note: boxes with a corner at 0, where Pascal VOC counts from 1 (see --zero-based)");
  }
  corners.x1 -= 1;
  corners.y1 -= 1;
  return corners;
}

void add_traits(const XmlNode& node, SetObject& object) {
  for (const char* flag : {"difficult", "truncated", "occluded"}) {
    if (const XmlNode* child = node.child(flag); child != nullptr && flag_in(child->text)) {
      set_trait(object, flag, child->text);
    }
  }
  if (const XmlNode* pose = node.child("pose")) set_trait(object, "pose", pose->text);
  const XmlNode* attributes = node.child("attributes");
  if (attributes == nullptr) return;
  for (const XmlNode& attribute : attributes->children) {
    const std::string_view name = attribute.text_of("name");
    if (!name.empty()) set_trait(object, name, attribute.text_of("value"));
  }
}

void add_voc_object(const XmlNode& node, std::string_view place, SetImage& image, SetReading& reading) {
  const std::string here = place_of_node(place, node);
  for (const char* other : {"part", "polygon", "point", "actions"}) {
    if (node.child(other) != nullptr) reading.leave_out(fmt::format("\"{}\" of objects in Pascal VOC", other));
  }
  const XmlNode* box = node.child("bndbox");
  if (box == nullptr) {
    reading.leave_out("objects without bndbox");
    return;
  }
  SetObject object;
  object.category = reading.category(node.text_of("name"), here);
  object.box = corners_of(*box, place, reading);
  add_traits(node, object);
  reading.add_object(image, std::move(object), here);
}

std::string suffix_of(std::string_view name) {
  return std::string(name.substr(without_suffix(name).size()));
}

// The image that goes with the XML file is the one of the same name; <filename> gives its suffix. Where no image can be
// looked for, another name in <filename> is believed.
std::string image_name(const VocPlace& place, std::string_view said, SetReading& reading) {
  const std::string suffix = suffix_of(said).empty() ? ".jpg" : suffix_of(said);
  const std::string own = place.stem + suffix;
  if (said.empty() || own == said || fs::path(own).filename() == fs::path(said).filename()) return own;
  std::error_code error;
  if (!place.images.empty() && fs::exists(place.images / own, error)) return own;
  reading.leave_out("note: filename says another name than that of the XML file, and is taken");
  return std::string(said);
}

int64_t side_of(const XmlNode& root, std::string_view name) {
  const XmlNode* size = root.child("size");
  if (size == nullptr) return 0;
  const std::optional<double> side = number_in(size->text_of(name));
  return side && *side >= 1 && *side <= 1e9 ? static_cast<int64_t>(*side) : 0;
}

// NAME of a line, which may be in quotes, or be followed by -1, 0 or 1 as in the lists of one class.
std::string listed_name(std::string_view line, const fs::path& annotations) {
  std::error_code error;
  const auto there = [&](std::string_view name) {
    return fs::exists(annotations / (std::string(name) + ".xml"), error);
  };
  if (there(line)) return std::string(line);
  line = trimmed(line);
  if (line.size() > 1 && line.starts_with('"') && line.ends_with('"'))
    return std::string(line.substr(1, line.size() - 2));
  const size_t space = line.rfind(' ');
  if (space != std::string_view::npos && there(trimmed(line.substr(0, space))))
    return std::string(trimmed(line.substr(0, space)));
  return std::string(line);
}

struct VocFile {
  std::string stem;
  SetPart part = SetPart::all;
};

// In the order of the lists; then what no list names, in the order of names.
std::vector<VocFile> voc_files(const fs::path& source, const fs::path& annotations) {
  std::vector<VocFile> files;
  std::unordered_set<std::string> seen;
  std::error_code error;
  for (const SetPart part : {SetPart::train, SetPart::val, SetPart::test}) {
    const fs::path list = source / "ImageSets" / "Main" / fmt::format("{}.txt", name_of(part));
    if (!fs::is_regular_file(list, error)) continue;
    const std::string text = read_set_file(list);
    for (const std::string_view line : lines_of(text)) {
      if (trimmed(line).empty()) continue;
      std::string stem = listed_name(line, annotations);
      if (!fs::exists(annotations / (stem + ".xml"), error)) {
        fail(ErrorKind::bad_data, fmt::format("there is no Annotations/{}.xml", printable(stem)),
             printable(list.string()), "put it there, or take the name from the list");
      }
      if (seen.insert(stem).second) files.push_back({std::move(stem), part});
    }
  }
  std::vector<std::string> others;
  for (const auto& entry : fs::recursive_directory_iterator(annotations, error)) {
    if (entry.path().extension() != ".xml") continue;
    std::string stem = without_suffix(entry.path().lexically_relative(annotations).generic_string());
    if (!seen.contains(stem)) others.push_back(std::move(stem));
  }
  std::sort(others.begin(), others.end());
  for (std::string& stem : others) files.push_back({std::move(stem), SetPart::all});
  return files;
}

void read_label_map(const fs::path& file, SetReading& reading) {
  std::error_code error;
  if (!fs::is_regular_file(file, error)) return;
  const std::string text = read_set_file(file);
  for (const std::string_view line : lines_of(text)) {
    // The name may hold colons itself: three fields follow it.
    std::string_view name = line;
    for (int field = 0; field < 3; ++field) name = name.substr(0, std::min(name.rfind(':'), name.size()));
    if (line.starts_with('#') || trimmed(name).empty() || name == "background") continue;
    reading.list_category(trimmed(name), printable(file.string()));
  }
}

}  // namespace

void parse_voc(std::string_view text, const VocPlace& place, SetReading& reading) {
  const XmlNode root = parse_xml(text, place.place);
  if (root.name != "annotation") {
    fail(ErrorKind::bad_data, fmt::format("is <{}>, not <annotation>", printable(root.name)), place.place,
         "give the XML files of Pascal VOC");
  }
  SetImage image;
  image.name = image_name(place, root.text_of("filename"), reading);
  image.part = place.part;
  image.width = side_of(root, "width");
  image.height = side_of(root, "height");
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
  std::error_code error;
  const fs::path inner = source / "Annotations";
  const fs::path annotations = fs::is_directory(inner, error) ? inner : source;
  if (!fs::is_directory(annotations, error)) {
    fail(ErrorKind::io, "is no folder", source.string(), "name the folder that holds Annotations and JPEGImages");
  }
  SetReading reading(options);
  read_label_map(source / "labelmap.txt", reading);
  fs::path images = options.images;
  if (images.empty() && fs::is_directory(source / "JPEGImages", error)) images = source / "JPEGImages";
  const std::vector<VocFile> files = voc_files(source, annotations);
  if (files.empty())
    fail(ErrorKind::bad_data, "has no XML files", annotations.string(), "name the folder of Pascal VOC");
  for (const VocFile& file : files) {
    const fs::path path = annotations / (file.stem + ".xml");
    const std::string place = printable(path.string());
    parse_voc(read_set_file(path), {place, file.stem, file.part, images}, reading);
  }
  return {std::move(reading.set()), reading.left_out()};
}

}  // namespace spinenet::data

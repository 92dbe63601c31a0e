// The writing half of set_yolo.h.
#include <algorithm>
#include <map>
#include <utility>

#include "base/error.h"
#include "base/format.h"
#include "base/json.h"
#include "base/printable.h"
#include "data/convert/set_text.h"
#include "data/convert/set_yolo.h"
#include "data/convert/traits.h"

namespace spinenet::data {
namespace {

bool has_one_polygon(const SetObject& object) {
  return object.mask.polygons.size() == 1;
}

bool is_polygon_object(const SetObject& object) {
  return !object.crowd && has_one_polygon(object);
}

// Of an image that lies in the folder `images`.
std::string label_file_name(const SetImage& image) {
  return yolo_label_name("/images/" + image.name).substr(1);
}

// YOLO's readers refuse whole images for a number beyond 0 to 1.
Corners inside_image(const Corners& box, const SetImage& image) {
  const auto width = static_cast<double>(image.width), height = static_cast<double>(image.height);
  return {std::clamp(box.x1, 0.0, width), std::clamp(box.y1, 0.0, height), std::clamp(box.x2, 0.0, width),
          std::clamp(box.y2, 0.0, height)};
}

bool differs(const Corners& a, const Corners& b) {
  return a.x1 != b.x1 || a.y1 != b.y1 || a.x2 != b.x2 || a.y2 != b.y2;
}

void append_points(std::string& line, const std::vector<double>& points, const SetImage& image, Tally& left_out) {
  bool cut = false;
  for (size_t i = 0; i < points.size(); ++i) {
    const auto side = static_cast<double>(i % 2 == 0 ? image.width : image.height);
    const double inside = std::clamp(points[i], 0.0, side);
    cut = cut || inside != points[i];
    line += fmt::format(" {}", number_text(inside / side));
  }
  if (cut) ++left_out["polygons cut at the edge of the image, beyond which YOLO cannot say anything"];
}

void append_box(std::string& line, const Corners& box, const SetImage& image) {
  const auto width = static_cast<double>(image.width), height = static_cast<double>(image.height);
  line += fmt::format(" {} {} {} {}", number_text((box.x1 + box.x2) / 2 / width),
                      number_text((box.y1 + box.y2) / 2 / height), number_text((box.x2 - box.x1) / width),
                      number_text((box.y2 - box.y1) / height));
}

void count_mask(const SetObject& object, Tally& left_out) {
  if (!object.mask.rle.counts.empty()) ++left_out["masks as run-length codes, which YOLO cannot say"];
  if (object.mask.polygons.size() > 1) ++left_out["masks of several polygons, which YOLO cannot say"];
  if (has_one_polygon(object) && box_differs_from_mask(object)) {
    ++left_out["boxes other than the extent of their polygon, which YOLO cannot say"];
  }
}

std::string line_of(const SetObject& object, const SetImage& image, bool as_polygons, Tally& left_out) {
  if (object.crowd) {
    ++left_out["crowd regions, which YOLO cannot say and readers would take for objects"];
    return "";
  }
  count_mask(object, left_out);
  count_traits(object, {}, "YOLO", left_out);
  std::string line = std::to_string(object.category);
  if (has_one_polygon(object)) {
    append_points(line, object.mask.polygons.front(), image, left_out);
    return line + "\n";
  }
  const Corners box = inside_image(object.box, image);
  if (box.x1 >= box.x2 || box.y1 >= box.y2) {
    ++left_out["boxes outside of their image, where YOLO cannot say anything"];
    return "";
  }
  if (differs(box, object.box)) ++left_out["boxes cut at the edge of the image, beyond which YOLO cannot say anything"];
  if (as_polygons) {
    ++left_out["boxes written as polygons of four points, since a set with polygons has polygons alone"];
    append_points(line, {box.x1, box.y1, box.x2, box.y1, box.x2, box.y2, box.x1, box.y2}, image, left_out);
  } else {
    append_box(line, box, image);
  }
  return line + "\n";
}

void refuse_line_break(const SetImage& image) {
  if (image.name.find_first_of("\r\n") == std::string::npos && std::string(trimmed(image.name)) == image.name) return;
  fail(ErrorKind::unsupported, fmt::format("a list of YOLO cannot say the name \"{}\"", printable(image.name)), "",
       "rename the image, without line breaks and spaces at its ends");
}

// As JSON, but for what YAML takes for a line break or does not allow as it is: DEL, the control characters from
// U+0080, the separators of lines and paragraphs, the byte order mark and what is no character.
std::string in_yaml_quotes(std::string_view name) {
  const std::string json = Json(name).dump();
  std::string quoted;
  for (size_t at = 0; at < json.size();) {
    const Symbol symbol = symbol_at(json, at);
    const size_t bytes = std::max<size_t>(symbol.bytes, 1);
    const uint32_t code = symbol.code;
    const bool escaped = (code >= 0x7F && code < 0xA0) || code == 0x2028 || code == 0x2029 || code == 0xFEFF ||
                         code == 0xFFFE || code == 0xFFFF;
    quoted += escaped ? fmt::format("\\u{:04x}", code) : json.substr(at, bytes);
    at += bytes;
  }
  return quoted;
}

}  // namespace

std::vector<SetFile> write_yolo_set(const LabelledSet& set, Tally& left_out) {
  std::vector<SetFile> files;
  std::map<SetPart, std::string> lists;
  bool as_polygons = false;
  for (const SetImage& image : set.images) {
    as_polygons = as_polygons || std::any_of(image.objects.begin(), image.objects.end(), is_polygon_object);
  }
  for (const SetImage& image : set.images) {
    refuse_line_break(image);
    std::string labels;
    for (const SetObject& object : image.objects) labels += line_of(object, image, as_polygons, left_out);
    files.push_back({label_file_name(image), std::move(labels)});
    lists[image.part == SetPart::all ? SetPart::train : image.part] += fmt::format("./images/{}\n", image.name);
  }
  if (lists.empty()) lists[SetPart::train] = "";
  std::string yaml = "# The images belong into the folder images; labels has a file for each of them.\n";
  for (const auto& [part, list] : lists) {
    yaml += fmt::format("{0}: {0}.txt\n", name_of(part));
    files.push_back({fmt::format("{}.txt", name_of(part)), list});
  }
  if (!lists.contains(SetPart::val) && lists.contains(SetPart::train)) {
    yaml += "# No image is to measure on; readers want this key.\nval: train.txt\n";
  }
  yaml += set.categories.empty() ? "names: []\n" : "names:\n";
  for (size_t i = 0; i < set.categories.size(); ++i) {
    yaml += fmt::format("  {}: {}\n", i, in_yaml_quotes(set.categories[i].name));
  }
  files.push_back({"data.yaml", std::move(yaml)});
  return files;
}

}  // namespace spinenet::data

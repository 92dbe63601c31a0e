// The reading half of set_cvat.h.
#include <cmath>
#include <map>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/format.h"
#include "base/printable.h"
#include "base/yaml.h"
#include "data/convert/cvat_mask.h"
#include "data/convert/set_cvat.h"
#include "data/convert/set_text.h"
#include "data/convert/traits.h"
#include "data/convert/xml.h"

namespace spinenet::data {
namespace {

namespace fs = std::filesystem;

std::string cvat_place(std::string_view place, const XmlNode& node) {
  return fmt::format("{}:{}", place, node.line);
}

double number_of(const XmlNode& node, std::string_view name, std::string_view place) {
  const std::string* text = node.attribute(name);
  const std::optional<double> number = text == nullptr ? std::nullopt : number_in(*text);
  if (number) return *number;
  fail(ErrorKind::bad_data, fmt::format("{} of <{}> is no number", name, node.name), cvat_place(place, node),
       "export the annotations again");
}

int64_t integer_of(const XmlNode& node, std::string_view name, std::string_view place) {
  const double number = number_of(node, name, place);
  if (std::abs(number) <= 1e9 && number == std::floor(number)) return static_cast<int64_t>(number);
  fail(ErrorKind::bad_data, fmt::format("{} of <{}> is no integer", name, node.name), cvat_place(place, node),
       "export the annotations again");
}

std::vector<double> points_of(const XmlNode& node, std::string_view place) {
  const std::string* text = node.attribute("points");
  std::vector<double> points;
  std::string_view rest = text == nullptr ? std::string_view() : std::string_view(*text);
  while (!rest.empty()) {
    const size_t end = std::min(rest.find_first_of(",;"), rest.size());
    const std::optional<double> number = number_in(rest.substr(0, end));
    if (!number)
      fail(ErrorKind::bad_data, "points holds what is no number", cvat_place(place, node),
           "export the annotations again");
    check_coordinate(*number, cvat_place(place, node));
    points.push_back(*number);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (points.size() >= 6 && points.size() % 2 == 0) return points;
  fail(ErrorKind::bad_data, "a polygon has less than three points", cvat_place(place, node), "leave it out");
}

// By whole turns is not turned.
bool is_turned(const XmlNode& node, std::string_view place) {
  return node.attribute("rotation") != nullptr && std::fmod(number_of(node, "rotation", place), 360) != 0;
}

int64_t integer_or_zero(const XmlNode& node, std::string_view name, std::string_view place) {
  const std::string* text = node.attribute(name);
  if (text == nullptr || text->empty()) return 0;
  if (const std::optional<int64_t> integer = integer_in(*text)) return *integer;
  fail(ErrorKind::bad_data, fmt::format("{} of <{}> is {}, which is no integer", name, node.name, short_quote(*text)),
       cvat_place(place, node), "export the annotations again");
}

bool flag_or_false(const XmlNode& node, std::string_view name, std::string_view place) {
  const std::string* text = node.attribute(name);
  if (text == nullptr || text->empty()) return false;
  if (const std::optional<bool> flag = flag_in(*text)) return *flag;
  fail(ErrorKind::bad_data, fmt::format("{} of <{}> is {}, which is no flag", name, node.name, short_quote(*text)),
       cvat_place(place, node), "export the annotations again");
}

// The shapes of one image; polygons of one group and label become one object.
class CvatShapes {
 public:
  CvatShapes(SetImage& image, std::string_view place, SetReading& reading)
      : image_(image), place_(place), reading_(reading) {}

  void add(const XmlNode& node) {
    SetObject object;
    const std::string here = cvat_place(place_, node);
    if (node.name == "box") {
      if (is_turned(node, place_)) {
        reading_.leave_out("turned boxes, which are not read; draw them as polygons", here);
        return;
      }
      object.box = {number_of(node, "xtl", place_), number_of(node, "ytl", place_), number_of(node, "xbr", place_),
                    number_of(node, "ybr", place_)};
    } else if (node.name == "polygon") {
      object.mask.polygons.push_back(points_of(node, place_));
      object.box = extent_of(object.mask.polygons);
    } else if (node.name == "mask") {
      object.mask.rle = mask_of(node);
      object.box = extent_of(object.mask.rle);
    } else {
      reading_.leave_out(fmt::format("<{}> of CVAT", printable(node.name)), here);
      return;
    }
    const std::string* label = node.attribute("label");
    object.category = reading_.category(label == nullptr ? "" : trimmed(*label), here);
    add_attributes(node, object);
    count_layer(node, here);
    if (join_group(node, object)) return;
    const size_t position = image_.objects.size();
    const std::pair<int64_t, size_t> group{group_of_polygon(node), object.category};
    const bool added = reading_.add_object(image_, std::move(object), here);
    if (added && group.first != 0) groups_.emplace(group, position);
  }

 private:
  detect::Rle mask_of(const XmlNode& node) const {
    CvatMask mask;
    mask.rect = {integer_of(node, "left", place_), integer_of(node, "top", place_), integer_of(node, "width", place_),
                 integer_of(node, "height", place_)};
    const std::string* runs = node.attribute("rle");
    if (runs != nullptr) mask.runs = *runs;
    return rle_of_cvat(mask, image_.height, image_.width, cvat_place(place_, node));
  }

  void add_attributes(const XmlNode& node, SetObject& object) const {
    object.occluded = flag_or_false(node, "occluded", place_);
    for (const XmlNode& child : node.children) {
      const std::string* name = child.attribute("name");
      if (child.name == "attribute" && name != nullptr) set_trait(object, *name, child.text);
    }
  }

  // Of two shapes that overlap, the one of the larger z_order lies above. Of groups only polygons become one object.
  void count_layer(const XmlNode& node, const std::string& here) {
    if (integer_or_zero(node, "z_order", place_) != 0) reading_.leave_out("z_order of CVAT's shapes", here);
    const bool grouped = integer_or_zero(node, "group_id", place_) != 0;
    if (grouped && node.name != "polygon") reading_.leave_out("groups of CVAT's boxes and masks", here);
  }

  // 0: none.
  int64_t group_of_polygon(const XmlNode& node) const {
    return node.name == "polygon" ? integer_or_zero(node, "group_id", place_) : 0;
  }

  // True where the polygon went into an earlier object.
  bool join_group(const XmlNode& node, SetObject& object) {
    const auto found = groups_.find({group_of_polygon(node), object.category});
    const bool has_area = object.box.x1 < object.box.x2 && object.box.y1 < object.box.y2;
    if (found == groups_.end() || !has_area) return false;
    SetObject& other = image_.objects[found->second];
    if (traits_of(other) != traits_of(object)) {
      reading_.leave_out("flags and attributes of a further polygon of a group, other than those of the first",
                         cvat_place(place_, node));
    }
    for (std::vector<double>& polygon : object.mask.polygons) {
      for (double& pixels : polygon) pixels = tidy(pixels);
      other.mask.polygons.push_back(std::move(polygon));
    }
    other.box = extent_of(other.mask.polygons);
    return true;
  }

  SetImage& image_;
  std::string_view place_;
  SetReading& reading_;
  std::map<std::pair<int64_t, size_t>, size_t> groups_;  // the object of each group and label
};

// The labels of the task, project or job.
void list_labels(const XmlNode& node, std::string_view place, SetReading& reading) {
  if (node.name == "label") {
    const XmlNode* name = node.child("name");
    if (name != nullptr) reading.list_category(name->text, cvat_place(place, *name));
    return;
  }
  for (const XmlNode& child : node.children) list_labels(child, place, reading);
}

void add_cvat_image(const XmlNode& node, std::string_view place, SetReading& reading) {
  SetImage image;
  const std::string* name = node.attribute("name");
  if (name == nullptr) fail(ErrorKind::bad_data, "an image has no name", cvat_place(place, node), "name it");
  image.name = *name;
  image.width = integer_of(node, "width", place);
  image.height = integer_of(node, "height", place);
  if (const std::string* id = node.attribute("id")) {
    image.id = integer_in(*id);
    if (!image.id) reading.leave_out("ids of images that are no integers", cvat_place(place, node));
  }
  if (const std::string* subset = node.attribute("subset")) image.part = reading.part(*subset, cvat_place(place, node));
  CvatShapes shapes(reading.add_image(std::move(image), cvat_place(place, node)), place, reading);
  for (const XmlNode& child : node.children) shapes.add(child);
}

}  // namespace

void parse_cvat(std::string_view text, std::string_view place, SetReading& reading) {
  const XmlNode root = parse_xml(text, place);
  if (root.name != "annotations") {
    fail(ErrorKind::bad_data, fmt::format("is <{}>, not <annotations>", printable(root.name)), place,
         "export the task as \"CVAT for images 1.1\"");
  }
  if (const XmlNode* track = root.child("track")) {
    fail(ErrorKind::bad_data, "has a track of CVAT for video, which is not read", cvat_place(place, *track),
         "export the task as \"CVAT for images 1.1\"");
  }
  if (const XmlNode* meta = root.child("meta")) list_labels(*meta, place, reading);
  for (const XmlNode& child : root.children) {
    if (child.name == "image") add_cvat_image(child, place, reading);
  }
}

ReadSet read_cvat_set(const fs::path& source, const ReadSetOptions& options) {
  std::error_code error;
  const fs::path file = fs::is_directory(source, error) ? source / "annotations.xml" : source;
  SetReading reading(options);
  parse_cvat(reading.text_of(file), printable(file.string()), reading);
  return reading.take();
}

}  // namespace spinenet::data

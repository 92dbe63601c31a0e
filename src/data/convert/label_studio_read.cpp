// The reading half of set_label_studio.h.
#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include <simdjson.h>

#include "base/error.h"
#include "base/format.h"
#include "base/printable.h"
#include "base/yaml.h"
#include "data/coco/coco_document.h"
#include "data/convert/set_label_studio.h"
#include "data/convert/set_text.h"
#include "data/convert/xml.h"

namespace spinenet::data {
namespace {

namespace fs = std::filesystem;
namespace dom = simdjson::dom;

std::optional<dom::element> value_at(dom::element object, std::string_view key) {
  dom::element value;
  return object[key].get(value) == simdjson::SUCCESS && !value.is_null() ? std::optional(value) : std::nullopt;
}

// A number, or a text that reads as one.
std::optional<double> number_of(dom::element value) {
  double number = 0;
  if (value.get(number) == simdjson::SUCCESS && std::isfinite(number)) return number;
  std::string_view text;
  return value.get(text) == simdjson::SUCCESS ? number_in(text) : std::nullopt;
}

// Nothing where there is no such key. ErrorKind::bad_data for what is no number.
std::optional<double> number_at(dom::element object, std::string_view key, std::string_view place) {
  const auto value = value_at(object, key);
  if (!value) return std::nullopt;
  if (const std::optional<double> number = number_of(*value)) return number;
  fail(ErrorKind::bad_data, fmt::format("{} is {}, which is no number", key, short_quote(simdjson::minify(*value))),
       place, "export the tasks again as JSON");
}

std::string_view text_at(dom::element object, std::string_view key) {
  const auto value = value_at(object, key);
  std::string_view text;
  return value && value->get(text) == simdjson::SUCCESS ? text : std::string_view();
}

std::optional<dom::array> list_at(dom::element object, std::string_view key) {
  const auto value = value_at(object, key);
  dom::array list;
  return value && value->get(list) == simdjson::SUCCESS ? std::optional(list) : std::nullopt;
}

double percent(std::optional<double> number, int64_t side, std::string_view place) {
  if (number) return *number / 100 * static_cast<double>(side);
  fail(ErrorKind::bad_data, "has no number where a percentage should be", place, "export the tasks again as JSON");
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::string percent_decoded(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool coded =
        text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0;
    decoded += coded ? static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2])) : text[i];
    if (coded) i += 2;
  }
  return decoded;
}

// One task with its image.
class TaskReader {
 public:
  TaskReader(dom::element task, std::string place, const LabelImages& images, SetReading& reading)
      : task_(task), place_(std::move(place)), images_(images), reading_(reading) {}

  void read() {
    refuse_other_export();
    const std::optional<dom::element> annotation = chosen_annotation();
    if (!annotation) {
      reading_.leave_out("tasks without a finished annotation", place_);
      return;
    }
    const std::optional<dom::array> results = list_at(*annotation, "result");
    if (!results)
      fail(ErrorKind::bad_data, "has an annotation without result", place_, "export the tasks again as JSON");
    SetImage image = described_image(*results);
    SetImage& added = reading_.add_image(std::move(image), place_);
    add_results(*results, added);
  }

 private:
  // JSON-MIN has the image and its labels where a task has `data` and `annotations`.
  void refuse_other_export() const {
    if (value_at(task_, "data") || value_at(task_, "annotations")) return;
    fail(ErrorKind::bad_data, "has neither data nor annotations, as in an export as JSON-MIN", place_,
         "export the project as JSON, not JSON-MIN");
  }

  std::optional<dom::element> chosen_annotation() {
    std::optional<dom::element> chosen;
    const std::optional<dom::array> annotations = list_at(task_, "annotations");
    if (!annotations) return std::nullopt;
    for (const dom::element annotation : *annotations) {
      if (!chosen && !was_cancelled(annotation)) {
        chosen = annotation;
      } else {
        reading_.leave_out("annotations that were cancelled or are a second one of their task", place_);
      }
    }
    return chosen;
  }

  // A flag, or a number or a text that reads as one.
  bool was_cancelled(dom::element annotation) const {
    const auto value = value_at(annotation, "was_cancelled");
    if (!value) return false;
    std::string_view text;
    const std::string written = simdjson::minify(*value);
    const std::optional<bool> flag = flag_in(value->get(text) == simdjson::SUCCESS ? text : written);
    if (flag) return *flag;
    fail(ErrorKind::bad_data, fmt::format("was_cancelled is {}, which is no flag", short_quote(written)), place_,
         "export the tasks again as JSON");
  }

  SetImage described_image(dom::array results) {
    SetImage image;
    const auto data = value_at(task_, "data");
    if (!data) fail(ErrorKind::bad_data, "has no data", place_, "export the tasks as JSON");
    image.name = name_in_address(address_of(*data, results));
    const std::optional<double> width = side_at(*data, "width"), height = side_at(*data, "height");
    if (width && height) set_size(*width, *height, image);
    image.part = reading_.part(text_at(*data, "part"), place_);
    int64_t id = 0;
    if (const auto value = value_at(task_, "id"); value && value->get(id) == simdjson::SUCCESS) image.id = id;
    for (const dom::element result : results) {
      const std::optional<double> own_width = number_at(result, "original_width", place_),
                                  own_height = number_at(result, "original_height", place_);
      if (own_width && own_height) set_size(*own_width, *own_height, image);
    }
    return image;
  }

  void set_size(double width, double height, SetImage& image) const {
    if (width < 1 || height < 1 || width > 1e9 || height > 1e9) {
      fail(ErrorKind::bad_data, fmt::format("the image has {} x {} pixels", height, width), place_,
           "export the tasks again as JSON");
    }
    image.width = static_cast<int64_t>(width);
    image.height = static_cast<int64_t>(height);
  }

  // The keys of `data` are the user's: they may mean something else.
  std::optional<double> side_at(dom::element data, const char* key) {
    const auto value = value_at(data, key);
    const std::optional<double> side = value ? number_of(*value) : std::nullopt;
    if (value && !side) reading_.leave_out(fmt::format("data.{}, which is no number", key), place_);
    return side;
  }

  static bool is_object(dom::element result) {
    const std::string_view type = text_at(result, "type");
    return type == "rectanglelabels" || type == "polygonlabels" || type == "brushlabels";
  }

  // What all objects of the task name in to_name; "" where none does.
  std::string_view labelled_image(dom::array results) const {
    std::string_view labelled;
    for (const dom::element result : results) {
      const std::string_view name = text_at(result, "to_name");
      if (!is_object(result) || name.empty()) continue;
      if (!labelled.empty() && name != labelled) {
        fail(ErrorKind::bad_data,
             fmt::format("has objects on several images, \"{}\" and \"{}\"", printable(labelled), printable(name)),
             place_, "divide the task, one image in each");
      }
      labelled = name;
    }
    return labelled;
  }

  // Keys of `data` whose texts look like images, "image" first.
  static std::vector<std::string_view> image_keys(dom::element data) {
    std::vector<std::string_view> keys;
    dom::object object;
    if (data.get(object) != simdjson::SUCCESS) return keys;
    for (const auto& [key, value] : object) {
      std::string_view text;
      const bool known = key == "image" || key == "img";
      if (value.get(text) == simdjson::SUCCESS && !text.empty() && (known || names_an_image(text))) keys.push_back(key);
    }
    return keys;
  }

  static bool names_an_image(std::string_view text) {
    const std::string suffix = lower_case(fs::path(name_in_address(text)).extension().string());
    constexpr std::array<std::string_view, 8> kSuffixes{".jpg",  ".jpeg", ".png",  ".bmp",
                                                        ".webp", ".tif",  ".tiff", ".gif"};
    return std::find(kSuffixes.begin(), kSuffixes.end(), suffix) != kSuffixes.end();
  }

  // Of several images the one that the objects are on, as the labelling interface or the key itself says. The others
  // are counted.
  std::string_view address_of(dom::element data, dom::array results) {
    const std::string_view labelled = labelled_image(results);
    const std::vector<std::string_view> keys = image_keys(data);
    std::string key;
    if (const auto known = images_.find(std::string(labelled)); known != images_.end()) {
      key = known->second;
    } else if (keys.size() > 1 && std::find(keys.begin(), keys.end(), labelled) != keys.end()) {
      key = labelled;
    } else if (keys.size() > 1 && !labelled.empty()) {
      fail(ErrorKind::bad_data,
           fmt::format("data has several images, and none of their keys is \"{}\", on which the objects are",
                       printable(labelled)),
           place_, "put the labelling interface beside the file, as label_config.xml");
    }
    const std::string_view chosen = key.empty() ? std::string_view() : text_at(data, key);
    const std::string_view address = chosen.empty() ? usual_address(data) : chosen;
    for (const std::string_view other : keys) {
      if (text_at(data, other) == address) continue;
      reading_.leave_out("further images of a task, of which the one with the objects is read",
                         fmt::format("{}, {}", place_, printable(other)));
    }
    return address;
  }

  std::string_view usual_address(dom::element data) const {
    for (const char* key : {"image", "img"}) {
      if (const std::string_view text = text_at(data, key); !text.empty()) return text;
    }
    std::string_view only;
    int texts = 0;
    dom::object object;
    if (data.get(object) == simdjson::SUCCESS) {
      for (const auto& [key, value] : object) {
        std::string_view text;
        if (value.get(text) != simdjson::SUCCESS || key == "part") continue;
        only = text;
        ++texts;
      }
    }
    if (texts == 1 && !only.empty()) return only;
    fail(ErrorKind::bad_data, "data has no \"image\"", place_, "name the image in data.image");
  }

  // The labels of a turned image lie elsewhere on the image itself.
  void refuse_turned_image(dom::element result) const {
    const double turn = number_at(result, "image_rotation", place_).value_or(0);
    if (std::fmod(turn, 360) == 0) return;
    fail(ErrorKind::bad_data, fmt::format("image_rotation is {}; turned images are not read", turn), place_,
         "turn the image itself and label it again");
  }

  std::string_view label_of(dom::element value, const char* key) const {
    const std::optional<dom::array> labels = list_at(value, key);
    std::string_view label;
    if (labels && labels->size() == 1 && labels->at(0).get(label) == simdjson::SUCCESS && !label.empty()) return label;
    fail(ErrorKind::bad_data, fmt::format("a result has {} labels in {}", labels ? labels->size() : 0, key), place_,
         "give each object one label");
  }

  // A region may stand before the one that it names as its parent: those wait for it. Where parents name each other in
  // a circle, the first of them goes ahead.
  void add_results(dom::array results, SetImage& image) {
    std::vector<dom::element> waiting;
    for (const dom::element result : results) {
      if (is_polygon(result) && !text_at(result, "id").empty()) awaited_.emplace(text_at(result, "id"));
      waiting.push_back(result);
    }
    while (!waiting.empty()) {
      std::vector<dom::element> later;
      for (const dom::element result : waiting) {
        const bool waits = is_polygon(result) && awaited_.contains(std::string(text_at(result, "parentID")));
        waits ? later.push_back(result) : add_result(result, image);
      }
      if (later.size() == waiting.size()) {
        add_result(later.front(), image);
        later.erase(later.begin());
      }
      waiting = std::move(later);
    }
  }

  static bool is_polygon(dom::element result) { return text_at(result, "type") == "polygonlabels"; }

  void add_result(dom::element result, SetImage& image) {
    const std::string_view type = text_at(result, "type");
    if (is_polygon(result)) awaited_.erase(std::string(text_at(result, "id")));
    const auto value = value_at(result, "value");
    if (type == "brushlabels") {
      fail(ErrorKind::bad_data, "has a brush mask, whose packed format is not read", place_,
           "export the task as COCO, or draw polygons");
    }
    if (!value || (type != "rectanglelabels" && type != "polygonlabels")) {
      reading_.leave_out(fmt::format("results of the type \"{}\"", printable(type)), place_);
      return;
    }
    refuse_turned_image(result);
    if (std::fmod(number_at(*value, "rotation", place_).value_or(0), 360) != 0) {
      reading_.leave_out("turned boxes, which are not read; draw them as polygons", place_);
      return;
    }
    type == "rectanglelabels" ? add_rectangle(*value, image) : add_polygon(result, *value, image);
  }

  void add_rectangle(dom::element value, SetImage& image) {
    SetObject object;
    object.category = reading_.category(label_of(value, "rectanglelabels"), place_);
    object.box = box_of(value, image);
    reading_.add_object(image, std::move(object), place_);
  }

  void add_polygon(dom::element result, dom::element value, SetImage& image) {
    SetObject object;
    object.category = reading_.category(label_of(value, "polygonlabels"), place_);
    object.mask.polygons.push_back(polygon_of(value, image));
    object.box = extent_of(object.mask.polygons);
    const std::string id(text_at(result, "id")), parent(text_at(result, "parentID"));
    if (const std::optional<size_t> joined = join_parent(parent, object, image)) {
      if (!id.empty()) polygons_.emplace(id, *joined);
      return;
    }
    const size_t position = image.objects.size();
    if (reading_.add_object(image, std::move(object), place_) && !id.empty()) polygons_.emplace(id, position);
  }

  Corners box_of(dom::element value, const SetImage& image) const {
    Corners box;
    box.x1 = percent(number_at(value, "x", place_), image.width, place_);
    box.y1 = percent(number_at(value, "y", place_), image.height, place_);
    box.x2 = box.x1 + percent(number_at(value, "width", place_), image.width, place_);
    box.y2 = box.y1 + percent(number_at(value, "height", place_), image.height, place_);
    return box;
  }

  std::vector<double> polygon_of(dom::element value, const SetImage& image) const {
    std::vector<double> points;
    if (const std::optional<dom::array> list = list_at(value, "points")) {
      for (const dom::element point : *list) {
        dom::array pair;
        const bool sound = point.get(pair) == simdjson::SUCCESS && pair.size() == 2;
        points.push_back(percent(sound ? number_of(pair.at(0)) : std::nullopt, image.width, place_));
        points.push_back(percent(sound ? number_of(pair.at(1)) : std::nullopt, image.height, place_));
      }
    }
    for (const double pixels : points) check_coordinate(pixels, place_);
    if (points.size() >= 6) return points;
    fail(ErrorKind::bad_data, "a polygon has less than three points", place_, "leave it out");
  }

  // The object that the polygon went into: that of the region which it names as its parent.
  std::optional<size_t> join_parent(const std::string& parent, SetObject& object, SetImage& image) {
    if (parent.empty()) return std::nullopt;
    const auto found = polygons_.find(parent);
    if (found == polygons_.end() || image.objects[found->second].category != object.category) {
      reading_.leave_out("parents of regions that are no polygon of the same label", place_);
      return std::nullopt;
    }
    if (!(object.box.x1 < object.box.x2 && object.box.y1 < object.box.y2)) return std::nullopt;
    SetObject& other = image.objects[found->second];
    for (double& pixels : object.mask.polygons.front()) pixels = tidy(pixels);
    other.mask.polygons.push_back(std::move(object.mask.polygons.front()));
    other.box = extent_of(other.mask.polygons);
    return found->second;
  }

  dom::element task_;
  std::string place_;
  const LabelImages& images_;
  SetReading& reading_;
  std::unordered_set<std::string> awaited_;           // ids of polygons that are still to be added
  std::unordered_map<std::string, size_t> polygons_;  // position of the object by the region's id
};

void list_config_labels(const XmlNode& node, std::string_view place, LabelImages& images, SetReading& reading) {
  const std::string *name = node.attribute("name"), *source = node.attribute("value");
  if (node.name == "Image" && name != nullptr && source != nullptr && source->starts_with('$')) {
    images.emplace(*name, source->substr(1));
  }
  const bool lists = node.name == "RectangleLabels" || node.name == "PolygonLabels" || node.name == "BrushLabels" ||
                     node.name == "Labels";
  for (const XmlNode& child : node.children) {
    const std::string* value = child.attribute("value");
    if (lists && child.name == "Label" && value != nullptr) reading.list_category(*value, place);
    list_config_labels(child, place, images, reading);
  }
}

}  // namespace

std::string name_in_address(std::string_view address) {
  constexpr std::string_view kUpload = "/data/upload/", kLocal = "?d=";
  if (const size_t found = address.find(kLocal); found != std::string_view::npos) {
    return percent_decoded(address.substr(found + kLocal.size()));
  }
  if (const size_t found = address.find(kUpload); found != std::string_view::npos) {
    const std::string_view rest = address.substr(found + kUpload.size());
    const size_t slash = rest.find('/');
    const bool numbered = slash != std::string_view::npos && integer_in(rest.substr(0, slash)).has_value();
    return percent_decoded(numbered ? rest.substr(slash + 1) : rest);
  }
  if (address.find("://") == std::string_view::npos) return std::string(address);
  address = address.substr(0, address.find_first_of("?#"));
  return percent_decoded(address.substr(address.rfind('/') + 1));
}

void parse_label_studio(std::string text, std::string_view place, SetReading& reading, const LabelImages& images) {
  FindingLog log;
  const CocoDocument document(std::move(text), CocoLimits{}, log);
  log.refuse_errors(place);
  dom::array tasks;
  if (document.root().get(tasks) != simdjson::SUCCESS) {
    fail(ErrorKind::bad_data, "is no list of tasks", place, "export the project as \"JSON\"");
  }
  int64_t number = 0;
  for (const dom::element task : tasks) {
    TaskReader(task, fmt::format("{}: task {}", place, number++), images, reading).read();
  }
}

LabelImages parse_label_config(std::string_view text, std::string_view place, SetReading& reading) {
  LabelImages images;
  list_config_labels(parse_xml(text, place), place, images, reading);
  return images;
}

ReadSet read_label_studio_set(const fs::path& source, const ReadSetOptions& options) {
  std::error_code error;
  const fs::path file = fs::is_directory(source, error) ? source / "tasks.json" : source;
  const fs::path config = file.parent_path() / "label_config.xml";
  SetReading reading(options);
  LabelImages images;
  if (fs::is_regular_file(config, error))
    images = parse_label_config(reading.text_of(config), printable(config.string()), reading);
  parse_label_studio(reading.text_of(file), printable(file.string()), reading, images);
  return reading.take();
}

}  // namespace spinenet::data

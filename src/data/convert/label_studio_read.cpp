// The reading half of set_label_studio.h.
#include <cmath>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include <simdjson.h>

#include "base/error.h"
#include "base/format.h"
#include "base/printable.h"
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

std::optional<double> number_at(dom::element object, std::string_view key) {
  const auto value = value_at(object, key);
  double number = 0;
  if (!value || value->get(number) != simdjson::SUCCESS || !std::isfinite(number)) return std::nullopt;
  return number;
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
  TaskReader(dom::element task, std::string place, SetReading& reading)
      : task_(task), place_(std::move(place)), reading_(reading) {}

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
      bool cancelled = false;
      if (const auto flag = value_at(annotation, "was_cancelled"))
        cancelled = flag->get(cancelled) == simdjson::SUCCESS && cancelled;
      if (!chosen && !cancelled) {
        chosen = annotation;
      } else {
        reading_.leave_out("annotations that were cancelled or are a second one of their task", place_);
      }
    }
    return chosen;
  }

  SetImage described_image(dom::array results) {
    SetImage image;
    const auto data = value_at(task_, "data");
    if (!data) fail(ErrorKind::bad_data, "has no data", place_, "export the tasks as JSON");
    image.name = name_in_address(address_of(*data));
    const std::optional<double> width = number_at(*data, "width"), height = number_at(*data, "height");
    if (width && height) set_size(*width, *height, image);
    image.part = reading_.part(text_at(*data, "part"), place_);
    int64_t id = 0;
    if (const auto value = value_at(task_, "id"); value && value->get(id) == simdjson::SUCCESS) image.id = id;
    for (const dom::element result : results) {
      const std::optional<double> own_width = number_at(result, "original_width"),
                                  own_height = number_at(result, "original_height");
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

  std::string_view address_of(dom::element data) const {
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
    const double turn = number_at(result, "image_rotation").value_or(0);
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
    if (std::fmod(number_at(*value, "rotation").value_or(0), 360) != 0) {
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
    box.x1 = percent(number_at(value, "x"), image.width, place_);
    box.y1 = percent(number_at(value, "y"), image.height, place_);
    box.x2 = box.x1 + percent(number_at(value, "width"), image.width, place_);
    box.y2 = box.y1 + percent(number_at(value, "height"), image.height, place_);
    return box;
  }

  std::vector<double> polygon_of(dom::element value, const SetImage& image) const {
    std::vector<double> points;
    if (const std::optional<dom::array> list = list_at(value, "points")) {
      for (const dom::element point : *list) {
        dom::array pair;
        double x = 0, y = 0;
        const bool sound = point.get(pair) == simdjson::SUCCESS && pair.size() == 2 &&
                           pair.at(0).get(x) == simdjson::SUCCESS && pair.at(1).get(y) == simdjson::SUCCESS;
        points.push_back(percent(sound ? std::optional(x) : std::nullopt, image.width, place_));
        points.push_back(percent(sound ? std::optional(y) : std::nullopt, image.height, place_));
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
  SetReading& reading_;
  std::unordered_set<std::string> awaited_;           // ids of polygons that are still to be added
  std::unordered_map<std::string, size_t> polygons_;  // position of the object by the region's id
};

void list_config_labels(const XmlNode& node, std::string_view place, SetReading& reading) {
  const bool lists = node.name == "RectangleLabels" || node.name == "PolygonLabels" || node.name == "BrushLabels" ||
                     node.name == "Labels";
  for (const XmlNode& child : node.children) {
    const std::string* value = child.attribute("value");
    if (lists && child.name == "Label" && value != nullptr) reading.list_category(*value, place);
    list_config_labels(child, place, reading);
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

void parse_label_studio(std::string text, std::string_view place, SetReading& reading) {
  FindingLog log;
  const CocoDocument document(std::move(text), CocoLimits{}, log);
  log.refuse_errors(place);
  dom::array tasks;
  if (document.root().get(tasks) != simdjson::SUCCESS) {
    fail(ErrorKind::bad_data, "is no list of tasks", place, "export the project as \"JSON\"");
  }
  int64_t number = 0;
  for (const dom::element task : tasks) {
    TaskReader(task, fmt::format("{}: task {}", place, number++), reading).read();
  }
}

void parse_label_config(std::string_view text, std::string_view place, SetReading& reading) {
  list_config_labels(parse_xml(text, place), place, reading);
}

ReadSet read_label_studio_set(const fs::path& source, const ReadSetOptions& options) {
  std::error_code error;
  const fs::path file = fs::is_directory(source, error) ? source / "tasks.json" : source;
  const fs::path config = file.parent_path() / "label_config.xml";
  SetReading reading(options);
  if (fs::is_regular_file(config, error))
    parse_label_config(reading.text_of(config), printable(config.string()), reading);
  parse_label_studio(reading.text_of(file), printable(file.string()), reading);
  return reading.take();
}

}  // namespace spinenet::data

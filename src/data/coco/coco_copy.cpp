#include "data/coco/coco_copy.h"

#include <algorithm>
#include <array>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/format.h"
#include "base/json.h"
#include "data/coco/coco_values.h"

namespace spinenet::data {
namespace {

namespace dom = simdjson::dom;
// New values of one object by key, as JSON.
using Values = std::vector<std::pair<std::string_view, std::string>>;

// Ids that no annotation has: those above all others, and when these are used up, from 1.
class FreeIds {
 public:
  explicit FreeIds(dom::element root) {
    dom::array annotations;
    if (root["annotations"].get(annotations) != simdjson::SUCCESS) return;
    for (const dom::element annotation : annotations) {
      dom::element id;
      if (annotation["id"].get(id) != simdjson::SUCCESS) continue;
      const std::optional<double> number = read_number(id);
      if (number && *number >= 0 && *number <= static_cast<double>(kMaxId)) used_.insert(static_cast<int64_t>(*number));
    }
    if (!used_.empty()) last_ = *std::max_element(used_.begin(), used_.end());
  }
  int64_t next() {
    do {
      last_ = last_ < kMaxId ? last_ + 1 : 1;
    } while (!used_.insert(last_).second);
    return last_;
  }

 private:
  std::unordered_set<int64_t> used_;
  int64_t last_ = 0;
};

std::string polygons_text(const std::vector<std::vector<double>>& polygons) {
  std::string text = "[";
  for (const std::vector<double>& polygon : polygons) {
    text += fmt::format("{}[{}]", text.size() > 1 ? "," : "", fmt::join(polygon, ","));
  }
  return text + "]";
}

class Copy {
 public:
  Copy(const CocoDocument& document, const Inspection& inspection) : root_(document.root()), inspection_(inspection) {
    for (const auto& [position, repair] : inspection.annotations) renumbers_ = renumbers_ || repair.renumber;
  }

  std::string write() {
    if (renumbers_) ids_.emplace(root_);
    dom::object object;
    if (root_.get(object) != simdjson::SUCCESS) {
      append(root_);
    } else {
      write_root(object);
    }
    out_ += '\n';
    return std::move(out_);
  }

 private:
  void append(dom::element element) { out_ += simdjson::minify(element); }
  void append_key(std::string_view key) { out_ += Json(key).dump() + ":"; }

  void write_root(dom::object object) {
    char before = '{';
    for (const auto field : object) {
      out_ += before;
      before = ',';
      append_key(field.key);
      if (field.key == "annotations") {
        write_list(field.value, [this](int64_t at, Values& values) { return repair_annotation(at, values); });
      } else if (field.key == "images") {
        write_list(field.value, [this](int64_t at, Values& values) { return repair_image(at, values); });
      } else if (field.key == "categories") {
        write_list(field.value, [this](int64_t at, Values& values) { return repair_category(at, values); });
      } else {
        append(field.value);
      }
    }
    out_ += before == '{' ? "{}" : "}";
  }

  // `repair` fills in the new values of an entry, or says that it is left out.
  template <class Repair>
  void write_list(dom::element element, const Repair& repair) {
    dom::array list;
    if (element.get(list) != simdjson::SUCCESS) return append(element);
    out_ += '[';
    bool first = true;
    int64_t position = -1;
    Values values;
    for (const dom::element entry : list) {
      values.clear();
      if (!repair(++position, values)) continue;
      if (!first) out_ += ',';
      first = false;
      dom::object object;
      if (values.empty() || entry.get(object) != simdjson::SUCCESS) {
        append(entry);
      } else {
        write_object(object, values);
      }
    }
    out_ += ']';
  }

  void write_object(dom::object object, Values& values) {
    char before = '{';
    for (const auto field : object) {
      out_ += before;
      before = ',';
      append_key(field.key);
      const auto value = std::ranges::find(values, field.key, &Values::value_type::first);
      if (value == values.end()) {
        append(field.value);
      } else {
        out_ += value->second;
        values.erase(value);
      }
    }
    for (const auto& [key, value] : values) {
      out_ += before;
      before = ',';
      append_key(key);
      out_ += value;
    }
    out_ += '}';
  }

  bool repair_annotation(int64_t position, Values& values) {
    const auto found = inspection_.annotations.find(position);
    if (found == inspection_.annotations.end()) return true;
    const AnnotationRepair& repair = found->second;
    if (repair.drop != DropReason::none) return false;
    if (repair.renumber) values.emplace_back("id", std::to_string(ids_->next()));
    if (repair.crowd) values.emplace_back("iscrowd", std::to_string(*repair.crowd));
    if (repair.bbox) values.emplace_back("bbox", fmt::format("[{}]", fmt::join(*repair.bbox, ",")));
    if (repair.area) values.emplace_back("area", fmt::format("{}", *repair.area));
    if (repair.polygons) values.emplace_back("segmentation", polygons_text(*repair.polygons));
    return true;
  }

  bool repair_image(int64_t position, Values& values) const {
    const auto found = inspection_.image_sizes.find(position);
    if (found == inspection_.image_sizes.end()) return true;
    values.emplace_back("height", std::to_string(found->second.height));
    values.emplace_back("width", std::to_string(found->second.width));
    return true;
  }

  bool repair_category(int64_t position, Values& values) const {
    const auto found = inspection_.categories.find(position);
    if (found == inspection_.categories.end()) return true;
    const CategoryRepair& repair = found->second;
    if (repair.name) values.emplace_back("name", Json(*repair.name).dump());
    if (repair.supercategory) values.emplace_back("supercategory", Json(*repair.supercategory).dump());
    return true;
  }

  dom::element root_;
  const Inspection& inspection_;
  bool renumbers_ = false;
  std::optional<FreeIds> ids_;
  std::string out_;
};

}  // namespace

std::string repaired_copy(const CocoDocument& document, const Inspection& inspection) {
  return Copy(document, inspection).write();
}

}  // namespace spinenet::data

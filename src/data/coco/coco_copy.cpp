#include "data/coco/coco_copy.h"

#include <algorithm>
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

// Goes through the text of sound JSON value by value.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  // The next character that is no space, if it is this one; it is passed over then.
  bool take(char wanted) {
    skip_spaces();
    if (at_ >= text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }
  // The text of the next value, passed over.
  std::string_view value() {
    skip_spaces();
    const size_t begin = at_;
    int depth = 0;
    do {
      const char c = text_[at_];
      if (c == '"') {
        skip_string();
      } else {
        if (c == '{' || c == '[') ++depth;
        if (c == '}' || c == ']') --depth;
        ++at_;
        if (depth == 0 && c != '}' && c != ']') skip_scalar();
      }
    } while (depth > 0);
    return text_.substr(begin, at_ - begin);
  }

 private:
  void skip_spaces() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t'))
      ++at_;
  }
  void skip_string() {
    for (++at_; text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\\') ++at_;
    }
    ++at_;
  }
  // The rest of a number or a word.
  void skip_scalar() { at_ = std::min(text_.find_first_of(" \n\r\t,}]", at_), text_.size()); }

  std::string_view text_;
  size_t at_ = 0;
};

// Tree and text are walked together: keys and kinds are those of the tree, and what stays is copied as it is written.
class Copy {
 public:
  Copy(const CocoDocument& document, const Inspection& inspection) : document_(document), inspection_(inspection) {}

  std::string write() {
    const auto renumbers = [](const auto& repair) { return repair.second.renumber; };
    if (std::ranges::any_of(inspection_.annotations, renumbers)) ids_.emplace(document_.root());
    out_.reserve(document_.text().size() + document_.text().size() / 64 + kSpare);
    Cursor cursor(document_.text());
    dom::object object;
    if (document_.root().get(object) == simdjson::SUCCESS) {
      write_root(object, cursor);
    } else {
      out_ += cursor.value();
    }
    out_ += '\n';
    return std::move(out_);
  }

 private:
  static constexpr size_t kSpare = 4096;

  void write_root(dom::object object, Cursor& cursor) {
    cursor.take('{');
    out_ += '{';
    for (const auto field : object) {
      if (cursor.take(',')) out_ += ',';
      out_ += cursor.value();
      cursor.take(':');
      out_ += ':';
      if (field.key == "annotations") {
        write_list(field.value, cursor, [this](int64_t at, Values& values) { return repair_annotation(at, values); });
      } else if (field.key == "images") {
        write_list(field.value, cursor, [this](int64_t at, Values& values) { return repair_image(at, values); });
      } else if (field.key == "categories") {
        write_list(field.value, cursor, [this](int64_t at, Values& values) { return repair_category(at, values); });
      } else {
        out_ += cursor.value();
      }
    }
    out_ += '}';
  }

  // `repair` fills in the new values of an entry, or says that it is left out.
  template <class Repair>
  void write_list(dom::element element, Cursor& cursor, const Repair& repair) {
    dom::array list;
    if (element.get(list) != simdjson::SUCCESS) {
      out_ += cursor.value();
      return;
    }
    cursor.take('[');
    out_ += '[';
    bool first = true;
    int64_t position = -1;
    Values values;
    for (const dom::element entry : list) {
      cursor.take(',');
      const std::string_view text = cursor.value();
      values.clear();
      if (!repair(++position, values)) continue;
      if (!first) out_ += ',';
      first = false;
      dom::object object;
      if (values.empty() || entry.get(object) != simdjson::SUCCESS) {
        out_ += text;
      } else {
        write_object(object, Cursor(text), values);
      }
    }
    cursor.take(']');
    out_ += ']';
  }

  void write_object(dom::object object, Cursor cursor, Values& values) {
    cursor.take('{');
    char before = '{';
    for (const auto field : object) {
      cursor.take(',');
      out_ += before;
      before = ',';
      out_ += cursor.value();
      out_ += ':';
      cursor.take(':');
      const std::string_view text = cursor.value();
      const auto value = std::ranges::find(values, field.key, &Values::value_type::first);
      out_ += value == values.end() ? text : value->second;
      if (value != values.end()) values.erase(value);
    }
    for (const auto& [key, value] : values) {
      out_ += fmt::format("{}\"{}\":{}", before, key, value);
      before = ',';
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

  const CocoDocument& document_;
  const Inspection& inspection_;
  std::optional<FreeIds> ids_;
  std::string out_;
};

}  // namespace

std::string repaired_copy(const CocoDocument& document, const Inspection& inspection) {
  return Copy(document, inspection).write();
}

}  // namespace spinenet::data

#include "data/convert/coco_tree.h"

#include <memory>

#include "base/error.h"
#include "base/files.h"
#include "base/format.h"
#include "base/json.h"
#include "data/coco/coco.h"

namespace spinenet::data {
namespace {

namespace dom = simdjson::dom;

}  // namespace

std::vector<dom::element> CocoTree::entries(std::string_view list) const {
  std::vector<dom::element> found;
  dom::array array;
  if (root()[list].get(array) != simdjson::SUCCESS) return found;
  for (const dom::element entry : array) found.push_back(entry);
  return found;
}

CocoTree parse_coco_tree(const std::string& text, std::string_view place) {
  CocoTree tree;
  tree.place = std::string(place);
  tree.content = parse_coco_aloud(text, place);
  FindingLog log;
  tree.document = std::make_unique<CocoDocument>(text, CocoLimits{}, log);
  log.refuse_errors(place);
  return tree;
}

CocoTree read_coco_tree(const std::filesystem::path& path) {
  FindingLog log;
  const std::string text = read_limited(path.string(), CocoLimits{}, log);
  log.refuse_errors(path.string());
  return parse_coco_tree(text, path.string());
}

std::string json_string(std::string_view text) {
  return Json(text).dump();
}

std::string object_with(dom::element element, const NewValues& values) {
  std::string text = "{";
  std::vector<bool> used(values.size(), false);
  const auto add = [&](std::string_view key, const std::string& value) {
    text += fmt::format("{}{}: {}", text.size() > 1 ? ", " : "", json_string(key), value);
  };
  dom::object object;
  if (element.get(object) != simdjson::SUCCESS) return simdjson::minify(element);
  for (const auto& [key, value] : object) {
    std::string own;
    for (size_t i = 0; i < values.size(); ++i) {
      if (values[i].first != key) continue;
      own = values[i].second;
      used[i] = true;
    }
    add(key, own.empty() ? std::string(simdjson::minify(value)) : own);
  }
  for (size_t i = 0; i < values.size(); ++i) {
    if (!used[i]) add(values[i].first, values[i].second);
  }
  return text + "}";
}

void JsonText::add_key(std::string_view key) {
  text_ += fmt::format("{}\n  {}: ", first_ ? "" : ",", json_string(key));
  first_ = false;
}

void JsonText::add(std::string_view key, std::string_view value) {
  add_key(key);
  text_ += value;
}

void JsonText::begin_list(std::string_view key) {
  add_key(key);
  text_ += "[";
  first_entry_ = true;
}

void JsonText::add_entry(std::string_view entry) {
  text_ += first_entry_ ? "\n    " : ",\n    ";
  text_ += entry;
  first_entry_ = false;
}

void JsonText::end_list() {
  text_ += first_entry_ ? "]" : "\n  ]";
}

std::string JsonText::finish() {
  return std::move(text_) + "\n}\n";
}

}  // namespace spinenet::data

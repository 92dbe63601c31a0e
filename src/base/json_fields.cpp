#include "base/json_fields.h"

#include <algorithm>

#include "base/error.h"
#include "base/format.h"
#include "base/known_names.h"

namespace spinenet {
namespace {

constexpr int64_t kLargestInteger = 1'000'000;

[[noreturn]] void refuse_json(std::string_view what, std::string_view place) {
  fail(ErrorKind::bad_data, what, place);
}

}  // namespace

void read_json_value(const JsonPlace& from, bool& value) {
  if (!from.json.is_boolean()) refuse_json("expected true or false", from.place);
  value = from.json.get<bool>();
}

void read_json_value(const JsonPlace& from, int& value) {
  if (!from.json.is_number_integer()) refuse_json("expected an integer", from.place);
  const auto number = from.json.get<int64_t>();
  if (number < -kLargestInteger || number > kLargestInteger) refuse_json("number is out of range", from.place);
  value = static_cast<int>(number);
}

void read_json_value(const JsonPlace& from, double& value) {
  if (!from.json.is_number()) refuse_json("expected a number", from.place);
  value = from.json.get<double>();
}

void read_json_value(const JsonPlace& from, std::string& value) {
  if (!from.json.is_string()) refuse_json("expected a text", from.place);
  value = from.json.get<std::string>();
}

void read_json_value(const JsonPlace& from, std::vector<double>& value) {
  if (!from.json.is_array()) refuse_json("expected a list of numbers", from.place);
  value.clear();
  for (const Json& item : from.json) {
    if (!item.is_number()) refuse_json("expected numbers", from.place);
    value.push_back(item.get<double>());
  }
}

void read_json_integers(const JsonPlace& from, std::span<int> values) {
  if (!from.json.is_array() || from.json.size() != values.size()) {
    refuse_json(fmt::format("expected {} integers: {}", values.size(), from.wanted), from.place);
  }
  for (size_t i = 0; i < values.size(); ++i) read_json_value({from.json[i], from.place, from.wanted}, values[i]);
}

void read_json_numbers(const JsonPlace& from, std::span<double> values) {
  if (!from.json.is_array() || from.json.size() != values.size()) {
    refuse_json(fmt::format("expected {} numbers: {}", values.size(), from.wanted), from.place);
  }
  for (size_t i = 0; i < values.size(); ++i) read_json_value({from.json[i], from.place, from.wanted}, values[i]);
}

std::vector<JsonPlace> json_items(const JsonPlace& from) {
  if (!from.json.is_array()) refuse_json(fmt::format("expected a list: {}", from.wanted), from.place);
  std::vector<JsonPlace> items;
  for (size_t i = 0; i < from.json.size(); ++i) {
    items.push_back({from.json[i], fmt::format("{}/{}", from.place, i), from.wanted});
  }
  return items;
}

JsonReader::JsonReader(const Json& json, std::string place) : json_(json), place_(std::move(place)) {
  if (!json.is_object()) refuse_json("expected an object", place_);
}

const Json* JsonReader::find(std::string_view name) {
  known_.emplace_back(name);
  const auto found = json_.find(name);
  return found == json_.end() ? nullptr : &*found;
}

const Json& JsonReader::need(std::string_view name) {
  const Json* found = find(name);
  if (found == nullptr) refuse_json(fmt::format("\"{}\" is missing", name), place_);
  return *found;
}

const Json* JsonReader::find_list(std::string_view name, const ListOf& of) {
  const Json* found = of.needed ? &need(name) : find(name);
  if (found == nullptr) return nullptr;
  const std::string place = place_of(name);
  if (!found->is_array()) refuse_json(fmt::format("expected a list of {}", of.items), place);
  if (found->size() >= of.least && found->size() <= of.most) return found;
  refuse_json(of.least > 0 ? fmt::format("expected {} to {} {}", of.least, of.most, of.items)
                           : fmt::format("more than {} {}", of.most, of.items),
              place);
}

void JsonReader::list_of(std::string_view name, std::vector<int>& values, const ListOf& of) {
  const Json* found = find_list(name, of);
  if (found == nullptr) return;
  values.resize(found->size());
  read_json_integers({*found, place_of(name), of.items}, values);
}

size_t JsonReader::kind_among(std::span<const std::string_view> kinds) {
  std::string kind(kinds.front());
  (*this)("kind", kind, "");
  const auto found = std::find(kinds.begin(), kinds.end(), kind);
  if (found == kinds.end()) unknown_name(ErrorKind::bad_data, "kind", kind, kinds, place_of("kind"));
  return static_cast<size_t>(found - kinds.begin());
}

std::string JsonReader::place_of(std::string_view name) const {
  return fmt::format("{}/{}", place_, name);
}

void JsonReader::finish() const {
  for (const auto& [key, value] : json_.items()) {
    if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
    unknown_name(ErrorKind::bad_data, "key", key, known_, place_);
  }
}

void JsonWriter::add(std::string_view name, Json value, bool if_changed) {
  entries_.push_back({std::string(name), std::move(value), if_changed});
}

Json JsonWriter::object_beside(const JsonWriter& defaults) const {
  Json object = Json::object();
  for (size_t i = 0; i < entries_.size(); ++i) {
    const Entry& entry = entries_[i];
    if (!entry.if_changed || entry.value != defaults.entries_[i].value) object[entry.name] = entry.value;
  }
  return object;
}

}  // namespace spinenet

#include "data/coco/coco_fields.h"

#include "base/format.h"

namespace spinenet::data {
namespace {

namespace dom = simdjson::dom;

constexpr Reading kT = Reading::taken;
constexpr Reading kC = Reading::converted;
constexpr Reading kR = Reading::refused;
constexpr std::string_view kId = "an integer from 0 to 2^53";
constexpr std::string_view kPixels = "an integer of pixels";
constexpr std::string_view kBox = "a list of four numbers";

// One row a field; columns: missing, null, boolean, number, text, list, object.
constexpr std::array<FieldRule, kFields> kFieldRules{{
    {"images", "id", kId, {kR, kR, kR, kT, kR, kR, kR}, ""},
    {"images", "file_name", "a text", {kR, kR, kR, kR, kT, kR, kR}, ""},
    {"images", "height", kPixels, {kR, kR, kR, kT, kR, kR, kR}, ""},
    {"images", "width", kPixels, {kR, kR, kR, kT, kR, kR, kR}, ""},
    {"annotations", "id", kId, {kR, kR, kR, kT, kR, kR, kR}, ""},
    {"annotations", "image_id", kId, {kR, kR, kR, kT, kR, kR, kR}, ""},
    {"annotations", "category_id", kId, {kR, kR, kR, kT, kR, kR, kR}, ""},
    {"annotations", "bbox", kBox, {kR, kR, kR, kR, kR, kT, kR}, ""},
    {"annotations", "area", "a number, 0 or more", {kC, kC, kR, kT, kR, kR, kR}, "the area of the mask, or of the box"},
    {"annotations",
     "iscrowd",
     "a number, 0 or 1",
     {kC, kC, kC, kT, kR, kR, kR},
     "true is 1; false, null and none are 0"},
    {"annotations", "segmentation", "a list of polygons or a run-length code", {kC, kC, kR, kR, kR, kT, kT}, "no mask"},
    {"categories", "id", kId, {kR, kR, kR, kT, kR, kR, kR}, ""},
    {"categories",
     "name",
     "a text",
     {kC, kC, kR, kC, kT, kR, kR},
     "an integer is its digits; null and none are the id"},
    {"categories", "supercategory", "a text", {kC, kC, kR, kC, kT, kR, kR}, "an integer is its digits; null is none"},
    {"results", "image_id", kId, {kR, kR, kR, kT, kR, kR, kR}, ""},
    {"results", "category_id", kId, {kR, kR, kR, kT, kR, kR, kR}, ""},
    {"results", "score", "a number", {kR, kR, kR, kT, kR, kR, kR}, ""},
    {"results", "bbox", kBox, {kC, kC, kR, kR, kR, kT, kR}, "the box of the mask"},
    {"results", "segmentation", "a run-length code", {kC, kC, kR, kR, kR, kR, kT}, "no mask"},
}};

// A short value as it is written; "" where that would say nothing more than the type does.
std::string shown(const dom::element& element) {
  constexpr size_t kLongest = 40;
  if (element.is_array() || element.is_object() || element.is_null()) return "";
  std::string text = simdjson::to_string(element);
  if (text.size() <= kLongest) return fmt::format(" ({})", text);
  return "";
}

std::string refusal(Field field, const MaybeElement& element) {
  const JsonType type = type_of(element);
  return fmt::format("is {}{}; {} is wanted", words_for(type), element ? shown(*element) : "", rule_of(field).wanted);
}

}  // namespace

JsonType type_of(const MaybeElement& element) {
  if (!element) return JsonType::missing;
  switch (element->type()) {
    case dom::element_type::NULL_VALUE:
      return JsonType::null;
    case dom::element_type::BOOL:
      return JsonType::boolean;
    case dom::element_type::INT64:
    case dom::element_type::UINT64:
    case dom::element_type::DOUBLE:
      return JsonType::number;
    case dom::element_type::STRING:
      return JsonType::text;
    case dom::element_type::ARRAY:
      return JsonType::list;
    case dom::element_type::OBJECT:
      return JsonType::object;
  }
  return JsonType::missing;
}

std::string_view words_for(JsonType type) {
  constexpr std::array<std::string_view, kJsonTypes> kWords{"missing", "null",   "a boolean", "a number",
                                                            "a text",  "a list", "an object"};
  return kWords[static_cast<size_t>(type)];
}

std::span<const FieldRule, kFields> field_rules() {
  return kFieldRules;
}

const FieldRule& rule_of(Field field) {
  return kFieldRules[static_cast<size_t>(field)];
}

Reading reading_of(Field field, const MaybeElement& element) {
  return rule_of(field).readings[static_cast<size_t>(type_of(element))];
}

std::string why_refused(Field field, const MaybeElement& element) {
  return reading_of(field, element) == Reading::refused ? refusal(field, element) : "";
}

std::string why_refused_value(Field field, const MaybeElement& element) {
  return refusal(field, element);
}

}  // namespace spinenet::data

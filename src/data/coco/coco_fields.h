// The fields of COCO files that are read, and what each type of JSON value means there: it is taken, converted by a
// stated rule, or refused by name. One table (field_rules) that checking, repairing and reading (for training,
// evaluation, results and classes) all go by; docs/data.md shows it.
//
// A value of a type that the table does not take never gets another meaning. What a value of the right type may be (0
// or 1, above 0) is for coco_values.h.
//
// Thread contract: pure functions and plain data. Only this module's .cpp files include this header.
// Source: the format of https://cocodataset.org, and what pycocotools computes with.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <simdjson.h>

namespace spinenet::data {

using MaybeElement = std::optional<simdjson::dom::element>;

enum class JsonType { missing, null, boolean, number, text, list, object };
inline constexpr int kJsonTypes = static_cast<int>(JsonType::object) + 1;
JsonType type_of(const MaybeElement& element);
// As in "a boolean", for messages.
std::string_view words_for(JsonType type);

enum class Reading { taken, converted, refused };

// In the order of the table.
enum class Field {
  image_id,
  image_file_name,
  image_height,
  image_width,
  annotation_id,
  annotation_image_id,
  annotation_category_id,
  annotation_bbox,
  annotation_area,
  annotation_iscrowd,
  annotation_segmentation,
  category_id,
  category_name,
  category_supercategory,
  result_image_id,
  result_category_id,
  result_score,
  result_bbox,
  result_segmentation,
};
inline constexpr int kFields = static_cast<int>(Field::result_segmentation) + 1;

struct FieldRule {
  std::string_view list, key;
  std::string_view wanted;                     // as in "a number, 0 or 1"
  std::array<Reading, kJsonTypes> readings{};  // by JsonType
  std::string_view conversion;                 // the rule in words; "" where nothing is converted
};
std::span<const FieldRule, kFields> field_rules();
const FieldRule& rule_of(Field field);
Reading reading_of(Field field, const MaybeElement& element);
// As in "is a text ("yes"); a number, 0 or 1, is wanted"; "" when the table does not refuse it.
std::string why_refused(Field field, const MaybeElement& element);
// The same where the type is right and the value is not.
std::string why_refused_value(Field field, const MaybeElement& element);

// The values of one entry of `annotations` by key, found in one pass over the entry.
struct AnnotationFields {
  MaybeElement id, image_id, category_id, bbox, area, crowd, segmentation, score;

  explicit AnnotationFields(simdjson::dom::object object) {
    for (const auto field : object) {
      if (auto* value = slot(field.key)) *value = field.value;
    }
  }

 private:
  MaybeElement* slot(std::string_view key) {
    if (key == "segmentation") return &segmentation;
    if (key == "bbox") return &bbox;
    if (key == "area") return &area;
    if (key == "iscrowd") return &crowd;
    if (key == "image_id") return &image_id;
    if (key == "category_id") return &category_id;
    if (key == "id") return &id;
    if (key == "score") return &score;
    return nullptr;
  }
};

}  // namespace spinenet::data

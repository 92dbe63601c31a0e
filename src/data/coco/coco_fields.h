// The values of one entry of `annotations` by key, found in one pass over the entry.
//
// Thread contract: plain data. Only this module's .cpp files include this header.
#pragma once

#include <optional>

#include <simdjson.h>

namespace spinenet::data {

struct AnnotationFields {
  std::optional<simdjson::dom::element> id, image_id, category_id, bbox, area, crowd, segmentation, score;

  explicit AnnotationFields(simdjson::dom::object object) {
    for (const auto field : object) {
      if (auto* value = slot(field.key)) *value = field.value;
    }
  }

 private:
  std::optional<simdjson::dom::element>* slot(std::string_view key) {
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

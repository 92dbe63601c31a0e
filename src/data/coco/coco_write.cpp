#include <cmath>

#include "base/error.h"
#include "base/format.h"
#include "data/coco/coco.h"
#include "data/coco/coco_rules.h"

namespace spinenet::data {
namespace {

Json segmentation_to_json(const detect::Segmentation& segmentation) {
  if (segmentation.rle.counts.empty()) return segmentation.polygons;
  Json json;
  json["size"] = {segmentation.rle.height, segmentation.rle.width};
  json["counts"] = detect::rle_to_text(segmentation.rle);
  return json;
}

Json annotation_to_json(const detect::Annotation& annotation) {
  Json json;
  json["id"] = annotation.id;
  json["image_id"] = annotation.image_id;
  json["category_id"] = annotation.category_id;
  json["bbox"] = annotation.bbox;
  json["area"] = annotation.area;
  json["iscrowd"] = annotation.crowd ? 1 : 0;
  if (!annotation.segmentation.empty()) json["segmentation"] = segmentation_to_json(annotation.segmentation);
  return json;
}

// The text form's characters are those from 48 to 111; of them only the backslash needs an escape.
std::string escape_backslashes(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

}  // namespace

Json to_json(const detect::Annotations& annotations) {
  Json json;
  json["images"] = Json::array();
  for (const detect::ImageInfo& image : annotations.images) {
    Json entry;
    entry["id"] = image.id;
    entry["file_name"] = image.file_name;
    entry["height"] = image.height;
    entry["width"] = image.width;
    json["images"].push_back(std::move(entry));
  }
  json["annotations"] = Json::array();
  for (const detect::Annotation& annotation : annotations.annotations) {
    json["annotations"].push_back(annotation_to_json(annotation));
  }
  json["categories"] = Json::array();
  for (const detect::Category& category : annotations.categories) {
    Json entry;
    entry["id"] = category.id;
    entry["name"] = category.name;
    if (!category.supercategory.empty()) entry["supercategory"] = category.supercategory;
    json["categories"].push_back(std::move(entry));
  }
  return json;
}

std::string results_to_text(std::span<const detect::Result> results) {
  fmt::memory_buffer text;
  const auto out = fmt::appender(text);
  std::string_view separator = "[";
  for (const detect::Result& result : results) {
    bool finite = std::isfinite(result.score);
    for (const double number : result.bbox) finite = finite && std::isfinite(number);
    if (!finite) {
      fail(ErrorKind::failed, fmt::format("a result of image {} has a number that is not finite", result.image_id));
    }
    fmt::format_to(out, "{}{{\"image_id\":{},\"category_id\":{},\"bbox\":{},\"score\":{}", separator, result.image_id,
                   result.category_id, bbox_text(result.bbox), result.score);
    if (!result.mask.counts.empty()) {
      fmt::format_to(out, ",\"segmentation\":{{\"size\":[{},{}],\"counts\":\"{}\"}}", result.mask.height,
                     result.mask.width, escape_backslashes(detect::rle_to_text(result.mask)));
    }
    fmt::format_to(out, "}}");
    separator = ",\n";
  }
  text.append(std::string_view(results.empty() ? "[]\n" : "]\n"));
  return fmt::to_string(text);
}

}  // namespace spinenet::data

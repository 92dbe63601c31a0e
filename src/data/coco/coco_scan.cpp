#include "data/coco/coco_scan.h"

#include <unordered_set>
#include <utility>

#include "base/format.h"
#include "data/coco/coco_fields.h"
#include "data/coco/coco_values.h"

namespace spinenet::data {
namespace {

namespace dom = simdjson::dom;
using MaybeElement = std::optional<dom::element>;

MaybeElement find(dom::object object, std::string_view key) {
  dom::element element;
  if (object.at_key(key).get(element) != simdjson::SUCCESS) return std::nullopt;
  return element;
}

std::string read_text(const MaybeElement& element) {
  std::string_view text;
  if (!element || element->get(text) != simdjson::SUCCESS) return "";
  return std::string(text);
}

}  // namespace

CocoScan::CocoScan(dom::element root, const ScanOptions& options, FindingLog& log) : options_(options), log_(log) {
  dom::object object;
  if (root.get(object) != simdjson::SUCCESS) {
    log_.add(Fault::not_an_object, "", "the top level is not an object");
    return;
  }
  if (const auto entries = list(object, "categories")) scan_categories(*entries);
  if (const auto entries = list(object, "images")) scan_images(*entries);
  annotations_ = list(object, "annotations");
}

std::optional<dom::array> CocoScan::list(dom::object object, std::string_view name) {
  const MaybeElement element = find(object, name);
  dom::array entries;
  if (element && element->get(entries) == simdjson::SUCCESS) return entries;
  log_.add(Fault::list_missing, fmt::format("/{}", name), element ? "is not a list" : "is missing");
  return std::nullopt;
}

void CocoScan::scan_categories(dom::array entries) {
  std::unordered_set<std::string> names;
  int64_t position = -1;
  for (const dom::element entry : entries) {
    ++position;
    dom::object object;
    if (entry.get(object) != simdjson::SUCCESS) {
      log_.add(Fault::bad_id, Place{"categories", position, ""}, "is not an object with an id");
      continue;
    }
    std::string why;
    const std::optional<int64_t> id = read_id(find(object, "id"), why);
    if (!id) {
      log_.add(Fault::bad_id, Place{"categories", position, "id"}, fmt::format("the id {}", why));
      continue;
    }
    if (!category_ids_.insert(*id).second) {
      log_.add(Fault::duplicate_category_id, Place{"categories", position, "id"},
               fmt::format("id {} is used twice", *id));
      continue;
    }
    detect::Category category{*id, read_text(find(object, "name")), read_text(find(object, "supercategory"))};
    if (category.name.empty()) {
      log_.add(Fault::duplicate_category_name, Place{"categories", position, "name"}, "the name is missing");
      category.name = std::to_string(*id);
    }
    if (!names.insert(category.name).second) {
      const std::string what = fmt::format("the name \"{}\" is used twice", category.name);
      log_.add(Fault::duplicate_category_name, Place{"categories", position, "name"}, what);
    }
    content_.categories.push_back(std::move(category));
  }
}

void CocoScan::scan_images(dom::array entries) {
  int64_t position = -1;
  for (const dom::element entry : entries) {
    if (!scan_image(entry, ++position)) ++dropped_images_;
  }
}

bool CocoScan::scan_image(dom::element entry, int64_t position) {
  dom::object object;
  if (entry.get(object) != simdjson::SUCCESS) {
    log_.add(Fault::bad_id, Place{"images", position, ""}, "is not an object with an id");
    return false;
  }
  std::string why;
  const std::optional<int64_t> id = read_id(find(object, "id"), why);
  if (!id) {
    log_.add(Fault::bad_id, Place{"images", position, "id"}, fmt::format("the id {}", why));
    return false;
  }
  if (!image_of_id_.emplace(*id, images_.size()).second) {
    log_.add(Fault::duplicate_image_id, Place{"images", position, "id"}, fmt::format("id {} is used twice", *id));
    return false;
  }
  ScannedImage image;
  image.position = position;
  image.info.id = *id;
  image.info.file_name = read_text(find(object, "file_name"));
  why = unsafe_file_name_reason(image.info.file_name);
  if (!why.empty()) {
    image.safe_name = false;
    log_.add(Fault::unsafe_file_name, Place{"images", position, "file_name"}, fmt::format("the file name {}", why));
  }
  const std::optional<int64_t> height = read_side(find(object, "height"));
  const std::optional<int64_t> width = read_side(find(object, "width"));
  if (height && width) {
    image.info.height = *height;
    image.info.width = *width;
  }
  images_.push_back(std::move(image));
  return true;
}

void CocoScan::scan_annotations() {
  for (const ScannedImage& image : images_) {
    if (image.info.height > 0) continue;
    log_.add(Fault::wrong_image_size, Place{"images", image.position, "width"},
             "height and width are not both integers of pixels");
  }
  if (!annotations_) return;
  const size_t expected = annotations_->size();
  content_.annotations.reserve(expected);
  annotation_ids_.reserve(expected);
  int64_t position = -1;
  for (const dom::element entry : *annotations_) {
    if (!scan_annotation(entry, ++position)) ++dropped_annotations_;
  }
  judge_conventions();
}

bool CocoScan::scan_annotation(dom::element entry, int64_t position) {
  dom::object object;
  if (entry.get(object) != simdjson::SUCCESS) {
    log_.add(Fault::bad_id, Place{"annotations", position, ""}, "is not an object with an id");
    return false;
  }
  const AnnotationFields fields(object);
  detect::Annotation annotation;
  const int64_t errors_before = log_.errors();
  const ScannedImage* image = read_ids(fields, annotation, position);
  const bool box = read_box(fields, image, annotation, position);
  const bool mask = !options_.segmentations || read_segmentation(fields, image, annotation, position);
  read_crowd(fields, annotation, position);
  if (box && mask) read_area(fields, annotation, position);
  if (image == nullptr || image->info.height == 0 || log_.errors() != errors_before) return false;
  content_.annotations.push_back(std::move(annotation));
  return true;
}

// The image it belongs to, nullptr when unknown.
const ScannedImage* CocoScan::read_ids(const AnnotationFields& fields, detect::Annotation& annotation,
                                       int64_t position) {
  std::string why;
  const std::optional<int64_t> id = read_id(fields.id, why);
  if (!id) {
    log_.add(Fault::bad_id, Place{"annotations", position, "id"}, fmt::format("the id {}", why));
  } else if (!annotation_ids_.insert(*id).second) {
    const std::string what = fmt::format("id {} is used twice", *id);
    log_.add(Fault::duplicate_annotation_id, Place{"annotations", position, "id"}, what);
    if (AnnotationRepair* mend = repair(position)) mend->renumber = true;
  }
  annotation.id = id.value_or(0);
  const std::optional<int64_t> category = read_id(fields.category_id, why);
  if (!category) {
    log_.add(Fault::bad_id, Place{"annotations", position, "category_id"}, fmt::format("the category_id {}", why));
  } else if (!category_ids_.contains(*category)) {
    const std::string what = fmt::format("no category has the id {}", *category);
    log_.add(Fault::unknown_category, Place{"annotations", position, "category_id"}, what);
    if (AnnotationRepair* mend = repair(position)) mend->drop = true;
  }
  annotation.category_id = category.value_or(0);
  const std::optional<int64_t> image_id = read_id(fields.image_id, why);
  if (!image_id) {
    log_.add(Fault::bad_id, Place{"annotations", position, "image_id"}, fmt::format("the image_id {}", why));
    return nullptr;
  }
  annotation.image_id = *image_id;
  const auto found = image_of_id_.find(*image_id);
  if (found != image_of_id_.end()) return &images_[found->second];
  const std::string what = fmt::format("no image has the id {}", *image_id);
  log_.add(Fault::unknown_image, Place{"annotations", position, "image_id"}, what);
  if (AnnotationRepair* mend = repair(position)) mend->drop = true;
  return nullptr;
}

void CocoScan::judge_conventions() {
  if (statistics_.look_like_corners()) {
    log_.add(
        Fault::looks_like_corners, "/annotations",
        fmt::format("{} of {} boxes leave their image as x, y, width, height, and nearly all fit as x1, y1, x2, y2",
                    statistics_.out_of_image(), statistics_.boxes()));
  }
  if (statistics_.look_normalised()) {
    log_.add(Fault::looks_normalised, "/annotations",
             fmt::format("nearly all numbers of {} boxes are between 0 and 1", statistics_.boxes()));
  }
}

AnnotationRepair* CocoScan::repair(int64_t position) {
  return options_.repairs ? &repairs_[position] : nullptr;
}

detect::Annotations CocoScan::take() {
  content_.images.reserve(images_.size());
  for (ScannedImage& image : images_) {
    if (image.info.height == 0) {
      ++dropped_images_;
    } else {
      content_.images.push_back(std::move(image.info));
    }
  }
  images_.clear();
  return std::move(content_);
}

}  // namespace spinenet::data

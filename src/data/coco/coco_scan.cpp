#include "data/coco/coco_scan.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "base/format.h"
#include "data/coco/coco_fields.h"
#include "data/coco/coco_values.h"

namespace spinenet::data {
namespace {

namespace dom = simdjson::dom;
MaybeElement find(dom::object object, std::string_view key) {
  dom::element element;
  if (object.at_key(key).get(element) != simdjson::SUCCESS) return std::nullopt;
  return element;
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

CocoScan::CocoScan(const CocoScan& whole, FindingLog& log)
    : options_(whole.options_), log_(log), lists_(whole.lists_) {}

std::optional<dom::array> CocoScan::list(dom::object object, std::string_view name) {
  const MaybeElement element = find(object, name);
  dom::array entries;
  if (element && element->get(entries) == simdjson::SUCCESS) return entries;
  log_.add(Fault::list_missing, fmt::format("/{}", name), element ? "is not a list" : "is missing");
  return std::nullopt;
}

void CocoScan::scan_categories(dom::array entries) {
  lists_->categories_known = true;
  int64_t position = -1;
  for (const dom::element entry : entries) {
    if (!scan_category(entry, ++position)) lists_->categories_known = false;
  }
  std::unordered_set<std::string_view> names;
  for (size_t i = 0; i < content_.categories.size(); ++i) {
    const std::string& name = content_.categories[i].name;
    if (names.insert(name).second) continue;
    log_.add(Fault::duplicate_category_name, Place{"categories", category_positions_[i], "name"},
             fmt::format("the name \"{}\" is used twice", name));
  }
}

bool CocoScan::scan_category(dom::element entry, int64_t position) {
  dom::object object;
  if (entry.get(object) != simdjson::SUCCESS) {
    log_.add(Fault::bad_id, Place{"categories", position, ""}, "is not an object with an id");
    return false;
  }
  std::string why;
  const std::optional<int64_t> id = read_id(Field::category_id, find(object, "id"), why);
  if (!id) {
    log_.add(Fault::bad_id, Place{"categories", position, "id"}, fmt::format("the id {}", why));
    return false;
  }
  if (!lists_->category_ids.insert(*id).second) {
    log_.add(Fault::duplicate_category_id, Place{"categories", position, "id"},
             fmt::format("id {} is used twice", *id));
    return false;
  }
  detect::Category category{*id, read_category_text(Field::category_name, find(object, "name"), position),
                            read_category_text(Field::category_supercategory, find(object, "supercategory"), position)};
  if (category.name.empty()) category.name = std::to_string(*id);
  content_.categories.push_back(std::move(category));
  category_positions_.push_back(position);
  return true;
}

// "" where there is none.
std::string CocoScan::read_category_text(Field field, const MaybeElement& element, int64_t position) {
  std::string why;
  bool converted = false;
  std::optional<std::string> text = read_name(field, element, why, converted);
  const std::string_view key = rule_of(field).key;
  const Place place{"categories", position, key};
  if (!text) {
    log_.add(Fault::bad_category_text, place, fmt::format("the {} {}", key, why));
    return "";
  }
  if (converted) {
    log_.add(Fault::converted_value, place, fmt::format("the {} {}", key, why));
    if (options_.repairs) {
      CategoryRepair& mend = category_repairs_[position];
      (field == Field::category_name ? mend.name : mend.supercategory) = *text;
    }
  }
  if (text->empty() && field == Field::category_name) {
    log_.add(Fault::duplicate_category_name, place, "the name is missing; the id is taken as the name");
  }
  return std::move(*text);
}

void CocoScan::scan_images(dom::array entries) {
  lists_->images_known = true;
  int64_t position = -1;
  for (const dom::element entry : entries) {
    if (scan_image(entry, ++position)) continue;
    ++dropped_images_;
    lists_->images_known = false;
  }
}

bool CocoScan::scan_image(dom::element entry, int64_t position) {
  dom::object object;
  if (entry.get(object) != simdjson::SUCCESS) {
    log_.add(Fault::bad_id, Place{"images", position, ""}, "is not an object with an id");
    return false;
  }
  std::string why;
  const std::optional<int64_t> id = read_id(Field::image_id, find(object, "id"), why);
  if (!id) {
    log_.add(Fault::bad_id, Place{"images", position, "id"}, fmt::format("the id {}", why));
    return false;
  }
  if (!lists_->image_of_id.emplace(*id, lists_->images.size()).second) {
    log_.add(Fault::duplicate_image_id, Place{"images", position, "id"}, fmt::format("id {} is used twice", *id));
    return false;
  }
  ScannedImage image;
  image.position = position;
  image.info.id = *id;
  const MaybeElement name = find(object, "file_name");
  why = why_refused(Field::image_file_name, name);
  if (why.empty()) {
    image.info.file_name = std::string_view(*name);
    why = unsafe_file_name_reason(image.info.file_name);
  }
  if (!why.empty()) {
    image.safe_name = false;
    log_.add(Fault::unsafe_file_name, Place{"images", position, "file_name"}, fmt::format("the file name {}", why));
  }
  const MaybeElement tall = find(object, "height");
  const MaybeElement wide = find(object, "width");
  const std::optional<int64_t> height = read_side(tall);
  const std::optional<int64_t> width = read_side(wide);
  if (height && width) {
    image.info.height = *height;
    image.info.width = *width;
  } else {
    const auto of_text = [](const std::optional<int64_t>& side, const MaybeElement& element) {
      return side ? side : side_in_text(element);
    };
    const std::optional<int64_t> meant_height = of_text(height, tall);
    const std::optional<int64_t> meant_width = of_text(width, wide);
    if (meant_height && meant_width) sizes_in_text_[position] = {*id, "", *meant_height, *meant_width};
    const Field bad = height ? Field::image_width : Field::image_height;
    image.size_fault = fmt::format("the {} {}", rule_of(bad).key, why_refused_value(bad, height ? wide : tall));
  }
  lists_->images.push_back(std::move(image));
  return true;
}

std::unordered_map<int64_t, detect::ImageInfo> CocoScan::take_sizes_in_text() {
  for (ScannedImage& image : lists_->images) {
    const auto found = sizes_in_text_.find(image.position);
    if (found == sizes_in_text_.end() || image.info.height > 0) continue;
    log_.add(Fault::wrong_image_size, Place{"images", image.position, "width"}, image.size_fault);
    image.info.height = found->second.height;
    image.info.width = found->second.width;
  }
  return std::move(sizes_in_text_);
}

bool CocoScan::has_shapes() const {
  if (!annotations_) return false;
  const auto has_one = [](dom::element entry) {
    dom::object object;
    if (entry.get(object) != simdjson::SUCCESS) return false;
    const AnnotationFields fields(object);
    return type_of(fields.bbox) > JsonType::null || type_of(fields.segmentation) > JsonType::null;
  };
  return std::any_of(annotations_->begin(), annotations_->end(), has_one);
}

void CocoScan::scan_annotations() {
  const bool classes = options_.task == SetTask::classify;
  for (const ScannedImage& image : lists_->images) {
    if (image.info.height > 0 || classes) continue;
    log_.add(Fault::wrong_image_size, Place{"images", image.position, "width"}, image.size_fault);
  }
  if (!annotations_) return;
  const size_t expected = annotations_->size();
  if (options_.keep_annotations) content_.annotations.reserve(expected);
  annotation_ids_.reserve(expected);
  int64_t position = -1;
  for (const dom::element entry : *annotations_) {
    if (scan_annotation(entry, ++position)) {
      ++sound_annotations_;
    } else {
      ++dropped_annotations_;
    }
  }
  if (classes) {
    judge_classes();
  } else {
    judge_conventions();
    judge_repetitions();
  }
}

void CocoScan::scan_part(dom::array entries, int64_t first) {
  const size_t expected = entries.size();
  content_.annotations.reserve(expected);
  annotation_ids_.reserve(expected);
  for (const dom::element entry : entries) {
    if (scan_annotation(entry, first++)) ++sound_annotations_;
  }
}

bool CocoScan::append(CocoScan part) {
  for (detect::Annotation& annotation : part.content_.annotations) {
    if (!annotation_ids_.insert(annotation.id)) return false;
    content_.annotations.push_back(std::move(annotation));
  }
  statistics_.add(part.statistics_);
  sound_annotations_ += part.sound_annotations_;
  return true;
}

bool CocoScan::scan_annotation(dom::element entry, int64_t position) {
  dom::object object;
  if (entry.get(object) != simdjson::SUCCESS) {
    log_.add(Fault::bad_id, Place{"annotations", position, ""}, "is not an object with an id");
    return false;
  }
  const AnnotationFields fields(object);
  if (options_.task == SetTask::classify) return scan_classified(fields, position);
  detect::Annotation annotation;
  const int64_t errors_before = log_.errors();
  const int64_t faults_before = log_.total();
  read_own_id(fields, annotation, position);
  read_category_id(fields, annotation, position);
  const ScannedImage* image = read_image_id(fields, annotation, position);
  const bool box = read_box(fields, image, annotation, position);
  const bool mask = !options_.segmentations || read_segmentation(fields, image, annotation, position);
  read_crowd(fields, annotation, position);
  if (box && mask) read_area(fields, annotation, position);
  if (options_.repairs && log_.total() != faults_before) plan_repair(fields, image, annotation, repairs_[position]);
  judge_mask(fields, annotation, position);
  if (image == nullptr || image->info.height == 0 || log_.errors() != errors_before) return false;
  if (options_.thorough) sums_.emplace_back(annotation_checksum(annotation), position);
  if (options_.keep_annotations) content_.annotations.push_back(std::move(annotation));
  return true;
}

// Of a classification set the image and its category are read, as by read_class_json.
bool CocoScan::scan_classified(const AnnotationFields& fields, int64_t position) {
  detect::Annotation annotation;
  const bool category = read_category_id(fields, annotation, position);
  if (read_image_id(fields, annotation, position) == nullptr || !category) return false;
  const auto [found, fresh] = category_of_image_.emplace(annotation.image_id, annotation.category_id);
  if (fresh || found->second == annotation.category_id) return true;
  log_.add(Fault::not_one_class, Place{"annotations", position, "category_id"},
           fmt::format("image {} is of category {} and of {}; an image has one class", annotation.image_id,
                       found->second, annotation.category_id));
  return false;
}

void CocoScan::judge_classes() {
  for (const ScannedImage& image : lists_->images) {
    if (category_of_image_.contains(image.info.id)) continue;
    log_.add(Fault::not_one_class, Place{"images", image.position, ""}, "the image has no annotation");
  }
}

void CocoScan::read_own_id(const AnnotationFields& fields, detect::Annotation& annotation, int64_t position) {
  std::string why;
  const std::optional<int64_t> id = read_id(Field::annotation_id, fields.id, why);
  annotation.id = id.value_or(0);
  if (id && annotation_ids_.insert(*id)) return;
  const Place place{"annotations", position, "id"};
  if (id) {
    log_.add(Fault::duplicate_annotation_id, place, fmt::format("id {} is used twice", *id));
  } else {
    log_.add(Fault::bad_id, place, fmt::format("the id {}", why));
  }
  if (AnnotationRepair* mend = repair(position)) mend->renumber = true;
}

bool CocoScan::read_category_id(const AnnotationFields& fields, detect::Annotation& annotation, int64_t position) {
  std::string why;
  const Place place{"annotations", position, "category_id"};
  const std::optional<int64_t> category = read_id(Field::annotation_category_id, fields.category_id, why);
  annotation.category_id = category.value_or(0);
  if (category && lists_->category_ids.contains(*category)) return true;
  if (!category) {
    log_.add(Fault::bad_id, place, fmt::format("the category_id {}", why));
  } else if (!lists_->categories_known) {
    log_.add(Fault::bad_id, place,
             fmt::format("no category has the id {}, and the list of categories has faults of its own", *category));
  } else {
    log_.add(Fault::unknown_category, place, fmt::format("no category has the id {}", *category));
    if (AnnotationRepair* mend = repair(position)) mend->drop = DropReason::unknown_category;
  }
  return false;
}

// The image it belongs to, nullptr when unknown.
const ScannedImage* CocoScan::read_image_id(const AnnotationFields& fields, detect::Annotation& annotation,
                                            int64_t position) {
  std::string why;
  const Place place{"annotations", position, "image_id"};
  const std::optional<int64_t> image_id = read_id(Field::annotation_image_id, fields.image_id, why);
  if (!image_id) {
    log_.add(Fault::bad_id, place, fmt::format("the image_id {}", why));
    return nullptr;
  }
  annotation.image_id = *image_id;
  const auto found = lists_->image_of_id.find(*image_id);
  if (found != lists_->image_of_id.end()) return &lists_->images[found->second];
  if (!lists_->images_known) {
    log_.add(Fault::bad_id, place,
             fmt::format("no image has the id {}, and the list of images has faults of its own", *image_id));
    return nullptr;
  }
  log_.add(Fault::unknown_image, place, fmt::format("no image has the id {}", *image_id));
  if (AnnotationRepair* mend = repair(position)) mend->drop = DropReason::unknown_image;
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
  content_.images.reserve(lists_->images.size());
  for (ScannedImage& image : lists_->images) {
    if (image.info.height == 0 && options_.task != SetTask::classify) {
      ++dropped_images_;
    } else {
      content_.images.push_back(std::move(image.info));
    }
  }
  lists_->images.clear();
  return std::move(content_);
}

}  // namespace spinenet::data

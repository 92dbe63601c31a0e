// The geometry half of CocoScan: box, segmentation, crowd flag and area of one annotation.
#include <algorithm>
#include <utility>

#include "base/format.h"
#include "data/coco/coco_fields.h"
#include "data/coco/coco_scan.h"
#include "data/coco/coco_values.h"
#include "data/coco/polygon_nesting.h"

namespace spinenet::data {

namespace dom = simdjson::dom;

bool CocoScan::read_box(const AnnotationFields& fields, const ScannedImage* image, detect::Annotation& annotation,
                        int64_t position) {
  std::string why;
  const std::optional<Bbox> bbox = read_bbox(Field::annotation_bbox, fields.bbox, why);
  if (!bbox) {
    refuse_box(Fault::bbox_not_four_numbers, fmt::format("the bbox {}", why), position);
    return false;
  }
  if (is_huge(*bbox)) {
    refuse_box(Fault::huge_number, fmt::format("a number of {} is beyond {}", bbox_text(*bbox), kMaxCoordinate),
               position);
    return false;
  }
  annotation.bbox = *bbox;
  const bool sized = image != nullptr && image->info.height > 0;
  if (sized) statistics_.add(*bbox, image->info);
  if (!judge_size(*bbox, position)) return false;
  if (sized && (*bbox)[2] > 0 && (*bbox)[3] > 0) judge_position(image->info, *bbox, position);
  return true;
}

void CocoScan::refuse_box(Fault fault, std::string_view what, int64_t position) {
  log_.add(fault, Place{"annotations", position, "bbox"}, what);
  if (AnnotationRepair* mend = repair(position)) mend->box_unusable = true;
}

bool CocoScan::judge_size(const Bbox& bbox, int64_t position) {
  if (bbox[2] > 0 && bbox[3] > 0) return true;
  const bool negative = bbox[2] < 0 || bbox[3] < 0;
  refuse_box(negative ? Fault::negative_size : Fault::zero_area,
             fmt::format("the box is {} wide and {} high", bbox[2], bbox[3]), position);
  return !negative;
}

void CocoScan::judge_position(const detect::ImageInfo& image, const Bbox& bbox, int64_t position) {
  const BoxPosition where = box_position(bbox, image);
  if (where == BoxPosition::inside) return;
  const bool outside = where == BoxPosition::outside;
  const std::string what = fmt::format("{} lies {} outside the image of {} x {} (width x height)", bbox_text(bbox),
                                       outside ? "wholly" : "partly", image.width, image.height);
  if (outside) {
    refuse_box(Fault::outside_image, what, position);
    return;
  }
  log_.add(Fault::partly_outside, Place{"annotations", position, "bbox"}, what);
  if (AnnotationRepair* mend = repair(position)) mend->bbox = clip_bbox(bbox, image);
}

bool CocoScan::read_segmentation(const AnnotationFields& fields, const ScannedImage* image,
                                 detect::Annotation& annotation, int64_t position) {
  if (reading_of(Field::annotation_segmentation, fields.segmentation) == Reading::converted) return true;
  dom::array polygons;
  if (fields.segmentation->get(polygons) == simdjson::SUCCESS) return read_polygons(polygons, annotation, position);
  const bool sized = image != nullptr && image->info.height > 0;
  std::string why = why_refused(Field::annotation_segmentation, fields.segmentation);
  std::optional<detect::Rle> rle = why.empty() ? read_rle(*fields.segmentation, why) : std::nullopt;
  if (rle && sized && (rle->height != image->info.height || rle->width != image->info.width)) {
    why = fmt::format("has the size [{}, {}], the image's is [{}, {}]", rle->height, rle->width, image->info.height,
                      image->info.width);
    rle.reset();
  }
  if (rle) {
    annotation.segmentation.rle = std::move(*rle);
    return true;
  }
  log_.add(Fault::bad_rle, Place{"annotations", position, "segmentation"}, fmt::format("the segmentation {}", why));
  if (AnnotationRepair* mend = repair(position)) {
    mend->mask_left_out = true;
    mend->polygons.emplace();
  }
  return false;
}

bool CocoScan::read_polygons(dom::array list, detect::Annotation& annotation, int64_t position) {
  int64_t bad = 0;
  int64_t index = -1;
  std::vector<std::vector<double>>& polygons = annotation.segmentation.polygons;
  polygons.reserve(list.size());
  for (const dom::element element : list) {
    ++index;
    std::string why;
    std::optional<std::vector<double>> polygon = read_polygon(element, why);
    if (polygon) {
      if (options_.thorough && crosses_itself(*polygon)) {
        log_.add(Fault::crossing_polygon, Place{"annotations", position, fmt::format("segmentation/{}", index)},
                 "the polygon crosses itself");
      }
      polygons.push_back(std::move(*polygon));
      continue;
    }
    ++bad;
    log_.add(Fault::bad_polygon, Place{"annotations", position, fmt::format("segmentation/{}", index)},
             fmt::format("the polygon {}", why));
  }
  if (bad == 0) return true;
  if (AnnotationRepair* mend = repair(position)) {
    NestedPolygons nested = read_nested_polygons(list);
    mend->polygons_regrouped = nested.polygons.size() > polygons.size();
    mend->polygons_left_out = mend->polygons_regrouped ? nested.left_out : bad;
    mend->polygons = mend->polygons_regrouped ? std::move(nested.polygons) : polygons;
  }
  return false;
}

std::unordered_map<int64_t, detect::ImageInfo> CocoScan::take_sizes_of_masks() {
  const auto has_no_size = [](const ScannedImage& image) { return image.info.height == 0; };
  std::unordered_map<int64_t, detect::ImageInfo> sizes;  // by the image's id; 0 x 0 where the codes disagree
  if (!annotations_ || std::ranges::none_of(lists_->images, has_no_size)) return {};
  for (const dom::element entry : *annotations_) {
    dom::object object;
    if (entry.get(object) != simdjson::SUCCESS) continue;
    const AnnotationFields fields(object);
    std::string why;
    const std::optional<int64_t> id = read_id(Field::annotation_image_id, fields.image_id, why);
    if (!id || type_of(fields.segmentation) != JsonType::object) continue;
    const std::optional<detect::Rle> rle = read_rle(*fields.segmentation, why);
    if (!rle) continue;
    const auto [found, fresh] = sizes.try_emplace(*id, detect::ImageInfo{*id, "", rle->height, rle->width});
    detect::ImageInfo& size = found->second;
    if (size.height != rle->height || size.width != rle->width) size.height = size.width = 0;
  }
  std::unordered_map<int64_t, detect::ImageInfo> taken;
  for (ScannedImage& image : lists_->images) {
    const auto found = sizes.find(image.info.id);
    if (!has_no_size(image) || found == sizes.end() || found->second.height == 0) continue;
    image.info.height = found->second.height;
    image.info.width = found->second.width;
    log_.add(Fault::wrong_image_size, Place{"images", image.position, "width"},
             fmt::format("{}; its run-length codes are of {} x {} (width x height)", image.size_fault, image.info.width,
                         image.info.height));
    taken[image.position] = image.info;
  }
  return taken;
}

const std::vector<dom::object>& CocoScan::annotations_of(int64_t image_id) {
  if (!annotations_of_) {
    annotations_of_.emplace();
    for (const dom::element entry : annotations_.value_or(dom::array())) {
      dom::object object;
      if (entry.get(object) != simdjson::SUCCESS) continue;
      std::string why;
      const std::optional<int64_t> id = read_id(Field::annotation_image_id, AnnotationFields(object).image_id, why);
      if (id) (*annotations_of_)[*id].push_back(object);
    }
  }
  return (*annotations_of_)[image_id];
}

PixelFrame CocoScan::frame_of(const ScannedImage& image, const detect::ImageInfo& upright) {
  bool shapes = false, of_upright = false, of_stored = false;
  const auto fits = [](const Bbox& box, const detect::ImageInfo& into) {
    return box_position(box, into) == BoxPosition::inside;
  };
  for (const dom::object object : annotations_of(image.info.id)) {
    const AnnotationFields fields(object);
    std::string why;
    if (const std::optional<Bbox> box = read_bbox(Field::annotation_bbox, fields.bbox, why)) {
      const bool fits_upright = fits(*box, upright), fits_stored = fits(*box, image.info);
      of_upright = of_upright || (fits_upright && !fits_stored);
      of_stored = of_stored || (fits_stored && !fits_upright);
      shapes = true;
    }
    if (type_of(fields.segmentation) <= JsonType::null) continue;
    shapes = true;
    if (type_of(fields.segmentation) != JsonType::object) continue;
    if (const std::optional<detect::Rle> rle = read_rle(*fields.segmentation, why)) {
      of_upright = of_upright || (rle->height == upright.height && rle->width == upright.width);
      of_stored = of_stored || (rle->height == image.info.height && rle->width == image.info.width);
    }
  }
  if (!shapes) return PixelFrame::either;
  if (of_upright == of_stored) return PixelFrame::unknown;
  return of_upright ? PixelFrame::upright : PixelFrame::stored;
}

void CocoScan::read_crowd(const AnnotationFields& fields, detect::Annotation& annotation, int64_t position) {
  const Place place{"annotations", position, "iscrowd"};
  std::string refused = why_refused(Field::annotation_iscrowd, fields.crowd);
  const std::optional<double> number = fields.crowd ? read_number(*fields.crowd) : std::nullopt;
  if (number && *number != 0 && *number != 1) refused = why_refused_value(Field::annotation_iscrowd, fields.crowd);
  bool flag = false;
  if (!refused.empty()) {
    log_.add(Fault::wrong_value, place, fmt::format("iscrowd of annotation {} {}", annotation.id, refused));
  } else if (number) {
    annotation.crowd = *number == 1;
  } else {
    annotation.crowd = fields.crowd && fields.crowd->get(flag) == simdjson::SUCCESS && flag;
    const std::string_view given = flag                                      ? "true"
                                   : fields.crowd && fields.crowd->is_bool() ? "false"
                                                                             : words_for(type_of(fields.crowd));
    log_.add(Fault::bad_crowd_flag, place, fmt::format("iscrowd is {}; taken as {}", given, annotation.crowd ? 1 : 0));
    if (AnnotationRepair* mend = repair(position)) mend->crowd = annotation.crowd ? 1 : 0;
  }
  if (annotation.crowd && !annotation.segmentation.polygons.empty()) {
    log_.add(Fault::crowd_polygon, Place{"annotations", position, "segmentation"}, "a crowd region given as polygons");
  }
}

void CocoScan::read_area(const AnnotationFields& fields, detect::Annotation& annotation, int64_t position) {
  const Place place{"annotations", position, "area"};
  std::string refused = why_refused(Field::annotation_area, fields.area);
  const bool computed = reading_of(Field::annotation_area, fields.area) == Reading::converted;
  const double given = fields.area ? read_number(*fields.area).value_or(0) : 0;
  if (given < 0) refused = why_refused_value(Field::annotation_area, fields.area);
  if (!refused.empty()) {
    log_.add(Fault::bad_area, place, fmt::format("the area of annotation {} {}", annotation.id, refused));
    return;
  }
  annotation.area = given;
  // COCO's own crowd areas do not match their masks, and crowd areas decide nothing.
  if (!computed && (!options_.thorough || annotation.crowd)) return;
  const double geometry = geometry_area(annotation);
  if (computed) {
    annotation.area = geometry;
    log_.add(Fault::wrong_area, place,
             fmt::format("area is {}; taken from the geometry", words_for(type_of(fields.area))));
  } else if (area_is_off(given, geometry)) {
    log_.add(Fault::wrong_area, place, fmt::format("area is {}, the geometry's is {}", given, geometry));
  }
}

void CocoScan::plan_repair(const AnnotationFields& fields, const ScannedImage* image,
                           const detect::Annotation& annotation, AnnotationRepair& mend) const {
  detect::Annotation copy = annotation;
  if (mend.polygons) copy.segmentation = {*mend.polygons, {}};
  if (mend.box_unusable) {
    mend.bbox = mask_bbox(copy.segmentation);
    if (mend.bbox && image != nullptr && image->info.height > 0) mend.bbox = clip_bbox(*mend.bbox, image->info);
    mend.box_from_mask = mend.bbox && (*mend.bbox)[2] > 0 && (*mend.bbox)[3] > 0;
    if (!mend.box_from_mask) {
      mend.bbox.reset();
      if (mend.drop == DropReason::none) mend.drop = DropReason::no_box;
      return;
    }
  }
  if (mend.bbox) copy.bbox = *mend.bbox;
  const double given = fields.area ? read_number(*fields.area).value_or(-1) : -1;
  const double geometry = geometry_area(copy);
  if (given < 0 || (!copy.crowd && area_is_off(given, geometry))) mend.area = geometry;
}

void CocoScan::judge_mask(const AnnotationFields& fields, const detect::Annotation& annotation, int64_t position) {
  if (options_.task != SetTask::segment || !annotation.segmentation.empty()) return;
  dom::array list;
  const bool none = reading_of(Field::annotation_segmentation, fields.segmentation) == Reading::converted;
  const bool empty = !none && fields.segmentation->get(list) == simdjson::SUCCESS && list.begin() == list.end();
  if (!none && !empty) return;  // what is there was refused
  log_.add(Fault::mask_missing, Place{"annotations", position, "segmentation"},
           fmt::format("annotation {} has no mask", annotation.id));
}

void CocoScan::judge_repetitions() {
  std::ranges::sort(sums_);
  std::vector<std::pair<int64_t, int64_t>> repeated;  // with the position of the first such annotation
  for (size_t i = 1, first = 0; i < sums_.size(); ++i) {
    if (sums_[i].first != sums_[first].first) {
      first = i;
    } else {
      repeated.emplace_back(sums_[i].second, sums_[first].second);
    }
  }
  std::ranges::sort(repeated);
  for (const auto& [position, first] : repeated) {
    log_.add(Fault::repeated_annotation, Place{"annotations", position, ""},
             fmt::format("the same box, mask and category as /annotations/{}", first));
  }
}

}  // namespace spinenet::data

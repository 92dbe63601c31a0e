// The geometry half of CocoScan: box, segmentation, crowd flag and area of one annotation.
#include <utility>

#include "base/format.h"
#include "data/coco/coco_fields.h"
#include "data/coco/coco_scan.h"
#include "data/coco/coco_values.h"

namespace spinenet::data {

namespace dom = simdjson::dom;

bool CocoScan::read_box(const AnnotationFields& fields, const ScannedImage* image, detect::Annotation& annotation,
                        int64_t position) {
  std::string why;
  const std::optional<Bbox> bbox = read_bbox(fields.bbox, why);
  if (!bbox) {
    log_.add(Fault::bbox_not_four_numbers, Place{"annotations", position, "bbox"}, fmt::format("the bbox {}", why));
    return false;
  }
  annotation.bbox = *bbox;
  if (is_huge(*bbox)) {
    const std::string what = fmt::format("a number of {} is beyond {}", bbox_text(*bbox), kMaxCoordinate);
    log_.add(Fault::huge_number, Place{"annotations", position, "bbox"}, what);
    return false;
  }
  const bool sized = image != nullptr && image->info.height > 0;
  if (sized) statistics_.add(*bbox, image->info);
  if (!judge_size(*bbox, position)) return false;
  if (sized && (*bbox)[2] > 0 && (*bbox)[3] > 0) judge_position(image->info, *bbox, position);
  return true;
}

bool CocoScan::judge_size(const Bbox& bbox, int64_t position) {
  if (bbox[2] > 0 && bbox[3] > 0) return true;
  const bool negative = bbox[2] < 0 || bbox[3] < 0;
  const std::string what = fmt::format("the box is {} wide and {} high", bbox[2], bbox[3]);
  log_.add(negative ? Fault::negative_size : Fault::zero_area, Place{"annotations", position, "bbox"}, what);
  if (AnnotationRepair* mend = repair(position)) mend->drop = true;
  return !negative;
}

void CocoScan::judge_position(const detect::ImageInfo& image, const Bbox& bbox, int64_t position) {
  const BoxPosition where = box_position(bbox, image);
  if (where == BoxPosition::inside) return;
  const bool outside = where == BoxPosition::outside;
  const std::string what = fmt::format("{} lies {} outside the image of {} x {} (width x height)", bbox_text(bbox),
                                       outside ? "wholly" : "partly", image.width, image.height);
  log_.add(outside ? Fault::outside_image : Fault::partly_outside, Place{"annotations", position, "bbox"}, what);
  AnnotationRepair* mend = repair(position);
  if (mend == nullptr) return;
  if (outside) {
    mend->drop = true;
  } else {
    mend->bbox = clip_bbox(bbox, image);
  }
}

bool CocoScan::read_segmentation(const AnnotationFields& fields, const ScannedImage* image,
                                 detect::Annotation& annotation, int64_t position) {
  if (!fields.segmentation || fields.segmentation->is_null()) return true;
  dom::array polygons;
  if (fields.segmentation->get(polygons) == simdjson::SUCCESS) {
    read_polygons(polygons, annotation, position);
    return true;
  }
  const Place place{"annotations", position, "segmentation"};
  std::string why;
  std::optional<detect::Rle> rle = read_rle(*fields.segmentation, why);
  if (!rle) {
    log_.add(Fault::bad_rle, place, fmt::format("the segmentation {}", why));
    return false;
  }
  const bool sized = image != nullptr && image->info.height > 0;
  if (sized && (rle->height != image->info.height || rle->width != image->info.width)) {
    log_.add(Fault::bad_rle, place,
             fmt::format("its size is [{}, {}], the image's is [{}, {}]", rle->height, rle->width, image->info.height,
                         image->info.width));
    return false;
  }
  annotation.segmentation.rle = std::move(*rle);
  return true;
}

void CocoScan::read_polygons(dom::array list, detect::Annotation& annotation, int64_t position) {
  std::vector<int64_t> bad;
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
    bad.push_back(index);
    log_.add(Fault::bad_polygon, Place{"annotations", position, fmt::format("segmentation/{}", index)},
             fmt::format("the polygon {}", why));
  }
  if (bad.empty()) return;
  if (AnnotationRepair* mend = repair(position)) {
    mend->drop = mend->drop || polygons.empty();
    mend->bad_polygons = std::move(bad);
  }
}

void CocoScan::read_crowd(const AnnotationFields& fields, detect::Annotation& annotation, int64_t position) {
  const std::optional<double> flag = fields.crowd ? read_number(*fields.crowd) : std::nullopt;
  annotation.crowd = flag == 1.0;
  if (!flag || (*flag != 0.0 && *flag != 1.0)) {
    const std::string_view what = fields.crowd ? "iscrowd is neither 0 nor 1" : "iscrowd is missing";
    log_.add(Fault::bad_crowd_flag, Place{"annotations", position, "iscrowd"}, what);
    if (AnnotationRepair* mend = repair(position)) mend->clear_crowd = true;
  }
  if (annotation.crowd && !annotation.segmentation.polygons.empty()) {
    log_.add(Fault::crowd_polygon, Place{"annotations", position, "segmentation"}, "a crowd region given as polygons");
  }
}

void CocoScan::read_area(const AnnotationFields& fields, detect::Annotation& annotation, int64_t position) {
  std::optional<double> given = fields.area ? read_number(*fields.area) : std::nullopt;
  if (given && *given < 0) given.reset();
  annotation.area = given.value_or(0);
  // COCO's own crowd areas do not match their masks, and crowd areas decide nothing.
  if (given && (!options_.thorough || annotation.crowd)) return;
  const double geometry = geometry_area(annotation);
  if (!given) annotation.area = geometry;
  const bool off = !given || area_is_off(*given, geometry);
  if (off) {
    const std::string what =
        given ? fmt::format("area is {}, the geometry's is {}", *given, geometry) : "area is missing";
    log_.add(Fault::wrong_area, Place{"annotations", position, "area"}, what);
    if (AnnotationRepair* mend = repair(position)) mend->area = geometry;
  }
  // With a box that will be clipped and no mask, the area becomes that of the clipped box.
  const auto mended = repairs_.find(position);
  if (mended != repairs_.end() && mended->second.bbox && annotation.segmentation.empty()) {
    mended->second.area = (*mended->second.bbox)[2] * (*mended->second.bbox)[3];
  }
}

}  // namespace spinenet::data

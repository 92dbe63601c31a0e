// A pass over the tree of a COCO file that builds the plain data, adds what is wrong to a log (D010 to D033, D036) and
// notes how it could be repaired. An entry with an error is left out of the content; the pass goes on.
//
// Order of calls: constructor, then images() may be corrected, then scan_annotations(), then take().
//
// Thread contract: a CocoScan belongs to one thread. Only this module's .cpp files include this header.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <simdjson.h>

#include "data/coco/coco_findings.h"
#include "data/coco/coco_repair.h"
#include "data/coco/coco_rules.h"
#include "detect/annotations.h"

namespace spinenet::data {

struct AnnotationFields;

struct ScanOptions {
  bool segmentations = true;
  bool thorough = false;  // warnings that cost time: crossing polygons, areas
  bool repairs = false;   // collect repairs()
};

class CocoScan {
 public:
  // Reads categories and images. The log outlives the scan.
  CocoScan(simdjson::dom::element root, const ScanOptions& options, FindingLog& log);

  std::vector<ScannedImage>& images() { return images_; }
  void scan_annotations();
  const std::unordered_map<int64_t, AnnotationRepair>& repairs() const { return repairs_; }
  int64_t dropped_images() const { return dropped_images_; }
  int64_t dropped_annotations() const { return dropped_annotations_; }
  detect::Annotations take();

 private:
  std::optional<simdjson::dom::array> list(simdjson::dom::object object, std::string_view name);
  void scan_categories(simdjson::dom::array entries);
  void scan_images(simdjson::dom::array entries);
  bool scan_image(simdjson::dom::element entry, int64_t position);
  bool scan_annotation(simdjson::dom::element entry, int64_t position);
  const ScannedImage* read_ids(const AnnotationFields& fields, detect::Annotation& annotation, int64_t position);
  bool read_box(const AnnotationFields& fields, const ScannedImage* image, detect::Annotation& annotation,
                int64_t position);
  bool judge_size(const Bbox& bbox, int64_t position);
  void judge_position(const detect::ImageInfo& image, const Bbox& bbox, int64_t position);
  // False when there is a run-length code that cannot be read.
  bool read_segmentation(const AnnotationFields& fields, const ScannedImage* image, detect::Annotation& annotation,
                         int64_t position);
  void read_polygons(simdjson::dom::array list, detect::Annotation& annotation, int64_t position);
  void read_crowd(const AnnotationFields& fields, detect::Annotation& annotation, int64_t position);
  void read_area(const AnnotationFields& fields, detect::Annotation& annotation, int64_t position);
  void judge_conventions();
  AnnotationRepair* repair(int64_t position);

  ScanOptions options_;
  FindingLog& log_;
  std::optional<simdjson::dom::array> annotations_;
  detect::Annotations content_;
  std::vector<ScannedImage> images_;
  std::unordered_map<int64_t, size_t> image_of_id_;
  std::unordered_set<int64_t> category_ids_;
  std::unordered_set<int64_t> annotation_ids_;
  std::unordered_map<int64_t, AnnotationRepair> repairs_;
  BoxStatistics statistics_;
  int64_t dropped_images_ = 0;
  int64_t dropped_annotations_ = 0;
};

}  // namespace spinenet::data

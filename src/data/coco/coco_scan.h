// A pass over the tree of a COCO file that builds the plain data, adds what is wrong to a log (D010 to D033, D036 to
// D043) and notes how it could be repaired. An entry with an error is left out of the content; the pass goes on.
//
// Order of calls: constructor, then images() may be corrected, then scan_annotations(), then take().
//
// Thread contract: a CocoScan belongs to one thread. Only this module's .cpp files include this header.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include <simdjson.h>

#include "data/coco/coco_fields.h"
#include "data/coco/coco_findings.h"
#include "data/coco/coco_repair.h"
#include "data/coco/coco_rules.h"
#include "data/coco/coco_task.h"
#include "data/coco/id_set.h"
#include "detect/annotations.h"

namespace spinenet::data {

struct ScanOptions {
  bool segmentations = true;
  bool thorough = false;           // warnings that cost time: crossing polygons, areas, repeated annotations
  bool repairs = false;            // collect repairs()
  bool keep_annotations = true;    // false: they are counted, and take() has none
  SetTask task = SetTask::detect;  // classify: image and category alone are read
};

class CocoScan {
 public:
  // Reads categories and images. The log outlives the scan.
  CocoScan(simdjson::dom::element root, const ScanOptions& options, FindingLog& log);
  // Of a part of the annotations of a set whose categories and images `whole` has read, which must not change any more.
  // Parts may be scanned at the same time.
  CocoScan(const CocoScan& whole, FindingLog& log);

  // Whether any annotation has a box or a mask, as those of classes have not.
  bool has_shapes() const;
  bool has_annotations() const { return annotations_ && annotations_->begin() != annotations_->end(); }
  void set_task(SetTask task) { options_.task = task; }
  std::vector<ScannedImage>& images() { return lists_->images; }
  // Of an image whose entry has the size before its file turns it, by its annotations.
  PixelFrame frame_of(const ScannedImage& image, const detect::ImageInfo& upright);
  // Sizes that the texts of `images` mean become theirs; the return value has them by position.
  std::unordered_map<int64_t, detect::ImageInfo> take_sizes_in_text();
  // Images that still have no size get that of their run-length codes, where all of them say the same; the return value
  // has them by position.
  std::unordered_map<int64_t, detect::ImageInfo> take_sizes_of_masks();
  void scan_annotations();
  // Instead of scan_annotations(), where they come in parts: each is scanned by itself, `first` being the position of
  // its first entry, and those without errors are appended in order. False where an id was there before: then nothing
  // of this scan can be used. Not for a thorough scan, repairs or classes.
  void scan_part(simdjson::dom::array entries, int64_t first);
  bool append(CocoScan part);
  void end_parts() { judge_conventions(); }
  std::unordered_map<int64_t, AnnotationRepair> take_repairs() { return std::move(repairs_); }
  const std::unordered_map<int64_t, CategoryRepair>& category_repairs() const { return category_repairs_; }
  int64_t sound_annotations() const { return sound_annotations_; }
  int64_t dropped_images() const { return dropped_images_; }
  int64_t dropped_annotations() const { return dropped_annotations_; }
  detect::Annotations take();

 private:
  std::optional<simdjson::dom::array> list(simdjson::dom::object object, std::string_view name);
  void scan_categories(simdjson::dom::array entries);
  bool scan_category(simdjson::dom::element entry, int64_t position);
  std::string read_category_text(Field field, const MaybeElement& element, int64_t position);
  void scan_images(simdjson::dom::array entries);
  bool scan_image(simdjson::dom::element entry, int64_t position);
  bool scan_annotation(simdjson::dom::element entry, int64_t position);
  bool scan_classified(const AnnotationFields& fields, int64_t position);
  void judge_classes();
  const std::vector<simdjson::dom::object>& annotations_of(int64_t image_id);
  void read_own_id(const AnnotationFields& fields, detect::Annotation& annotation, int64_t position);
  bool read_category_id(const AnnotationFields& fields, detect::Annotation& annotation, int64_t position);
  const ScannedImage* read_image_id(const AnnotationFields& fields, detect::Annotation& annotation, int64_t position);
  bool read_box(const AnnotationFields& fields, const ScannedImage* image, detect::Annotation& annotation,
                int64_t position);
  void refuse_box(Fault fault, std::string_view what, int64_t position);
  bool judge_size(const Bbox& bbox, int64_t position);
  void judge_position(const detect::ImageInfo& image, const Bbox& bbox, int64_t position);
  // False when there is something that cannot be read.
  bool read_segmentation(const AnnotationFields& fields, const ScannedImage* image, detect::Annotation& annotation,
                         int64_t position);
  bool read_polygons(simdjson::dom::array list, detect::Annotation& annotation, int64_t position);
  void judge_mask(const AnnotationFields& fields, const detect::Annotation& annotation, int64_t position);
  void judge_repetitions();
  void read_crowd(const AnnotationFields& fields, detect::Annotation& annotation, int64_t position);
  void read_area(const AnnotationFields& fields, detect::Annotation& annotation, int64_t position);
  // What the copy has where the box, the mask or the area cannot stay.
  void plan_repair(const AnnotationFields& fields, const ScannedImage* image, const detect::Annotation& annotation,
                   AnnotationRepair& mend) const;
  void judge_conventions();
  AnnotationRepair* repair(int64_t position);

  // What annotations refer to.
  struct Lists {
    std::vector<ScannedImage> images;
    std::unordered_map<int64_t, size_t> image_of_id;
    std::unordered_set<int64_t> category_ids;
    // Whether each entry of the list could be read: only then an id that is not there belongs to nothing.
    bool images_known = false, categories_known = false;
  };

  ScanOptions options_;
  FindingLog& log_;
  std::shared_ptr<Lists> lists_ = std::make_shared<Lists>();
  std::optional<simdjson::dom::array> annotations_;
  detect::Annotations content_;
  std::vector<int64_t> category_positions_;
  std::unordered_map<int64_t, detect::ImageInfo> sizes_in_text_;
  IdSet annotation_ids_;
  std::optional<std::unordered_map<int64_t, std::vector<simdjson::dom::object>>>
      annotations_of_;                                      // made when asked for
  std::vector<std::pair<uint64_t, int64_t>> sums_;          // of sound annotations: checksum and position
  std::unordered_map<int64_t, int64_t> category_of_image_;  // of a classification set
  std::unordered_map<int64_t, AnnotationRepair> repairs_;
  std::unordered_map<int64_t, CategoryRepair> category_repairs_;
  BoxStatistics statistics_;
  int64_t sound_annotations_ = 0;
  int64_t dropped_images_ = 0;
  int64_t dropped_annotations_ = 0;
};

}  // namespace spinenet::data

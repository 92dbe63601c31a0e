// Average precision and recall as the COCO API (pycocotools) computes them, equal in every cell to the last bit: the
// same order of results, the same floating-point operations in the same order, the same treatment of crowd regions.
//
// What follows from that, and surprises:
// - a result's area is that of its box where the first result came with a box (even with iou segm), else of its mask;
// - a match with an annotation whose id is 0 counts as a miss (a warning is logged); number annotations from 1.
//
// Thread contract: evaluate_coco may be called from several threads; it starts `threads` of its own.
// Source: https://cocodataset.org/#detection-eval and its reference implementation cocoeval.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "detect/annotations.h"
#include "detect/detections.h"
#include "eval/overlap.h"
#include "eval/protocol.h"

namespace spinenet::eval {

inline constexpr int kIouThresholdCount = 10;      // T: 0.5 to 0.95
inline constexpr int kRecallThresholdCount = 101;  // R: 0 to 1
inline constexpr int kAreaRangeCount = 4;          // A: all, small, medium, large
enum class AreaRange { all, small, medium, large };

std::array<double, kIouThresholdCount> iou_thresholds();
constexpr int64_t kAt50 = 0, kAt75 = 5;  // the places of 0.5 and 0.75 in them
std::array<double, kRecallThresholdCount> recall_thresholds();
// Square pixels, both ends included.
std::pair<double, double> limits(AreaRange range);

struct CocoEvalOptions {
  IouType iou = IouType::bbox;
  bool use_categories = true;                   // false: every result may match every annotation of its image
  int threads = 0;                              // 0: all cores this process may use
  std::vector<int> max_detections{1, 10, 100};  // per image and category; three, put into ascending order
};

// Undefined (no annotation to find): -1.
struct ClassMetrics {
  int64_t category_id = -1;  // -1 where categories do not count
  std::string name;
  double ap = -1, ap50 = -1, ap75 = -1, ap_small = -1, ap_medium = -1, ap_large = -1, ar100 = -1;
};

struct CocoMetrics {
  std::array<int, 3> max_detections{1, 10, 100};  // what the recalls are named after
  double ap = -1, ap50 = -1, ap75 = -1, ap_small = -1, ap_medium = -1, ap_large = -1;
  // At the first, second and last of max_detections; the others at the last.
  double ar1 = -1, ar10 = -1, ar100 = -1, ar_small = -1, ar_medium = -1, ar_large = -1;
  std::vector<ClassMetrics> per_class;  // by category id
};

// The twelve numbers with the names they are printed under, in the COCO order. Recalls at other limits than COCO's have
// those limits in their names: AR1, AR10, AR300.
std::array<std::pair<std::string, double>, 12> named_numbers(const CocoMetrics& metrics);

// "AR100", or at another limit of detections "AR" and that one.
std::string recall_name(int max_detections);

// Row-major arrays of K categories (by id) and M = 3 limits of detections; -1 where there is nothing to find.
struct CocoEvaluation {
  int64_t category_count = 0;
  std::vector<int> max_detections;
  std::vector<double> precision;  // [T, R, K, A, M]
  std::vector<double> scores;     // [T, R, K, A, M]
  std::vector<double> recall;     // [T, K, A, M]
  CocoMetrics metrics;

  size_t recall_at(int64_t t, int64_t k, AreaRange a, int64_t m) const {
    return static_cast<size_t>(((t * category_count + k) * kAreaRangeCount + static_cast<int64_t>(a)) *
                                   static_cast<int64_t>(max_detections.size()) +
                               m);
  }
  size_t precision_at(int64_t t, int64_t r, int64_t k, AreaRange a, int64_t m) const {
    return recall_at(t * kRecallThresholdCount + r, k, a, m);
  }
};

struct Measurement {
  const detect::Annotations* annotations = nullptr;
  std::span<const detect::Result> results;
  IouType iou = IouType::bbox;
  bool area_of_boxes = true;               // a result's size is that of its box, else of its mask
  int threads = 0;                         // 0: all cores this process may use
  std::span<const double> result_areas{};  // where given, the sizes of the results
};
// The arrays of any protocol, for the cells of an index. Scores are numbers, and annotation ids differ: it is the
// caller's to know. ErrorKind::usage for a protocol out of range.
CocoArrays measure(const CellIndex& index, const Measurement& what, const CocoProtocol& protocol);

// ErrorKind::bad_data naming the first annotation without a mask: what is to be measured by masks needs all of them.
void require_masks(const detect::Annotations& annotations, std::string_view place);

// ErrorKind::bad_data: results of unknown images (named), annotation ids that occur twice (named), scores that are not
// numbers, a missing mask with IouType::segm. ErrorKind::usage: options out of range. Results of unknown categories
// count for nothing.
CocoEvaluation evaluate_coco(const detect::Annotations& annotations, std::span<const detect::Result> results,
                             const CocoEvalOptions& options = {});

// AP_agnostic and AR100_agnostic: the same with use_categories false, so how well objects are found, whatever they are
// taken for. What AP lacks beside it is lost by confusing classes.
std::array<std::pair<std::string, double>, 2> class_agnostic_numbers(const detect::Annotations& annotations,
                                                                     std::span<const detect::Result> results,
                                                                     IouType iou);

}  // namespace spinenet::eval

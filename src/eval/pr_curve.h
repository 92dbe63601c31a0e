// Precision over recall, as the report draws it: one curve for all classes together and one per class.
//
// Thread contract: a function of its argument alone.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "eval/coco_ap.h"

namespace spinenet::eval {

// Values at recall_thresholds(), of all sizes and the largest limit of detections. All empty where the class has no
// annotation to find.
struct PrCurve {
  int64_t category_id = -1;  // -1: all classes, the mean of their curves
  std::string name;
  std::vector<double> precision_at_50;
  std::vector<double> precision_at_75;
  std::vector<double> precision_mean;  // over the IoU thresholds
  std::vector<double> score_at_50;     // the score that reaches the recall at IoU 0.5; 0 where none does
};

// All classes first, then each by category id.
std::vector<PrCurve> pr_curves(const CocoEvaluation& evaluation);

// The score (and what it gives) at which F1 is highest at IoU 0.5: a threshold for showing detections.
struct BestF1 {
  double score = 0, precision = 0, recall = 0, f1 = 0;
};
BestF1 best_f1(const PrCurve& curve);

}  // namespace spinenet::eval

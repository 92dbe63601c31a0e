// How well a classifier does: accuracy of the best class and of the five best classes, by class and by super-category,
// how much its scores can be trusted, and which class is taken for which.
//
// Ties: of equal scores the class with the smaller index comes first. Undefined numbers (a class without images) are
// -1.
// Thread contract: pure functions.
// Source: calibration error as in Guo et al. 2017 (On Calibration of Modern Neural Networks), section 2: bins of equal
// width over the score of the best class.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "detect/annotations.h"

namespace spinenet::eval {

inline constexpr int kCalibrationBins = 15;

// The scores of one image and what it is.
struct Classified {
  int64_t image_id = 0;
  int label = 0;
  std::vector<float> scores;  // probabilities of all classes
};

struct ClassAccuracy {
  int64_t category_id = 0;
  std::string name;
  int64_t images = 0;
  double top1 = -1, top5 = -1;
  double precision = -1;  // of the images taken for this class, the share that is of it
};

// Images whose best class is of their own super-category count as right.
struct GroupAccuracy {
  std::string name;
  int64_t images = 0;
  double top1 = -1;  // of its images, the share whose very class was found
  double group_top1 = -1;
};

// Images whose best class has a score in (low, high]; the first bin holds 0 too.
struct CalibrationBin {
  double low = 0, high = 0;
  int64_t images = 0;
  double score = -1;     // mean of the best classes
  double accuracy = -1;  // share that is right
};

struct TopKMetrics {
  int64_t images = 0;
  double top1 = -1, top5 = -1;
  double mean_class_top1 = -1;  // mean over the classes that have images
  double group_top1 = -1;       // where classes have super-categories
  double calibration_error = -1;
  double log_loss = -1;  // mean of -log(score of the true class), scores kept above 1e-12
  std::vector<ClassAccuracy> per_class;
  std::vector<GroupAccuracy> per_group;  // in the order of their first class; none without super-categories
  std::vector<CalibrationBin> calibration;
  std::vector<int64_t> confusion;  // [K, K]: rows are the truth, columns the best class
};

// top1 first, with the names they are logged and printed under: top1, top5, ece, log_loss, mean_class_top1, and
// group_top1 where it is defined.
std::vector<std::pair<std::string, double>> named_numbers(const TopKMetrics& metrics);

// The indices of the `count` highest scores, best first.
std::vector<int> best_classes(std::span<const float> scores, int count);

// Every image has a score for each class. ErrorKind::failed otherwise, and when a score is not a number.
TopKMetrics evaluate_top_k(std::span<const Classified> images, std::span<const detect::Category> classes);

}  // namespace spinenet::eval

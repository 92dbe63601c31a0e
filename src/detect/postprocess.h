// From the raw outputs of a RetinaNet head (Lin et al. 2017, section 4, "Inference") to detections: threshold, the best
// few, decoding, suppression per class.
//
// Equal scores are ordered by class, then by anchor index, so the result is the same everywhere. Logits that are not
// numbers never pass, nor do boxes that are not finite.
// Thread contract: pure functions.
#pragma once

#include <algorithm>
#include <limits>
#include <span>
#include <vector>

#include "detect/box.h"
#include "detect/detections.h"
#include "detect/nms.h"

namespace spinenet::detect {

// One level of one image, with A anchors in each cell and K classes. Channel of anchor a and class k: a * K + k.
struct LevelOutput {
  const float* classes = nullptr;  // [A*K, H, W] logits
  const float* boxes = nullptr;    // [A*4, H, W] codes of box_coder.h
  int height = 0, width = 0;
};

struct PostprocessOptions {
  float score_threshold = 0.05F;  // scores of at least this count
  int pre_nms = 5000;             // at most so many boxes enter the suppression, over all levels and classes
  float iou = 0.5F;
  int max_detections = 100;
  int max_per_class = std::numeric_limits<int>::max();  // of the detections
  bool class_agnostic = false;                          // as in NmsOptions
  std::vector<int> labels = {};  // the classes that count, before the suppression; none: all of them

  bool operator==(const PostprocessOptions&) const = default;
};

// Whether detections of this class are asked for.
inline bool counts(const PostprocessOptions& options, int label) {
  return options.labels.empty() || std::ranges::find(options.labels, label) != options.labels.end();
}

inline NmsOptions nms_options(const PostprocessOptions& options) {
  return {.iou = options.iou,
          .max_kept = options.max_detections,
          .max_per_class = options.max_per_class,
          .class_agnostic = options.class_agnostic};
}

// `anchors` as make_anchors returns them for the same levels. Boxes are in pixels of the network's input, not clipped.
// Descending order of score.
std::vector<Detection> postprocess(std::span<const LevelOutput> levels, std::span<const Box> anchors, int classes,
                                   const PostprocessOptions& options);

}  // namespace spinenet::detect

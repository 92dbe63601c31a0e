// From the raw outputs of a YOLO head (YOLOv4, Bochkovskiy et al. 2020, with Darknet's decoding) to detections:
// threshold, decoding, suppression per class.
//
// A cell's box has its centre at (column + s * sigmoid(x) - (s - 1) / 2) * stride, where s is scale_xy, and the sides
// exp(w) * anchor. The score of a class is sigmoid(objectness) * sigmoid(class); a cell may have several classes.
// Equal scores are ordered by class, then by level, row, column and anchor, so the result is the same everywhere.
// Outputs that are not numbers never pass, nor do boxes that are not finite.
// Thread contract: pure functions.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "detect/box.h"
#include "detect/detections.h"
#include "detect/postprocess.h"

namespace spinenet::detect {

constexpr int kYoloBoxChannels = 5;  // x, y, w, h, objectness; the classes follow

// One level of a head.
struct YoloLevel {
  std::vector<std::array<float, 2>> anchors;  // width and height in pixels of the input
  float scale_xy = 1;
  int stride = 8;

  bool operator==(const YoloLevel&) const = default;
};

// One level of one image: [A * (5 + K), H, W] with the anchor outermost, each x, y, w, h, objectness, classes.
struct YoloOutput {
  const float* values = nullptr;
  int height = 0, width = 0;
};

struct YoloCell {
  int row = 0, column = 0, anchor = 0;
};

// The box of a cell in pixels of the input; `code` is x, y, w, h as the head gives them.
Box decode_yolo(std::span<const float, 4> code, const YoloLevel& level, const YoloCell& cell);

// `outputs` of the same levels. Scores above the threshold count, as in Darknet; boxes suppress each other as in
// NmsKind::distance_iou. Boxes are in pixels of the network's input, not clipped. Descending order of score.
std::vector<Detection> yolo_detections(std::span<const YoloOutput> outputs, std::span<const YoloLevel> levels,
                                       int classes, const PostprocessOptions& options);

}  // namespace spinenet::detect

#include "detect/yolo_head.h"

#include <cmath>

#include "base/error.h"
#include "base/format.h"
#include "detect/raw_outputs.h"
#include "detect/shortlist.h"

namespace spinenet::detect {
namespace {

struct YoloPlace {
  size_t level = 0;
  YoloCell cell;
};

// Everything that stays the same while the levels are read.
struct YoloReading {
  std::span<const YoloOutput> outputs;
  std::span<const YoloLevel> levels;
  int classes;
  const PostprocessOptions& options;

  int64_t cells(size_t level) const { return int64_t{outputs[level].height} * outputs[level].width; }
  // The plane of one channel of one anchor.
  const float* plane(size_t level, size_t anchor, int channel) const {
    const int64_t first = static_cast<int64_t>(anchor) * (kYoloBoxChannels + classes) + channel;
    return outputs[level].values + first * cells(level);
  }
};

void add_classes(const YoloReading& reading, size_t level, size_t anchor, int64_t first_index, Shortlist& shortlist) {
  const auto anchors = static_cast<int64_t>(reading.levels[level].anchors.size());
  const float* const objectness = reading.plane(level, anchor, kYoloBoxChannels - 1);
  for (int64_t cell = 0; cell < reading.cells(level); ++cell) {
    const float object = sigmoid(objectness[cell]);
    if (!(object > reading.options.score_threshold)) continue;
    for (int label = 0; label < reading.classes; ++label) {
      const float score = object * sigmoid(reading.plane(level, anchor, kYoloBoxChannels + label)[cell]);
      if (!(score > reading.options.score_threshold) || score < shortlist.least_score()) continue;
      if (!counts(reading.options, label)) continue;
      shortlist.add({score, label, first_index + cell * anchors + static_cast<int64_t>(anchor)});
    }
  }
}

YoloPlace locate_cell(const YoloReading& reading, int64_t index) {
  for (size_t level = 0;; ++level) {
    const auto anchors = static_cast<int64_t>(reading.levels[level].anchors.size());
    const int64_t count = reading.cells(level) * anchors;
    if (index >= count) {
      index -= count;
      continue;
    }
    const int64_t cell = index / anchors;
    const int width = reading.outputs[level].width;
    return {level, {static_cast<int>(cell / width), static_cast<int>(cell % width), static_cast<int>(index % anchors)}};
  }
}

Box box_at(const YoloReading& reading, const YoloPlace& place) {
  const int64_t cell = int64_t{place.cell.row} * reading.outputs[place.level].width + place.cell.column;
  std::array<float, 4> code{};
  for (int i = 0; i < 4; ++i) {
    code[static_cast<size_t>(i)] = reading.plane(place.level, static_cast<size_t>(place.cell.anchor), i)[cell];
  }
  return decode_yolo(code, reading.levels[place.level], place.cell);
}

}  // namespace

Box decode_yolo(std::span<const float, 4> code, const YoloLevel& level, const YoloCell& cell) {
  const auto [anchor_width, anchor_height] = level.anchors[static_cast<size_t>(cell.anchor)];
  const auto stride = static_cast<float>(level.stride);
  const float s = level.scale_xy, before = 0.5F * (s - 1);
  const float x = (static_cast<float>(cell.column) + s * sigmoid(code[0]) - before) * stride;
  const float y = (static_cast<float>(cell.row) + s * sigmoid(code[1]) - before) * stride;
  const float half_width = 0.5F * std::exp(code[2]) * anchor_width;
  const float half_height = 0.5F * std::exp(code[3]) * anchor_height;
  return {x - half_width, y - half_height, x + half_width, y + half_height};
}

std::vector<Detection> yolo_detections(std::span<const YoloOutput> outputs, std::span<const YoloLevel> levels,
                                       int classes, const PostprocessOptions& options) {
  if (outputs.size() != levels.size() || classes < 1) {
    fail(ErrorKind::failed,
         fmt::format("{} outputs of {} classes do not fit {} levels", outputs.size(), classes, levels.size()),
         "YOLO head");
  }
  const YoloReading reading{outputs, levels, classes, options};
  Shortlist shortlist(static_cast<size_t>(std::max(0, options.pre_nms)));
  int64_t first_index = 0;
  for (size_t level = 0; level < levels.size(); ++level) {
    for (size_t anchor = 0; anchor < levels[level].anchors.size(); ++anchor) {
      add_classes(reading, level, anchor, first_index, shortlist);
    }
    first_index += reading.cells(level) * static_cast<int64_t>(levels[level].anchors.size());
  }

  std::vector<Box> boxes;
  std::vector<float> scores;
  std::vector<int> labels;
  for (const Candidate& candidate : shortlist.take()) {
    const Box box = box_at(reading, locate_cell(reading, candidate.anchor));
    if (!is_finite(box)) continue;
    boxes.push_back(box);
    scores.push_back(candidate.score);
    labels.push_back(candidate.label);
  }
  NmsOptions suppression = nms_options(options);
  suppression.kind = NmsKind::distance_iou;
  return detections_by_class(boxes, scores, labels, suppression);
}

}  // namespace spinenet::detect

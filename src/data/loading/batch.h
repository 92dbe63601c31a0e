// The input of one training or evaluation step, ready to be copied into tensors.
//
// Invariant: pixels.size() == images * 3 * height * width; each of the vectors has `images` entries (labels and
// yolo_labels only where anchors of the kind were given).
// Thread contract: plain data and pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "data/loading/augment.h"
#include "data/loading/dataset.h"
#include "data/loading/labels.h"
#include "data/loading/yolo_labels.h"
#include "image/canvas.h"

namespace spinenet::data {

struct Batch {
  int64_t step = 0;  // its number, counted from the beginning of the first epoch
  int64_t images = 0, height = 0, width = 0;
  std::vector<float> pixels;  // [images, 3, height, width], (x / 255 - mean) / deviation
  std::vector<int64_t> image_ids;
  std::vector<detect::Letterbox> letterboxes;          // in evaluation: back to the image's own pixels
  std::vector<AnchorLabels> labels;                    // empty without anchors
  std::vector<YoloLabels> yolo_labels;                 // empty without anchors of a YOLO head
  std::vector<std::vector<Target>> targets;            // boxes in pixels of the input
  std::vector<std::vector<detect::ObjectMask>> masks;  // of each image one for each target; none in a set without masks
  std::vector<int> image_labels;                       // -1 in a detection set
};

// One image of a batch, before the pixels become floats.
struct Prepared {
  int64_t image_id = 0;
  image::Image image;
  detect::Letterbox letterbox;
  std::vector<Target> targets;
  std::vector<detect::ObjectMask> masks;
  AnchorLabels labels;
  std::optional<YoloLabels> yolo_labels;
  int image_label = -1;
};

// All images must be height x width; there may be none.
Batch make_batch(std::vector<Prepared> prepared, int height, int width, const image::Normalization& normalization = {});

}  // namespace spinenet::data

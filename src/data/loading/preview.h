// What training sees of a data set: some of its inputs side by side, with their boxes, masks and class names.
//
// Thread contract: a pure function of the data set, which it reads, and the options.
#pragma once

#include <cstdint>

#include "data/loading/augment.h"
#include "data/loading/coco_dataset.h"
#include "image/image.h"

namespace spinenet::data {

struct PreviewOptions {
  AugmentOptions augment{};
  int size = 320;     // of each input
  int64_t count = 9;  // inputs
  uint64_t seed = 1;
};

// The inputs of the first epoch's first images in an almost square grid, as a Loader of this seed and size makes them.
// Small ones are enlarged for drawing (image/draw.h). ErrorKind::usage where the options are wrong, ErrorKind::bad_data
// where an image cannot be read.
image::Image preview(const CocoDataset& dataset, const PreviewOptions& options);

}  // namespace spinenet::data

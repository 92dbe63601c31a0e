// Measures a network on a data set: every image through it, post-processing, the COCO evaluator.
#pragma once

#include <functional>
#include <vector>

#include "data/loading/loader.h"
#include "detect/annotations.h"
#include "detect/detections.h"
#include "detect/postprocess.h"
#include "graph/program.h"
#include "nn/program_module.h"

namespace spinenet::train {

struct ValidateOptions {
  int classes = 1;
  std::vector<int64_t> category_ids;  // of each class
  detect::PostprocessOptions post;
  std::function<void(int64_t images)> progress;
};

// `loader` has evaluation batches, and anchors for their size. In the order of the data set.
std::vector<detect::Result> detect_all(const graph::Program& program, const nn::Parameters& parameters,
                                       data::Loader& loader, std::span<const detect::Box> anchors,
                                       const ValidateOptions& options);

}  // namespace spinenet::train

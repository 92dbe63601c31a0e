// Measures a network on a data set: every image through it, post-processing, the COCO evaluator.
#pragma once

#include <functional>
#include <variant>
#include <vector>

#include "data/loading/loader.h"
#include "detect/annotations.h"
#include "detect/detections.h"
#include "detect/postprocess.h"
#include "detect/yolo_head.h"
#include "graph/program.h"
#include "nn/program_module.h"

namespace spinenet::train {

// What the outputs of a detector stand for.
using RetinaCells = std::vector<detect::Box>;      // the anchors, for the size of the images
using YoloCells = std::vector<detect::YoloLevel>;  // the levels
using HeadCells = std::variant<RetinaCells, YoloCells>;

struct ValidateOptions {
  int classes = 1;
  std::vector<int64_t> category_ids;  // of each class
  detect::PostprocessOptions post;
  std::function<void(int64_t images)> progress;
};

// `loader` has evaluation batches of the size that `head` is for. In the order of the data set.
std::vector<detect::Result> detect_all(const graph::Program& program, const nn::Parameters& parameters,
                                       data::Loader& loader, const HeadCells& head, const ValidateOptions& options);

}  // namespace spinenet::train

// Measuring a network in training on its validation set, and the numbers as a line of metrics.jsonl.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/json.h"
#include "data/loader.h"
#include "detect/box.h"
#include "eval/coco_ap.h"
#include "nn/program_module.h"
#include "train/run_data.h"

namespace spinenet {

// What the network finds in data.val. `loader` makes evaluation batches of it, for which `anchors` are.
std::vector<Result> detect_validation(const Program& program, const Parameters& parameters, Loader& loader,
                                      std::span<const Box> anchors, const RunData& data);

Json metrics_line(int64_t step, const CocoEvaluation& evaluation);

}  // namespace spinenet

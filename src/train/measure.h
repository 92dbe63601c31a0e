// Measuring a network in training on its validation set, and the numbers as a line of metrics.jsonl.
#pragma once

#include <cstdint>
#include <span>

#include "arch/architecture.h"
#include "base/json.h"
#include "data/loader.h"
#include "detect/anchors.h"
#include "eval/coco_ap.h"
#include "nn/program_module.h"
#include "train/run_data.h"

namespace spinenet {

// The anchors that belong to a head and its levels.
AnchorOptions anchor_options_of(const Architecture& architecture);

// `loader` makes evaluation batches of data.val.
CocoEvaluation measure_detector(const Program& program, const Parameters& parameters, Loader& loader,
                                std::span<const Box> anchors, const RunData& data);

Json metrics_line(int64_t step, const CocoEvaluation& evaluation);

}  // namespace spinenet

// The time of a model of two stages and of its parts. What is in an image decides how much its heads have to do, so
// that is fixed: as many proposals as the model looks at, and as many objects as an image may have, whatever the
// network says of random pixels.
//
// Thread contract: one thread at a time.
#pragma once

#include <vector>

#include "runtime/bench/measure.h"
#include "runtime/two_stage_engine.h"

namespace spinenet::runtime {

struct TwoStageTimes {
  std::vector<double> seconds;  // of each run, from the network's input to the masks in the images
  std::vector<PartTime> parts;
  int64_t rois = 0, objects = 0;  // of all images of a run; each box head looks at all ROIs
};

TwoStageTimes time_two_stages(const TwoStagePlans& plans, const Model& model, const HostTensor& images, int runs);

}  // namespace spinenet::runtime

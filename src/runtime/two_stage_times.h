// The time of a model of two stages and of its parts. What is in an image decides how much its heads have to do, so
// that is fixed: as many proposals as the model looks at, and as many objects as an image may have, whatever the
// network says of random pixels.
//
// Thread contract: one thread at a time.
#pragma once

#include <string>
#include <vector>

#include "base/host_tensor.h"
#include "runtime/model.h"
#include "runtime/two_stage_engine.h"

namespace spinenet::runtime {

// A part of what a model of two stages does.
struct PartTime {
  std::string name;
  double median_ms = 0;
};

struct TwoStageTimes {
  std::vector<double> seconds;  // of each run, from the network's input to the masks in the images
  std::vector<PartTime> parts;
  int64_t rois = 0, objects = 0;  // of all images of a run; each box head looks at all ROIs
};

// Of the images as they are, which fill the network's input.
TwoStageTimes time_two_stages(const TwoStagePlans& plans, const Model& model, const HostTensor& images, int runs);

}  // namespace spinenet::runtime

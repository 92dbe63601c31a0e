// The time of a model of two stages and of its parts. What is in a picture sets the work of its heads, so it is laid
// down: as many proposals as the model looks at, and as many objects as a picture may have, whatever the network says
// of random pixels.
//
// Thread contract: one thread at a time.
#pragma once

#include <vector>

#include "cli/bench_measure.h"
#include "runtime/two_stage.h"

namespace spinenet::cli {

struct TwoStageTimes {
  std::vector<double> seconds;  // of each run, from the network's input to the masks in the pictures
  std::vector<PartTime> parts;
  int64_t rois = 0, objects = 0;  // of all pictures of a run; each box head looks at all ROIs
};

TwoStageTimes time_two_stages(const runtime::TwoStagePlans& plans, const Subject& subject, const HostTensor& pictures,
                              int runs);

}  // namespace spinenet::cli

// The networks of a model: one Program of a detector or a classifier; of a model that segments the trunk, the box heads
// and the mask head.
//
// Thread contract: pure functions.
#pragma once

#include <functional>
#include <vector>

#include "graph/forward.h"
#include "graph/program.h"
#include "runtime/model.h"

namespace spinenet::runtime {

// Of a picture's size as networks and answers take it: 0 is the model's own.
inline int image_size_of(const Model& model, int image_size) {
  return image_size > 0 ? image_size : model.file.image_size;
}

// ErrorKind::usage when the architecture cannot do the task.
std::vector<graph::Program> lower_networks(const Model& model, int image_size = 0);

// The same; ErrorKind::bad_data when the model's weights are not those of its networks.
std::vector<graph::Program> networks_of(const Model& model, int image_size = 0);

// How many inputs the engine best runs at once, of each of `networks` networks: pictures of the first one, crops of a
// head.
int engine_batch(size_t network, size_t networks);

// A way of running a network with its weights.
using RunNetwork = std::function<graph::Forward(const graph::Program& program, const Weights& weights)>;

// Each of the networks with its own weights.
std::vector<graph::Forward> forwards_of(const Model& model, int image_size, const RunNetwork& run);

}  // namespace spinenet::runtime

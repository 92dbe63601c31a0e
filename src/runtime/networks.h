// The networks of a model: one Program of a detector or a classifier; of a model that segments the trunk, the box heads
// and the mask head.
//
// Thread contract: pure functions.
#pragma once

#include <vector>

#include "graph/program.h"
#include "runtime/model.h"

namespace spinenet::runtime {

// The image size that networks and predictions use: 0 is the model's own.
inline int image_size_of(const Model& model, int image_size) {
  return image_size > 0 ? image_size : model.file.image_size;
}

// ErrorKind::usage when the architecture cannot do the task.
std::vector<graph::Program> lower_networks(const Model& model, int image_size = 0);

// The same; ErrorKind::bad_data when the model's weights are not those of its networks.
std::vector<graph::Program> networks_of(const Model& model, int image_size = 0);

}  // namespace spinenet::runtime

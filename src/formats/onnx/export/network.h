// The operations of a Program as ONNX nodes.
//
// Nodes have the names of the operations and constants those of the parameters, so that a tensor of the model file is
// found again in the ONNX file. Batch norms stay nodes of their own (every runtime folds them). No number depends on
// the size of the image where all levels meet: the same nodes serve every such size.
//
// Thread contract: a free function on its arguments.
#pragma once

#include <string>

#include "base/host_tensor.h"
#include "formats/onnx/graph.h"
#include "graph/program.h"

namespace spinenet::formats {

// `image` names the graph's input. Afterwards each output of the program can be read under its name.
// ErrorKind::bad_data when the weights do not fit.
void add_network(OnnxGraph& graph, const graph::Program& program, const Weights& weights, const std::string& image);

}  // namespace spinenet::formats

#include "formats/onnx/interpreter/kernels.h"

#include <gtest/gtest.h>

#include "formats/onnx/export/network.h"
#include "graph/every_operation.h"
#include "graph/weights.h"

namespace spinenet::formats {
namespace {

// Kernels are found by the names of ONNX operators, where no compiler sees that one is missing.
TEST(OnnxKernels, AreThereForAllThatTheOperationsOfAProgramBecome) {
  for (const arch::Activation activation : values_of<arch::Activation>()) {
    const graph::Program program = graph::every_operation(activation);
    OnnxGraph graph;
    add_network(graph, program, graph::initial_weights(program, {}, 1), "image");
    for (const OnnxNode& node : graph.finish().nodes) {
      EXPECT_TRUE(has_kernel(node.op)) << node.op << " of the node " << node.name;
    }
  }
  EXPECT_FALSE(has_kernel("NoSuchOperator"));
}

}  // namespace
}  // namespace spinenet::formats

#include "plot/operations_text.h"

#include <gtest/gtest.h>

#include "graph/every_operation.h"

namespace spinenet::plot {
namespace {

TEST(OperationsText, CountsEachKindOfAPart) {
  graph::Builder b({3, 8, 8}, {});
  graph::ValueId x = b.batch_norm(b.conv(b.input(), {.filters = 4, .kernel = 3}, "stem.conv"), "stem.bn");
  x = b.conv(b.activate(x, "stem.act"), {.filters = 4, .kernel = 3, .groups = 4}, "block.0.conv");
  x = b.conv(x, {.filters = 4, .kernel = 1}, "block.1.conv");
  x = b.conv(b.add({x, x, x}, "block.sum"), {.filters = 4, .kernel = 1}, "block.2.conv");
  b.output("y", x);
  const graph::Program program = b.finish();
  EXPECT_EQ(operations_text(program, "stem."), "1 convolution, 1 batch norm, 1 activation");
  EXPECT_EQ(operations_text(program, "block."), "1 depthwise convolution, 2 convolutions, 1 sum");
  EXPECT_EQ(operations_text(program, "head."), "");
}

TEST(OperationsText, HasAWordForEveryKind) {
  EXPECT_EQ(
      operations_text(graph::every_operation(arch::Activation::relu), ""),
      "11 convolutions, 3 activations, 1 depthwise convolution, 1 batch norm, 2 global pools, 2 sigmoids, "
      "2 scalings, 6 max pools, 2 upsamplings, 1 sum, 1 mean, 1 drop path, 1 transposed convolution, "
      "4 concatenations, 3 dilated convolutions, 1 dilated depthwise convolution, 2 average pools, 4 channel slices, "
      "2 bilinear upsamplings");
}

}  // namespace
}  // namespace spinenet::plot

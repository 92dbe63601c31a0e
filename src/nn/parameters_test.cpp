#include "nn/parameters.h"

#include <gtest/gtest.h>

#include "graph/builder.h"
#include "graph/weights.h"

namespace spinenet::nn {
namespace {

// One convolution with a bias, called `name`.
graph::Program convolution(const std::string& name, int64_t filters) {
  graph::Builder b({3, 4, 4}, {});
  b.output("out", b.conv(b.input(), {.filters = filters, .bias = true}, name));
  return b.finish();
}

TEST(Parameters, ProgramsThatTrainTogetherShareTheirBuffers) {
  const std::vector<graph::Program> programs{convolution("trunk", 2), convolution("head", 5)};
  const graph::Program together = graph::parameters_of_all(programs);
  const Weights weights = graph::initial_weights(together, {}, 1);
  Parameters all = make_parameters(together, weights, torch::kCPU);
  EXPECT_EQ(all.kernels, 3 * 2 + 3 * 5) << "kernels of both stand first";
  const std::vector<Parameters> parts = parts_of(all, programs);
  ASSERT_EQ(parts.size(), 2U);
  EXPECT_EQ(parts[0].views.size(), 2U);
  EXPECT_EQ(parts[1].views[0].numel(), 15);
  {
    const torch::NoGradGuard no_grad;
    all.values.fill_(7);
  }
  EXPECT_EQ(parts[1].views[1][4].item<float>(), 7);
  const Weights written = weights_of(together, all.values, all.statistics);
  EXPECT_EQ(written.at("head.bias").data, std::vector<float>(5, 7));
}

}  // namespace
}  // namespace spinenet::nn

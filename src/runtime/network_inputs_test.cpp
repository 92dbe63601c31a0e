#include "runtime/network_inputs.h"

#include <algorithm>
#include <stdexcept>

#include <gtest/gtest.h>

#include "runtime/networks.h"
#include "runtime/test_models.h"

namespace spinenet::runtime {
namespace {

std::vector<engine::CalibrationImages> inputs_for(const Model& model, const ImageSource& images) {
  return network_inputs(model, networks_of(model), images, 2);
}

// As many numbers as the network takes, in every input.
void expect_fit(const graph::Program& network, const engine::CalibrationImages& inputs) {
  const graph::Shape& shape = network.values.front();
  for (int64_t i = 0; i < inputs.count; ++i) {
    ASSERT_EQ(static_cast<int64_t>(inputs.image(i).size()), shape.channels * shape.height * shape.width);
  }
}

TEST(NetworkInputs, OneNetworkGetsTheImages) {
  for (const arch::Task task : {arch::Task::detect, arch::Task::classify}) {
    const Model model = model_for(task);
    const auto inputs = inputs_for(model, stripes());
    ASSERT_EQ(inputs.size(), 1U);
    EXPECT_EQ(inputs[0].count, stripes().count);
    expect_fit(networks_of(model).front(), inputs[0]);
  }
}

TEST(NetworkInputs, HeadsGetCropsOfEveryImage) {
  const Model model = model_for(arch::Task::segment);
  const std::vector<graph::Program> networks = networks_of(model);
  const auto inputs = inputs_for(model, stripes());
  ASSERT_EQ(inputs.size(), networks.size());
  EXPECT_EQ(inputs[0].count, stripes().count);
  for (size_t n = 0; n < networks.size(); ++n) expect_fit(networks[n], inputs[n]);
  for (size_t n = 1; n < networks.size(); ++n) {
    EXPECT_GT(inputs[n].count, 1) << networks[n].outputs.front().name;
    EXPECT_LE(inputs[n].count, 64 * stripes().count);
    const std::vector<float> crop = inputs[n].image(0), last = inputs[n].image(inputs[n].count - 1);
    EXPECT_GT(std::ranges::max(crop), 0) << "features, not padding alone";
    EXPECT_EQ(crop, inputs[n].image(0));
    EXPECT_NE(crop, last);
  }
}

TEST(NetworkInputs, WithoutImagesNothingIsAsked) {
  const Model model = model_for(arch::Task::segment);
  const ImageSource none{0, [](int64_t) -> image::Image { throw std::logic_error("there is no image"); }};
  for (const engine::CalibrationImages& inputs : inputs_for(model, none)) EXPECT_EQ(inputs.count, 0);
}

}  // namespace
}  // namespace spinenet::runtime

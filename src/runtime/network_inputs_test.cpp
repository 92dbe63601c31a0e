#include "runtime/network_inputs.h"

#include <algorithm>
#include <stdexcept>

#include <gtest/gtest.h>

#include "runtime/networks.h"
#include "runtime/test_models.h"

namespace spinenet::runtime {
namespace {

std::vector<engine::CalibrationImages> inputs_for(const Model& model, const ImageSource& images) {
  return network_inputs(model, images, {.threads = 2});
}

// So many images, each of another grey that grows from left to right.
ImageSource greys(int64_t count) {
  return {count, [](int64_t i) {
            image::Image image = image::make_image(90, 100);
            for (size_t p = 0; p < image.pixels.size(); ++p) {
              image.pixels[p] = static_cast<uint8_t>((p / 3 % 100 * static_cast<size_t>(i + 1)) % 251);
            }
            return image;
          }};
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
  const auto first = inputs_for(model, greys(1)), inputs = inputs_for(model, greys(2));
  ASSERT_EQ(inputs.size(), networks.size());
  EXPECT_EQ(inputs[0].count, 2);
  EXPECT_FALSE(inputs[0].crops);
  for (size_t n = 0; n < networks.size(); ++n) expect_fit(networks[n], inputs[n]);
  for (size_t n = 1; n < networks.size(); ++n) {
    EXPECT_TRUE(inputs[n].crops);
    EXPECT_LE(inputs[n].count, 2 * 64);
    EXPECT_EQ(inputs[n].image(0), first[n].image(0)) << "the first image's first crop";
    EXPECT_GT(std::ranges::max(inputs[n].image(0)), 0) << "features, not padding alone";
    for (int64_t i = 0; i < first[n].count; ++i) {
      EXPECT_NE(inputs[n].image(1), first[n].image(i)) << "then one of the second image";
    }
  }
}

TEST(NetworkInputs, OfManyImagesFewCropsAreKept) {
  const Model model = model_for(arch::Task::segment);
  const auto inputs = inputs_for(model, greys(20));
  for (size_t n = 1; n < inputs.size(); ++n) {
    EXPECT_GE(inputs[n].count, 20);
    EXPECT_LE(inputs[n].count, 512);
  }
}

TEST(NetworkInputs, EveryHeadOfACascadeGetsItsOwn) {
  arch::Architecture cascade = narrow();
  cascade.two_stage.box_thresholds = {0.5F, 0.6F, 0.7F};
  const Model model = model_for(arch::Task::segment, cascade);
  const std::vector<graph::Program> networks = networks_of(model);
  const auto inputs = inputs_for(model, greys(1));
  ASSERT_EQ(inputs.size(), 5U);
  for (size_t n = 0; n < networks.size(); ++n) expect_fit(networks[n], inputs[n]);
  EXPECT_NE(inputs[1].image(0), inputs[2].image(0)) << "boxes move from stage to stage";
}

TEST(NetworkInputs, WithoutImagesNothingIsAsked) {
  const Model model = model_for(arch::Task::segment);
  const ImageSource none{0, [](int64_t) -> image::Image { throw std::logic_error("there is no image"); }};
  for (const engine::CalibrationImages& inputs : inputs_for(model, none)) EXPECT_EQ(inputs.count, 0);
}

}  // namespace
}  // namespace spinenet::runtime

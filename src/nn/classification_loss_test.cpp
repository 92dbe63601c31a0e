#include "nn/classification_loss.h"

#include <cmath>

#include <gtest/gtest.h>

#include "base/random.h"

namespace spinenet::nn {
namespace {

TEST(ClassificationLoss, HardTargetsGiveTheLogarithmOfTheProbability) {
  const torch::Tensor logits = torch::tensor({2.0F, 0.0F, -1.0F, 0.0F, 0.0F, 3.0F}).view({2, 3});
  const torch::Tensor loss = soft_cross_entropy(logits, soft_targets({0, 2}, 3, 0), 2);
  const double first = std::exp(2.0) / (std::exp(2.0) + 1 + std::exp(-1.0));
  const double second = std::exp(3.0) / (std::exp(3.0) + 2);
  EXPECT_NEAR(loss.item<double>(), -(std::log(first) + std::log(second)) / 2, 1e-6);
}

TEST(ClassificationLoss, SmoothingSpreadsAShareOverAllClasses) {
  const torch::Tensor targets = soft_targets({1}, 4, 0.2);
  EXPECT_NEAR(targets[0][0].item<double>(), 0.05, 1e-7);
  EXPECT_NEAR(targets[0][1].item<double>(), 0.85, 1e-7);
  EXPECT_NEAR(targets.sum().item<double>(), 1, 1e-6);
}

TEST(ClassificationLoss, HugeLogitsStayFinite) {
  const torch::Tensor logits = torch::tensor({1e4F, -1e4F}).view({1, 2});
  EXPECT_NEAR(soft_cross_entropy(logits, soft_targets({1}, 2, 0), 1).item<double>(), 2e4, 1);
}

TEST(Mixing, NeighboursShareAFactorAndTheLastStaysAlone) {
  const Mixing mixing = draw_mixing(5, 0, 0.4, 7);
  for (int64_t i = 0; i < 4; ++i) EXPECT_EQ(mixing.partner[i].item<int64_t>(), i ^ 1);
  EXPECT_EQ(mixing.partner[4].item<int64_t>(), 4);
  EXPECT_EQ(mixing.factor[0].item<float>(), mixing.factor[1].item<float>());
  EXPECT_NE(mixing.factor[0].item<float>(), mixing.factor[2].item<float>());
  EXPECT_EQ(mixing.factor[4].item<float>(), 1);
}

TEST(Mixing, SlicesOfProcessesAreMixedAsTheWholeBatch) {
  const Mixing whole = draw_mixing(8, 0, 0.4, 7);
  const Mixing second = draw_mixing(4, 4, 0.4, 7);
  EXPECT_TRUE(torch::equal(whole.factor.slice(0, 4), second.factor));
}

TEST(Mixing, MixesImagesAndTargetsByTheFactor) {
  const Mixing mixing{torch::tensor({int64_t{1}, int64_t{0}}), torch::tensor({0.75F, 0.75F})};
  const torch::Tensor mixed = mix(torch::tensor({0.0F, 8.0F}).view({2, 1, 1, 1}), mixing);
  EXPECT_EQ(mixed[0].item<float>(), 2);
  EXPECT_EQ(mixed[1].item<float>(), 6);
}

// Beta(a, a) folded at a half: the mean of max(x, 1 - x). For a = 1 it is 3/4.
TEST(Mixing, FactorsFollowTheBetaDistribution) {
  const Mixing mixing = draw_mixing(20000, 0, 1, 3);
  EXPECT_NEAR(mixing.factor.mean().item<double>(), 0.75, 0.01);
  EXPECT_GE(mixing.factor.min().item<double>(), 0.5);
}

}  // namespace
}  // namespace spinenet::nn

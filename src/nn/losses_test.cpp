#include "nn/losses.h"

#include <cmath>

#include <gtest/gtest.h>

namespace spinenet::nn {
namespace {

LossTargets one_anchor(int64_t label) {
  return {torch::full({1, 1}, label, torch::kInt64), torch::zeros({1, 1, 4}, torch::kFloat64)};
}

// The focal loss of the paper for one logit, straight from its definition.
double focal(double logit, bool positive) {
  const double p = 1 / (1 + std::exp(-logit));
  return positive ? -0.25 * std::pow(1 - p, 1.5) * std::log(p) : -0.75 * std::pow(p, 1.5) * std::log(1 - p);
}

double classification(double logit_a, double logit_b, int64_t label) {
  const torch::Tensor logits = torch::tensor({logit_a, logit_b}, torch::kFloat64).view({1, 1, 2});
  return detection_losses(logits, torch::zeros({1, 1, 4}, torch::kFloat64), one_anchor(label), 1, {})
      .classification.item<double>();
}

TEST(FocalLoss, IsThePapersFormula) {
  EXPECT_NEAR(classification(0.3, -1.2, 0), (focal(0.3, true) + focal(-1.2, false)) / 2, 1e-12);
  EXPECT_NEAR(classification(0.3, -1.2, 1), (focal(0.3, false) + focal(-1.2, true)) / 2, 1e-12);
  EXPECT_NEAR(classification(0.3, -1.2, -1), (focal(0.3, false) + focal(-1.2, false)) / 2, 1e-12);
}

TEST(FocalLoss, IgnoredAnchorsCountForNothing) {
  EXPECT_NEAR(classification(3, 4, -2), 0, 1e-12);
}

TEST(FocalLoss, IsFiniteForHugeLogitsInBothPrecisions) {
  for (const auto dtype : {torch::kFloat32, torch::kBFloat16}) {
    for (const double size : {1e4, -1e4}) {
      const torch::Tensor logits = torch::full({1, 1, 2}, size, dtype).set_requires_grad(true);
      const Losses losses = detection_losses(logits, torch::zeros({1, 1, 4}), one_anchor(0), 1, {});
      losses.classification.backward();
      EXPECT_TRUE(std::isfinite(losses.classification.item<double>())) << size;
      EXPECT_TRUE(logits.grad().isfinite().all().item<bool>()) << size;
    }
  }
}

TEST(BoxLoss, IsHuberWithItsWeightAndNormaliser) {
  torch::Tensor codes = torch::zeros({1, 1, 4}, torch::kFloat64);
  codes[0][0][0] = 0.05;  // within delta: x^2 / 2
  codes[0][0][1] = -0.5;  // beyond: delta (|x| - delta / 2)
  const Losses losses = detection_losses(torch::zeros({1, 1, 1}, torch::kFloat64), codes, one_anchor(0), 3, {});
  const double sum = 0.05 * 0.05 / 2 + 0.1 * (0.5 - 0.05);
  EXPECT_NEAR(losses.box.item<double>(), 50 * sum / (4 * 4), 1e-12);
}

TEST(BoxLoss, WithoutPositivesIsZeroAndHasAGradient) {
  const torch::Tensor codes = torch::rand({1, 1, 4}, torch::kFloat64).set_requires_grad(true);
  const Losses losses = detection_losses(torch::zeros({1, 1, 1}, torch::kFloat64), codes, one_anchor(-1), 0, {});
  EXPECT_EQ(losses.box.item<double>(), 0);
  losses.total().backward();
  EXPECT_EQ(codes.grad().abs().sum().item<double>(), 0);
}

TEST(FlattenLevels, OrdersByLevelRowColumnAnchor) {
  // Two anchors of three classes on a 1x2 map; channel a * 3 + k.
  const torch::Tensor level = torch::arange(12, torch::kFloat32).view({1, 6, 1, 2});
  const torch::Tensor rows = flatten_levels({level, level + 100}, 3);
  ASSERT_EQ(rows.sizes(), (std::vector<int64_t>{1, 8, 3}));
  EXPECT_EQ(rows[0][0][1].item<float>(), 2);    // column 0, anchor 0, class 1
  EXPECT_EQ(rows[0][1][0].item<float>(), 6);    // column 0, anchor 1
  EXPECT_EQ(rows[0][2][0].item<float>(), 1);    // column 1, anchor 0
  EXPECT_EQ(rows[0][4][0].item<float>(), 100);  // next level
}

}  // namespace
}  // namespace spinenet::nn

#include "nn/two_stage_losses.h"

#include <cmath>

#include <gtest/gtest.h>

namespace spinenet::nn {
namespace {

const torch::TensorOptions kDouble = torch::kFloat64;

double entropy(double logit, bool one) {
  const double p = 1 / (1 + std::exp(-logit));
  return -std::log(one ? p : 1 - p);
}

double huber(double x, double delta) {
  return std::abs(x) <= delta ? x * x / 2 : delta * (std::abs(x) - delta / 2);
}

TEST(ProposalLosses, AreCrossEntropyAndHuberOfTheSample) {
  const torch::Tensor logits = torch::tensor({{0.5, -1.0, 2.0, 7.0}}, kDouble);
  torch::Tensor codes = torch::zeros({1, 4, 4}, kDouble);
  codes[0][0][1] = 0.05;
  codes[0][0][2] = -2.0;
  codes[0][1][0] = 9;  // of background: counts for nothing
  const LossTargets targets{torch::tensor({{0, -1, -1, -2}}, torch::kInt64), torch::zeros({1, 4, 4}, kDouble)};
  const Losses losses = proposal_losses(logits, codes, targets, {6, 2}, {});
  EXPECT_NEAR(losses.classification.item<double>(), (entropy(0.5, true) + entropy(-1, false) + entropy(2, false)) / 6,
              1e-12);
  EXPECT_NEAR(losses.box.item<double>(), (huber(0.05, 1.0 / 9) + huber(2, 1.0 / 9)) / (4 * 2), 1e-12);
}

TEST(BoxHeadLosses, AreSoftmaxAndHuberOfTheRoisClass) {
  const torch::Tensor logits = torch::tensor({{1.0, 2.0, -1.0}, {0.5, 0.0, 0.25}}, kDouble);
  torch::Tensor codes = torch::zeros({2, 8}, kDouble);
  codes[0][4] = 0.5;  // class 1
  codes[0][5] = -3.0;
  codes[0][0] = 50;  // another class
  codes[1][0] = 50;  // background has no box
  const LossTargets targets{torch::tensor({1, -1}, torch::kInt64), torch::zeros({2, 4}, kDouble)};
  const Losses losses = box_head_losses(logits, codes, targets, {2, 1}, {});
  const auto log_sum = [](double a, double b, double c) { return std::log(std::exp(a) + std::exp(b) + std::exp(c)); };
  EXPECT_NEAR(losses.classification.item<double>(), (log_sum(1, 2, -1) + 1 + log_sum(0.5, 0, 0.25) - 0.5) / 2, 1e-12);
  EXPECT_NEAR(losses.box.item<double>(), (huber(0.5, 1) + huber(3, 1)) / 4, 1e-12);
}

TEST(BoxHeadLosses, OneBoxForAllClassesLearnsFromEachOfThem) {
  const torch::Tensor logits = torch::tensor({{1.0, 2.0, -1.0}, {0.5, 0.0, 0.25}, {0.0, 0.5, 0.0}}, kDouble);
  const torch::Tensor codes =
      torch::tensor({{0.5, 0.0, 0.0, 0.0}, {50.0, 0.0, 0.0, 0.0}, {0.0, -3.0, 0.0, 0.0}}, kDouble);
  const LossTargets targets{torch::tensor({1, -1, 0}, torch::kInt64), torch::zeros({3, 4}, kDouble)};
  const Losses losses = box_head_losses(logits, codes, targets, {3, 2}, {});
  EXPECT_NEAR(losses.box.item<double>(), (huber(0.5, 1) + huber(3, 1)) / (4 * 2), 1e-12);
}

// With boxes of each class, and with one for all of them.
TEST(BoxHeadLosses, HaveTheGradientsOfFiniteDifferences) {
  torch::manual_seed(3);
  for (const int64_t boxes : {1, 3}) {
    const torch::Tensor logits = torch::randn({6, 4}, kDouble).requires_grad_(true);
    const torch::Tensor codes = (2 * torch::randn({6, 4 * boxes}, kDouble)).requires_grad_(true);
    const LossTargets targets{torch::tensor({2, -1, 0, 1, -1, 2}, torch::kInt64), torch::randn({6, 4}, kDouble)};
    const auto loss = [&] { return box_head_losses(logits, codes, targets, {6, 4}, {}).total(); };
    loss().backward();
    const torch::NoGradGuard no_grad;
    constexpr double kStep = 1e-6;
    for (const torch::Tensor& x : {logits, codes}) {
      const torch::Tensor flat = x.view({-1}), gradient = x.grad().view({-1});
      for (int64_t i = 0; i < flat.size(0); ++i) {
        flat[i] += kStep;
        const double above = loss().item<double>();
        flat[i] -= 2 * kStep;
        const double below = loss().item<double>();
        flat[i] += kStep;
        EXPECT_NEAR(gradient[i].item<double>(), (above - below) / (2 * kStep), 1e-7) << boxes << " boxes, entry " << i;
      }
    }
  }
}

TEST(MaskHeadLoss, IsTheCrossEntropyOfTheRoisClass) {
  torch::Tensor logits = torch::full({1, 2, 2, 2}, 100.0, kDouble);
  logits[0][1] = torch::tensor({{0.5, -1.0}, {2.0, 0.0}}, kDouble);
  const torch::Tensor masks = torch::tensor({{{1.0, 0.0}, {0.0, 1.0}}}, kDouble);
  const double sum = entropy(0.5, true) + entropy(-1, false) + entropy(2, false) + entropy(0, true);
  const torch::Tensor loss = mask_head_loss(logits, torch::tensor({1}, torch::kInt64), masks, 3, {});
  EXPECT_NEAR(loss.item<double>(), sum / (4 * 3), 1e-12);
}

TEST(TwoStageLosses, OfNothingAreZeroWithAGradient) {
  const torch::Tensor logits = torch::rand({1, 5}).requires_grad_(true);
  const torch::Tensor codes = torch::rand({1, 5, 4}).requires_grad_(true);
  const LossTargets ignored{torch::full({1, 5}, -2, torch::kInt64), torch::zeros({1, 5, 4})};
  const torch::Tensor classes = torch::rand({0, 3}).requires_grad_(true);
  const torch::Tensor boxes = torch::rand({0, 8}).requires_grad_(true);
  const LossTargets no_rois{torch::zeros({0}, torch::kInt64), torch::zeros({0, 4})};
  const torch::Tensor masks = torch::rand({0, 2, 28, 28}).requires_grad_(true);
  const torch::Tensor total = proposal_losses(logits, codes, ignored, {}, {}).total() +
                              box_head_losses(classes, boxes, no_rois, {}, {}).total() +
                              mask_head_loss(masks, torch::zeros({0}, torch::kInt64), torch::zeros({0, 28, 28}), 0, {});
  EXPECT_EQ(total.item<float>(), 0);
  total.backward();
  EXPECT_EQ(logits.grad().abs().sum().item<float>(), 0);
  EXPECT_EQ(codes.grad().abs().sum().item<float>(), 0);
}

TEST(TwoStageLosses, AreFiniteForHugeLogits) {
  const torch::Tensor logits = torch::tensor({{1e4F, -1e4F}}).requires_grad_(true);
  const LossTargets anchors{torch::tensor({{-1, 0}}, torch::kInt64), torch::zeros({1, 2, 4})};
  const LossTargets roi{torch::tensor({0}, torch::kInt64), torch::zeros({1, 4})};
  const torch::Tensor total = proposal_losses(logits, torch::zeros({1, 2, 4}), anchors, {2, 1}, {}).total() +
                              box_head_losses(logits, torch::zeros({1, 4}), roi, {1, 1}, {}).total() +
                              mask_head_loss(logits.view({1, 1, 1, 2}), torch::zeros({1}, torch::kInt64),
                                             torch::tensor({{{0.0F, 1.0F}}}), 1, {});
  total.backward();
  EXPECT_TRUE(std::isfinite(total.item<float>()));
  EXPECT_TRUE(logits.grad().isfinite().all().item<bool>());
}

}  // namespace
}  // namespace spinenet::nn

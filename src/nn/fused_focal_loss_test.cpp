#include "nn/fused_focal_loss.h"

#include <cmath>
#include <limits>

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

namespace spinenet::nn {
namespace {

constexpr double kWeight = 0.75, kGamma = 1.5;
constexpr kernels::FocalLoss kLoss{.weight = 0.75F, .gamma = 1.5F};

torch::Tensor logits(const std::vector<int64_t>& sizes) {
  torch::manual_seed(3);
  return torch::randn(sizes) * 3 - 3;
}

struct LossAndGradient {
  torch::Tensor loss, gradient;
};

LossAndGradient loss_fused(const torch::Tensor& x) {
  const torch::Tensor leaf = x.detach().clone().set_requires_grad(true);
  const torch::Tensor loss = fused_focal_loss(leaf, kLoss);
  (loss * 0.3).backward();
  return {loss.detach(), leaf.grad()};
}

LossAndGradient loss_in_double_precision(const torch::Tensor& x) {
  const torch::Tensor leaf = x.detach().to(torch::kFloat64).set_requires_grad(true);
  const torch::Tensor loss = (at::softplus(leaf) * leaf.sigmoid().pow(kGamma) * kWeight).sum();
  (loss * 0.3).backward();
  return {loss.detach(), leaf.grad()};
}

TEST(FusedFocalLoss, IsTheLossAndTheGradientOfItsOperations) {
  for (const std::vector<int64_t>& sizes :
       {std::vector<int64_t>{1}, {3, 5}, {2, 700, 10}, {16, 3069, 10}, {0, 4}, {8192}, {8193}}) {
    SCOPED_TRACE(sizes.front());
    const torch::Tensor x = logits(sizes);
    const LossAndGradient found = loss_fused(x), exact = loss_in_double_precision(x);
    EXPECT_NEAR(found.loss.item<double>(), exact.loss.item<double>(), 2e-6 * exact.loss.item<double>());
    ASSERT_EQ(found.gradient.sizes(), exact.gradient.sizes());
    if (x.numel() == 0) continue;
    EXPECT_LT((found.gradient - exact.gradient).abs().max().item<double>(), 1e-6);
  }
}

TEST(FusedFocalLoss, TakesAnyLayout) {
  const torch::Tensor x = logits({6, 40, 8});
  const LossAndGradient turned = loss_fused(x.permute({2, 0, 1})), plain = loss_in_double_precision(x);
  EXPECT_NEAR(turned.loss.item<double>(), plain.loss.item<double>(), 2e-6 * plain.loss.item<double>());
  EXPECT_LT((turned.gradient.permute({1, 2, 0}) - plain.gradient).abs().max().item<double>(), 1e-6);
}

TEST(FusedFocalLoss, HasTheSameBitsForAnyNumberOfThreads) {
  const torch::Tensor x = logits({16, 3069, 10});
  const int before = at::get_num_threads();
  at::set_num_threads(1);
  const LossAndGradient one = loss_fused(x);
  for (const int threads : {2, 3, 5}) {
    at::set_num_threads(threads);
    const LossAndGradient several = loss_fused(x);
    EXPECT_TRUE(torch::equal(one.loss, several.loss));
    EXPECT_TRUE(torch::equal(one.gradient, several.gradient));
  }
  at::set_num_threads(before);
}

TEST(FusedFocalLoss, HidesNothingThatIsNoNumber) {
  torch::Tensor x = logits({100, 10});
  x[57][3] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_TRUE(std::isnan(loss_fused(x).loss.item<double>()));
}

TEST(FusedFocalLoss, IsForFloatsOnTheProcessor) {
  EXPECT_TRUE(can_fuse_focal_loss(logits({2})));
  EXPECT_FALSE(can_fuse_focal_loss(logits({2}).to(torch::kFloat64)));
  EXPECT_FALSE(can_fuse_focal_loss(logits({2}).to(torch::kBFloat16)));
}

}  // namespace
}  // namespace spinenet::nn

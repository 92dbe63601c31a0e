#include "nn/sync_batch_norm.h"

#include <gtest/gtest.h>

namespace spinenet::nn {
namespace {

BatchNormState state_of(int64_t channels) {
  torch::manual_seed(4);
  return {torch::rand({channels}).set_requires_grad(true),
          torch::rand({channels}).set_requires_grad(true),
          torch::zeros({channels}),
          torch::ones({channels}),
          0.9,
          1e-3};
}

TEST(SyncBatchNorm, OfOneProcessIsBatchNorm) {
  const torch::Tensor x = torch::randn({3, 5, 4, 6}).set_requires_grad(true);
  const torch::Tensor x2 = x.detach().clone().set_requires_grad(true);
  BatchNormState a = state_of(5);
  BatchNormState b = state_of(5);
  const AllReduce alone = [](torch::Tensor&) {};
  const torch::Tensor ya = sync_batch_norm(x, a, alone);
  const torch::Tensor yb = at::batch_norm(x2, b.weight, b.bias, b.running_mean, b.running_var, true, 0.1, 1e-3, true);
  EXPECT_TRUE(torch::allclose(ya, yb, 1e-5, 1e-6));
  const torch::Tensor seed = torch::randn_like(ya);
  (ya * seed).sum().backward();
  (yb * seed).sum().backward();
  EXPECT_TRUE(torch::allclose(x.grad(), x2.grad(), 1e-4, 1e-5));
  EXPECT_TRUE(torch::allclose(a.weight.grad(), b.weight.grad(), 1e-4, 1e-5));
  EXPECT_TRUE(torch::allclose(a.bias.grad(), b.bias.grad(), 1e-4, 1e-5));
  EXPECT_TRUE(torch::allclose(a.running_mean, b.running_mean, 1e-5, 1e-6));
  EXPECT_TRUE(torch::allclose(a.running_var, b.running_var, 1e-5, 1e-6));
}

TEST(SyncBatchNorm, OfAPartWithTheSumsOfTheWholeIsThatPartOfTheWhole) {
  const torch::Tensor whole = torch::randn({4, 3, 2, 2});
  BatchNormState a = state_of(3);
  BatchNormState b = state_of(3);
  const torch::Tensor expected =
      at::batch_norm(whole, b.weight, b.bias, b.running_mean, b.running_var, true, 0.1, 1e-3, true);
  // The other process holds samples 2 and 3: its sums are added as its all-reduce would.
  const torch::Tensor other = whole.narrow(0, 2, 2).to(torch::kFloat64);
  const AllReduce add_other = [&](torch::Tensor& sums) {
    sums.add_(
        torch::cat({other.sum({0, 2, 3}), (other * other).sum({0, 2, 3}), torch::full({1}, 8.0, torch::kFloat64)}));
  };
  EXPECT_TRUE(
      torch::allclose(sync_batch_norm(whole.narrow(0, 0, 2), a, add_other), expected.narrow(0, 0, 2), 1e-5, 1e-6));
}

// The loop over floats on the processor, and the operations for all else.
TEST(BatchStatistics, AreTheSameInALoopAndInOperations) {
  constexpr int64_t kChannels = 37;
  torch::manual_seed(5);
  const torch::Tensor values = torch::randn({200, kChannels}, torch::kFloat64) * 3 + 1;
  const torch::Tensor sums =
      torch::cat({values.sum(0), (values * values).sum(0), torch::full({1}, 200.0, torch::kFloat64)});
  const auto state = [](torch::ScalarType type) {
    return BatchNormState{torch::ones({kChannels}),
                          torch::zeros({kChannels}),
                          torch::full({kChannels}, 0.5, type),
                          torch::full({kChannels}, 2.0, type),
                          0.9,
                          1e-3};
  };
  const BatchNormState floats = state(torch::kFloat32), doubles = state(torch::kFloat64);
  const BatchStatistics loop = batch_statistics(sums.clone(), floats, nullptr);
  const BatchStatistics operations = batch_statistics(sums.clone(), doubles, nullptr);
  EXPECT_EQ(loop.count, operations.count);
  EXPECT_TRUE(torch::allclose(loop.mean, operations.mean, 1e-6, 1e-7));
  EXPECT_TRUE(torch::allclose(loop.inverse_std, operations.inverse_std, 1e-6, 1e-7));
  EXPECT_TRUE(torch::allclose(floats.running_mean.to(torch::kFloat64), doubles.running_mean, 1e-6, 1e-7));
  EXPECT_TRUE(torch::allclose(floats.running_var.to(torch::kFloat64), doubles.running_var, 1e-6, 1e-7));
}

}  // namespace
}  // namespace spinenet::nn

#include "nn/sync_batch_norm.h"

#include <limits>
#include <tuple>

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include "nn/fused_batch_norm.h"

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
  const torch::Tensor ya = sync_batch_norm(x, a, &alone);
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
      torch::allclose(sync_batch_norm(whole.narrow(0, 0, 2), a, &add_other), expected.narrow(0, 0, 2), 1e-5, 1e-6));
}

constexpr double kRenormEpsilon = 1e-3;

// Statistics of before that are off those of a batch about nought, by more than the limits in some channels.
BatchNormState renorm_state(int64_t channels, const BatchRenorm& renorm) {
  torch::manual_seed(11);
  return {(torch::rand({channels}) + 0.5).set_requires_grad(true),
          torch::randn({channels}).set_requires_grad(true),
          torch::randn({channels}),
          torch::rand({channels}) * 4 + 0.05,
          0.9,
          kRenormEpsilon,
          renorm};
}

enum class NormWay { fused, synchronised };

struct Renormed {
  torch::Tensor y, gx, weight, bias, running_mean, running_var;

  std::vector<torch::Tensor> all() const { return {y, gx, weight, bias, running_mean, running_var}; }
};

// Of a loss whose gradient differs from value to value.
Renormed renormed(const torch::Tensor& image, const BatchRenorm& renorm, NormWay way) {
  const torch::Tensor x = image.detach().clone().set_requires_grad(true);
  const BatchNormState state = renorm_state(image.size(1), renorm);
  const torch::Tensor y = way == NormWay::fused ? fused_batch_norm(x, state, {arch::Activation::swish}, nullptr)
                                                : at::silu(sync_batch_norm(x, state, nullptr));
  torch::manual_seed(9);
  (y * torch::randn(image.sizes())).sum().backward();
  return {y.detach(), x.grad(), state.weight.grad(), state.bias.grad(), state.running_mean, state.running_var};
}

// The formulas of the paper, in double precision.
Renormed renormed_plainly(const torch::Tensor& image, const BatchRenorm& renorm) {
  const torch::Tensor x = image.to(torch::kFloat64).set_requires_grad(true);
  const BatchNormState state = renorm_state(image.size(1), renorm);
  const torch::Tensor weight = state.weight.detach().to(torch::kFloat64).set_requires_grad(true);
  const torch::Tensor bias = state.bias.detach().to(torch::kFloat64).set_requires_grad(true);
  const torch::Tensor running_mean = state.running_mean.to(torch::kFloat64);
  const torch::Tensor running_var = state.running_var.to(torch::kFloat64);
  const auto by_channel = [](const torch::Tensor& v) { return v.view({1, -1, 1, 1}); };
  const torch::Tensor mean = x.mean({0, 2, 3});
  const torch::Tensor deviation = (x.var({0, 2, 3}, false) + kRenormEpsilon).sqrt();
  const torch::Tensor running_deviation = (running_var + kRenormEpsilon).sqrt();
  const torch::Tensor r = (deviation / running_deviation).clamp(1 / renorm.max_scale, renorm.max_scale).detach();
  const torch::Tensor d =
      ((mean - running_mean) / running_deviation).clamp(-renorm.max_shift, renorm.max_shift).detach();
  const torch::Tensor z = (x - by_channel(mean)) / by_channel(deviation) * by_channel(r) + by_channel(d);
  const torch::Tensor y = at::silu(z * by_channel(weight) + by_channel(bias));
  torch::manual_seed(9);
  (y * torch::randn(image.sizes())).sum().backward();
  return {y.detach(),  //
          x.grad(),
          weight.grad(),
          bias.grad(),
          (running_mean * 0.9 + mean * 0.1).detach(),
          (running_var * 0.9 + x.var({0, 2, 3}, true) * 0.1).detach()};
}

void expect_near(const Renormed& found, const Renormed& exact) {
  for (size_t i = 0; i < exact.all().size(); ++i) {
    const torch::Tensor e = exact.all()[i];
    const torch::Tensor difference = found.all()[i].to(torch::kFloat64) - e;
    EXPECT_LT((difference.norm() / e.norm()).item<double>(), 3e-6) << i;
  }
}

void expect_equal(const Renormed& a, const Renormed& b) {
  for (size_t i = 0; i < a.all().size(); ++i) EXPECT_TRUE(torch::equal(a.all()[i], b.all()[i])) << i;
}

torch::Tensor renormed_batch() {
  torch::manual_seed(2);
  return torch::randn({4, 23, 2, 2});
}

constexpr BatchRenorm kNarrowRenorm{.below = 100, .max_scale = 1.5, .max_shift = 0.6};

TEST(BatchRenorm, IsTheFormulaWithConstantFactorsToTheLastDigits) {
  const torch::Tensor x = renormed_batch();
  const BatchRenorm wide{.below = 100, .max_scale = 1e6, .max_shift = 1e6};
  for (const BatchRenorm& renorm : {kNarrowRenorm, wide}) {
    for (const NormWay way : {NormWay::fused, NormWay::synchronised}) {
      SCOPED_TRACE(renorm.max_scale);
      SCOPED_TRACE(static_cast<int>(way));
      expect_near(renormed(x, renorm, way), renormed_plainly(x, renorm));
    }
  }
}

TEST(BatchRenorm, WithoutLimitsNormalisesAsInferenceDoes) {
  const torch::Tensor x = renormed_batch();
  const double most = std::numeric_limits<float>::max();
  const BatchNormState state = renorm_state(23, {.below = 100, .max_scale = most, .max_shift = most});
  const torch::Tensor expected = at::batch_norm(x, state.weight, state.bias, state.running_mean.clone(),
                                                state.running_var.clone(), false, 0.1, kRenormEpsilon, false);
  const torch::Tensor found = fused_batch_norm(x, state, {}, nullptr);
  EXPECT_TRUE(torch::allclose(found, expected, 1e-5, 1e-5));
}

TEST(BatchRenorm, AtItsFirstLimitsAndForLargeBatchesIsBatchNormToTheBit) {
  const torch::Tensor x = renormed_batch();  // 16 values a channel
  for (const NormWay way : {NormWay::fused, NormWay::synchronised}) {
    const Renormed plain = renormed(x, {}, way);
    expect_equal(renormed(x, {.below = 100, .max_scale = 1, .max_shift = 0}, way), plain);
    expect_equal(renormed(x, {.below = 16, .max_scale = 3, .max_shift = 5}, way), plain);
    EXPECT_FALSE(torch::equal(renormed(x, {.below = 17, .max_scale = 3, .max_shift = 5}, way).y, plain.y));
  }
}

TEST(BatchRenorm, GivesTheSameBitsForAnyNumberOfThreads) {
  torch::manual_seed(2);
  const torch::Tensor x = torch::randn({2, 24, 64, 64});
  const BatchRenorm renorm{.below = 1e6, .max_scale = 1.5, .max_shift = 0.6};
  const int before = at::get_num_threads();
  at::set_num_threads(1);
  const Renormed one = renormed(x, renorm, NormWay::fused);
  at::set_num_threads(3);
  expect_equal(renormed(x, renorm, NormWay::fused), one);
  at::set_num_threads(before);
}

TEST(BatchRenorm, AnEmptyMapHasGradientsOfNought) {
  const torch::Tensor x = torch::zeros({0, 3, 4, 4}).set_requires_grad(true);
  const BatchNormState state = renorm_state(3, kNarrowRenorm);
  fused_batch_norm(x, state, {arch::Activation::relu}, nullptr).sum().backward();
  EXPECT_TRUE(torch::equal(state.weight.grad(), torch::zeros({3})));
  EXPECT_TRUE(torch::equal(state.bias.grad(), torch::zeros({3})));
}

// Two processes with one image and with three, one after the other: the all-reduce of each gives the sums of both.
TEST(BatchRenorm, PartsWithTheSumsOfTheWholeAreTheWhole) {
  const torch::Tensor whole = renormed_batch();
  torch::manual_seed(9);
  const torch::Tensor gradient = torch::randn(whole.sizes());
  // Below by the values of both: 12 alone would be, and 4.
  const BatchRenorm renorm{.below = 17, .max_scale = 1.5, .max_shift = 0.6};
  std::vector<torch::Tensor> total;
  const auto part_of = [&](int64_t first, int64_t count, std::vector<torch::Tensor>& own, NormWay way) {
    const torch::Tensor x = whole.narrow(0, first, count).clone().set_requires_grad(true);
    const BatchNormState state = renorm_state(23, renorm);
    const AllReduce all_reduce = [&](torch::Tensor& sums) {
      own.push_back(sums.clone());
      if (own.size() <= total.size()) sums.copy_(total[own.size() - 1]);
    };
    const torch::Tensor y = way == NormWay::fused ? fused_batch_norm(x, state, {arch::Activation::swish}, &all_reduce)
                                                  : at::silu(sync_batch_norm(x, state, &all_reduce));
    (y * gradient.narrow(0, first, count)).sum().backward();
    return Renormed{y.detach(),        x.grad(),           state.weight.grad(),
                    state.bias.grad(), state.running_mean, state.running_var};
  };
  for (const NormWay way : {NormWay::fused, NormWay::synchronised}) {
    total.clear();
    Renormed first, second;
    for (int round = 0; round < 3; ++round) {
      std::vector<torch::Tensor> one, three;
      first = part_of(0, 1, one, way);
      second = part_of(1, 3, three, way);
      if (round < 2) total.push_back(one.at(total.size()) + three.at(total.size()));
    }
    expect_near({torch::cat({first.y, second.y}), torch::cat({first.gx, second.gx}), first.weight + second.weight,
                 first.bias + second.bias, first.running_mean, first.running_var},
                renormed_plainly(whole, renorm));
  }
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

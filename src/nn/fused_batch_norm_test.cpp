#include "nn/fused_batch_norm.h"

#include <cmath>
#include <limits>

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

namespace spinenet {
namespace {

constexpr double kEpsilon = 1e-3, kMomentum = 0.9;

struct Case {
  std::string name;
  std::vector<int64_t> sizes;
  double mean = 0;
};

void PrintTo(const Case& c, std::ostream* out) {
  *out << c.name;
}

BatchNormState state_of(int64_t channels) {
  torch::manual_seed(4);
  return {(torch::rand({channels}) + 0.5).set_requires_grad(true),
          torch::randn({channels}).set_requires_grad(true),
          torch::zeros({channels}),
          torch::ones({channels}),
          kMomentum,
          kEpsilon};
}

torch::Tensor activated(const torch::Tensor& z, NormActivation activation) {
  switch (activation) {
    case NormActivation::none:
      return z;
    case NormActivation::relu:
      return at::relu(z);
    case NormActivation::swish:
      return at::silu(z);
    case NormActivation::hard_swish:
      return at::hardswish(z);
  }
  return z;
}

struct Outcome {
  torch::Tensor y, running_mean, running_var, gx, weight, bias;
};

torch::Tensor picture(const Case& c) {
  torch::manual_seed(7);
  return torch::randn(c.sizes) + c.mean;
}

// Of a loss whose gradient differs from value to value.
Outcome fused(const torch::Tensor& picture, NormActivation activation, const AllReduce* all_reduce = nullptr) {
  const torch::Tensor x = picture.detach().clone().set_requires_grad(true);
  const BatchNormState state = state_of(picture.size(1));
  const torch::Tensor y = fused_batch_norm(x, state, activation, all_reduce);
  torch::manual_seed(9);
  (y * torch::randn(picture.sizes())).sum().backward();
  return {y.detach(), state.running_mean, state.running_var, x.grad(), state.weight.grad(), state.bias.grad()};
}

Outcome in_double_precision(const torch::Tensor& picture, NormActivation activation) {
  const torch::Tensor x = picture.to(torch::kFloat64).set_requires_grad(true);
  const BatchNormState state = state_of(picture.size(1));
  const torch::Tensor weight = state.weight.detach().to(torch::kFloat64).set_requires_grad(true);
  const torch::Tensor bias = state.bias.detach().to(torch::kFloat64).set_requires_grad(true);
  const torch::Tensor running_mean = state.running_mean.to(torch::kFloat64);
  const torch::Tensor running_var = state.running_var.to(torch::kFloat64);
  const torch::Tensor y = activated(
      at::batch_norm(x, weight, bias, running_mean, running_var, true, 1 - kMomentum, kEpsilon, false), activation);
  torch::manual_seed(9);
  (y * torch::randn(picture.sizes())).sum().backward();
  return {y.detach(), running_mean, running_var, x.grad(), weight.grad(), bias.grad()};
}

double error_of(const torch::Tensor& a, const torch::Tensor& exact) {
  return ((a.to(torch::kFloat64) - exact).norm() / exact.norm().clamp_min(1e-12)).item<double>();
}

void expect_near(const Outcome& a, const Outcome& exact, double bound) {
  EXPECT_LT(error_of(a.y, exact.y), bound);
  EXPECT_LT(error_of(a.running_mean, exact.running_mean), bound);
  EXPECT_LT(error_of(a.running_var, exact.running_var), bound);
  EXPECT_LT(error_of(a.gx, exact.gx), bound);
  EXPECT_LT(error_of(a.weight, exact.weight), bound);
  EXPECT_LT(error_of(a.bias, exact.bias), bound);
}

constexpr NormActivation kActivations[] = {NormActivation::none, NormActivation::relu, NormActivation::swish,
                                           NormActivation::hard_swish};

class FusedBatchNormOf : public testing::TestWithParam<Case> {};

TEST_P(FusedBatchNormOf, IsBatchNormAndActivationToTheLastDigits) {
  const torch::Tensor x = picture(GetParam());
  for (const NormActivation activation : kActivations) {
    SCOPED_TRACE(static_cast<int>(activation));
    expect_near(fused(x, activation), in_double_precision(x, activation), GetParam().mean == 0 ? 2e-6 : 2e-5);
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, FusedBatchNormOf,
                         testing::Values(Case{"one_channel", {3, 1, 5, 7}}, Case{"three_channels", {2, 3, 9, 4}},
                                         Case{"four", {2, 4, 8, 8}}, Case{"lanes_and_rest", {2, 23, 6, 6}},
                                         Case{"many_channels", {2, 130, 3, 3}}, Case{"many_rows", {4, 16, 128, 128}},
                                         Case{"one_pixel_each", {6, 40, 1, 1}},
                                         Case{"far_from_nought", {2, 20, 16, 16}, 100}),
                         [](const auto& c) { return c.param.name; });

TEST(FusedBatchNorm, TakesAnyLayoutAndGivesChannelsLast) {
  const torch::Tensor x = picture({"", {2, 24, 10, 12}});
  const Outcome a = fused(x, NormActivation::swish);
  const Outcome b = fused(x.contiguous(torch::MemoryFormat::ChannelsLast), NormActivation::swish);
  EXPECT_TRUE(a.y.is_contiguous(torch::MemoryFormat::ChannelsLast));
  EXPECT_TRUE(torch::equal(a.y, b.y));
  EXPECT_TRUE(torch::equal(a.gx, b.gx));
}

TEST(FusedBatchNorm, GivesTheSameBitsForAnyNumberOfThreads) {
  const torch::Tensor x = picture({"", {2, 24, 64, 64}});
  const int before = at::get_num_threads();
  at::set_num_threads(1);
  const Outcome one = fused(x, NormActivation::swish);
  at::set_num_threads(3);
  const Outcome three = fused(x, NormActivation::swish);
  at::set_num_threads(before);
  EXPECT_TRUE(torch::equal(one.y, three.y));
  EXPECT_TRUE(torch::equal(one.gx, three.gx));
  EXPECT_TRUE(torch::equal(one.weight, three.weight));
  EXPECT_TRUE(torch::equal(one.running_var, three.running_var));
}

TEST(FusedBatchNorm, ExtremeValuesStayFiniteAndNoNumberStaysNone) {
  torch::Tensor x = torch::zeros({1, 2, 2, 2});
  x[0][0] = torch::tensor({{-3e4F, 3e4F}, {1.0F, 0.0F}});
  x[0][1][0][0] = std::numeric_limits<float>::quiet_NaN();
  for (const NormActivation activation : kActivations) {
    BatchNormState state = state_of(2);
    state.weight.detach().fill_(1e3);
    const torch::Tensor y = fused_batch_norm(x, state, activation, nullptr);
    EXPECT_TRUE(y[0][0].isfinite().all().item<bool>()) << static_cast<int>(activation);
    EXPECT_TRUE(y[0][1].isnan().all().item<bool>()) << static_cast<int>(activation);
  }
}

TEST(FusedBatchNorm, APartWithTheSumsOfTheWholeIsThatPartOfTheWhole) {
  const torch::Tensor whole = picture({"", {4, 20, 8, 8}, 3});
  // Both processes run one after the other: what the other adds is noted in a first round.
  std::vector<torch::Tensor> noted;
  const AllReduce note = [&](torch::Tensor& sums) { noted.push_back(sums.clone()); };
  const auto half_of = [&](int64_t first, const AllReduce& all_reduce) {
    const torch::Tensor x = whole.narrow(0, first, 2).clone().set_requires_grad(true);
    const BatchNormState state = state_of(20);
    const torch::Tensor y = fused_batch_norm(x, state, NormActivation::swish, &all_reduce);
    torch::manual_seed(9);
    (y * torch::randn(whole.sizes()).narrow(0, first, 2)).sum().backward();
    return Outcome{y.detach(), state.running_mean, state.running_var, x.grad(), state.weight.grad(), state.bias.grad()};
  };
  // The forward sums need nothing of the other process; the backward sums need the statistics of both.
  half_of(0, note);
  half_of(2, note);
  const torch::Tensor forward = noted[0] + noted[2];
  const auto with_forward = [&](std::vector<torch::Tensor>* backward, const torch::Tensor& total) {
    return [&forward, backward, total, calls = 0](torch::Tensor& sums) mutable {
      if (calls++ == 0) {
        sums.copy_(forward);
      } else if (backward != nullptr) {
        backward->push_back(sums.clone());
      } else {
        sums.copy_(total);
      }
    };
  };
  std::vector<torch::Tensor> backward;
  half_of(0, with_forward(&backward, {}));
  half_of(2, with_forward(&backward, {}));
  const torch::Tensor total = backward[0] + backward[1];
  const Outcome first = half_of(0, with_forward(nullptr, total));
  const Outcome second = half_of(2, with_forward(nullptr, total));
  const Outcome exact = in_double_precision(whole, NormActivation::swish);
  constexpr double kBound = 1e-6;
  EXPECT_LT(error_of(torch::cat({first.y, second.y}), exact.y), kBound);
  EXPECT_LT(error_of(torch::cat({first.gx, second.gx}), exact.gx), kBound);
  EXPECT_LT(error_of(first.weight + second.weight, exact.weight), kBound);
  EXPECT_LT(error_of(first.bias + second.bias, exact.bias), kBound);
  EXPECT_LT(error_of(first.running_var, exact.running_var), kBound);
}

}  // namespace
}  // namespace spinenet

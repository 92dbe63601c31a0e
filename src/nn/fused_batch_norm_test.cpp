#include "nn/fused_batch_norm.h"

#include <atomic>
#include <cmath>
#include <functional>
#include <limits>

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

namespace spinenet::nn {
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

torch::Tensor activated(const torch::Tensor& z, std::optional<arch::Activation> activation) {
  if (!activation) return z;
  switch (*activation) {
    case arch::Activation::relu:
      return at::relu(z);
    case arch::Activation::swish:
      return at::silu(z);
    case arch::Activation::hard_swish:
      return at::hardswish(z);
    case arch::Activation::mish:
      return at::mish(z);
    case arch::Activation::leaky_relu:
      return at::leaky_relu(z, arch::kLeakySlope);
    case arch::Activation::relu6:
      return at::hardtanh(z, 0, 6);
    case arch::Activation::leaky_relu_001:
      return at::leaky_relu(z, arch::kSmallLeakySlope);
  }
  return z;
}

struct Outcome {
  torch::Tensor y, running_mean, running_var, gx, weight, bias, g_added{};
};

torch::Tensor image(const Case& c) {
  torch::manual_seed(7);
  return torch::randn(c.sizes) + c.mean;
}

enum class Sum { none, with_a_map };

torch::Tensor map_to_add(const torch::Tensor& image) {
  torch::manual_seed(11);
  return torch::randn(image.sizes()) * 2;
}

// Of a loss whose gradient differs from value to value.
Outcome fused(const torch::Tensor& image, std::optional<arch::Activation> activation,
              const AllReduce* all_reduce = nullptr, Sum sum = Sum::none) {
  const torch::Tensor x = image.detach().clone().set_requires_grad(true);
  torch::Tensor added;
  if (sum == Sum::with_a_map) added = map_to_add(image).set_requires_grad(true);
  const BatchNormState state = state_of(image.size(1));
  const torch::Tensor y = fused_batch_norm(x, state, {activation, added}, all_reduce);
  torch::manual_seed(9);
  (y * torch::randn(image.sizes())).sum().backward();
  return {y.detach(),
          state.running_mean,
          state.running_var,
          x.grad(),
          state.weight.grad(),
          state.bias.grad(),
          added.defined() ? added.grad() : torch::Tensor()};
}

Outcome in_double_precision(const torch::Tensor& image, std::optional<arch::Activation> activation,
                            Sum sum = Sum::none) {
  const torch::Tensor x = image.to(torch::kFloat64).set_requires_grad(true);
  const BatchNormState state = state_of(image.size(1));
  const torch::Tensor weight = state.weight.detach().to(torch::kFloat64).set_requires_grad(true);
  const torch::Tensor bias = state.bias.detach().to(torch::kFloat64).set_requires_grad(true);
  const torch::Tensor running_mean = state.running_mean.to(torch::kFloat64);
  const torch::Tensor running_var = state.running_var.to(torch::kFloat64);
  torch::Tensor z = at::batch_norm(x, weight, bias, running_mean, running_var, true, 1 - kMomentum, kEpsilon, false);
  torch::Tensor added;
  if (sum == Sum::with_a_map) {
    added = map_to_add(image).to(torch::kFloat64).set_requires_grad(true);
    z = z + added;
  }
  const torch::Tensor y = activated(z, activation);
  torch::manual_seed(9);
  (y * torch::randn(image.sizes())).sum().backward();
  return {y.detach(),
          running_mean,
          running_var,
          x.grad(),
          weight.grad(),
          bias.grad(),
          added.defined() ? added.grad() : torch::Tensor()};
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
  ASSERT_EQ(a.g_added.defined(), exact.g_added.defined());
  if (!a.g_added.defined()) return;
  EXPECT_LT(error_of(a.g_added, exact.g_added), bound);
}

// None, and each.
std::vector<std::optional<arch::Activation>> all_activations() {
  std::vector<std::optional<arch::Activation>> all{std::nullopt};
  for (const arch::Activation activation : values_of<arch::Activation>()) all.emplace_back(activation);
  return all;
}

std::string name_of(std::optional<arch::Activation> activation) {
  return activation ? std::to_string(static_cast<int>(*activation)) : "none";
}

class FusedBatchNormOf : public testing::TestWithParam<Case> {};

TEST_P(FusedBatchNormOf, IsBatchNormSumAndActivationToTheLastDigits) {
  const torch::Tensor x = image(GetParam());
  for (const std::optional<arch::Activation> activation : all_activations()) {
    SCOPED_TRACE(name_of(activation));
    for (const Sum sum : {Sum::none, Sum::with_a_map}) {
      // A sum of gradients that cancel out keeps fewer digits.
      const double bound = GetParam().mean != 0 ? 2e-5 : sum == Sum::none ? 2e-6 : 1e-5;
      expect_near(fused(x, activation, nullptr, sum), in_double_precision(x, activation, sum), bound);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, FusedBatchNormOf,
                         testing::Values(Case{"one_channel", {3, 1, 5, 7}}, Case{"three_channels", {2, 3, 9, 4}},
                                         Case{"four", {2, 4, 8, 8}}, Case{"lanes_and_rest", {2, 23, 6, 6}},
                                         Case{"many_channels", {2, 130, 3, 3}}, Case{"many_rows", {4, 16, 128, 128}},
                                         Case{"one_pixel_each", {6, 40, 1, 1}},
                                         Case{"far_from_nought", {2, 20, 16, 16}, 100}),
                         [](const auto& c) { return c.param.name; });

void expect_equal(const Outcome& a, const Outcome& b) {
  EXPECT_TRUE(torch::equal(a.y, b.y));
  EXPECT_TRUE(torch::equal(a.running_mean, b.running_mean));
  EXPECT_TRUE(torch::equal(a.running_var, b.running_var));
  EXPECT_TRUE(torch::equal(a.gx, b.gx));
  EXPECT_TRUE(torch::equal(a.weight, b.weight));
  EXPECT_TRUE(torch::equal(a.bias, b.bias));
}

TEST(FusedBatchNorm, TakesAnyLayoutAndGivesChannelsLast) {
  for (const int64_t channels : {1, 24}) {
    const torch::Tensor x = image({"", {2, channels, 10, 12}});
    const Outcome a = fused(x, arch::Activation::swish);
    EXPECT_TRUE(a.y.is_contiguous(torch::MemoryFormat::ChannelsLast));
    expect_equal(a, fused(x.contiguous(torch::MemoryFormat::ChannelsLast), arch::Activation::swish));
  }
  // With gaps between the rows, and a gradient that is one number for all.
  const torch::Tensor wide = image({"", {2, 24, 10, 14}});
  const torch::Tensor x = wide.narrow(3, 1, 12).detach().set_requires_grad(true);
  const torch::Tensor x2 = x.detach().contiguous().set_requires_grad(true);
  const BatchNormState state = state_of(24);
  fused_batch_norm(x, state, {arch::Activation::swish}, nullptr).sum().backward();
  fused_batch_norm(x2, state, {arch::Activation::swish}, nullptr).sum().backward();
  EXPECT_TRUE(torch::equal(x.grad(), x2.grad()));
}

TEST(FusedBatchNorm, GivesTheSameBitsForAnyNumberOfThreads) {
  const int before = at::get_num_threads();
  at::set_num_threads(3);
  std::atomic<int> others = 0;
  at::parallel_for(0, 3, 1, [&](int64_t, int64_t) { others += at::get_thread_num() != 0 ? 1 : 0; });
  EXPECT_GT(others, 0) << "at::parallel_for is serial: compile with OpenMP";
  const torch::Tensor x = image({"", {2, 24, 64, 64}});
  for (const auto activation : all_activations()) {
    at::set_num_threads(1);
    const Outcome one = fused(x, activation);
    at::set_num_threads(3);
    expect_equal(one, fused(x, activation));
  }
  at::set_num_threads(before);
}

// Sums about a value far from the mean would lose digits.
TEST(FusedBatchNorm, OneFarPixelCostsNoDigits) {
  torch::Tensor x = image({"", {1, 4, 40, 40}}) * 0.1 + 5;
  x.select(2, 0).select(2, 0).fill_(300);
  expect_near(fused(x, arch::Activation::relu), in_double_precision(x, arch::Activation::relu), 5e-6);
}

TEST(FusedBatchNorm, AnEmptyMapLeavesTheStatisticsAlone) {
  const torch::Tensor x = torch::zeros({0, 3, 4, 4}).set_requires_grad(true);
  const BatchNormState state = state_of(3);
  const torch::Tensor y = fused_batch_norm(x, state, {arch::Activation::relu}, nullptr);
  EXPECT_EQ(y.sizes(), x.sizes());
  EXPECT_TRUE(torch::equal(state.running_mean, torch::zeros({3})));
  EXPECT_TRUE(torch::equal(state.running_var, torch::ones({3})));
}

TEST(FusedBatchNorm, ExtremeValuesStayFiniteAndNoNumberStaysNone) {
  torch::Tensor x = torch::zeros({1, 2, 2, 2});
  x[0][0] = torch::tensor({{-3e4F, 3e4F}, {1.0F, 0.0F}});
  x[0][1][0][0] = std::numeric_limits<float>::quiet_NaN();
  for (const std::optional<arch::Activation> activation : all_activations()) {
    BatchNormState state = state_of(2);
    state.weight.detach().fill_(1e3);
    const torch::Tensor y = fused_batch_norm(x, state, {activation}, nullptr);
    EXPECT_TRUE(y[0][0].isfinite().all().item<bool>()) << name_of(activation);
    EXPECT_TRUE(y[0][1].isnan().all().item<bool>()) << name_of(activation);
  }
}

using Norm = std::function<torch::Tensor(const torch::Tensor& x, const BatchNormState& state, const AllReduce& sums)>;

// Two processes with one image and with three, one after the other: what each hands to its all-reduce is noted, first
// of the forward pass, then, with the forward sums of both, of the backward pass; then both get the sums.
void expect_parts_of_whole(const Norm& norm, std::optional<arch::Activation> activation) {
  const torch::Tensor whole = image({"", {4, 20, 8, 8}, 3});
  torch::manual_seed(9);
  const torch::Tensor gradient = torch::randn(whole.sizes());
  const auto part_of = [&](int64_t first, int64_t count, std::vector<torch::Tensor>& own,
                           const std::vector<torch::Tensor>& total) {
    const torch::Tensor x = whole.narrow(0, first, count).clone().set_requires_grad(true);
    const BatchNormState state = state_of(20);
    const AllReduce all_reduce = [&](torch::Tensor& sums) {
      own.push_back(sums.clone());
      if (own.size() <= total.size()) sums.copy_(total[own.size() - 1]);
    };
    const torch::Tensor y = norm(x, state, all_reduce);
    (y * gradient.narrow(0, first, count)).sum().backward();
    return Outcome{y.detach(), state.running_mean, state.running_var, x.grad(), state.weight.grad(), state.bias.grad()};
  };
  std::vector<torch::Tensor> total;
  Outcome first, second;
  for (int round = 0; round < 3; ++round) {
    std::vector<torch::Tensor> one, three;
    first = part_of(0, 1, one, total);
    second = part_of(1, 3, three, total);
    if (round < 2) total.push_back(one.at(total.size()) + three.at(total.size()));
  }
  const Outcome exact = in_double_precision(whole, activation);
  constexpr double kBound = 2e-6;
  EXPECT_LT(error_of(torch::cat({first.y, second.y}), exact.y), kBound);
  EXPECT_LT(error_of(torch::cat({first.gx, second.gx}), exact.gx), kBound);
  EXPECT_LT(error_of(first.weight + second.weight, exact.weight), kBound);
  EXPECT_LT(error_of(first.bias + second.bias, exact.bias), kBound);
  EXPECT_LT(error_of(first.running_mean, exact.running_mean), kBound);
  EXPECT_LT(error_of(first.running_var, exact.running_var), kBound);
}

TEST(FusedBatchNorm, PartsWithTheSumsOfTheWholeAreTheWhole) {
  for (const auto activation : all_activations()) {
    SCOPED_TRACE(name_of(activation));
    expect_parts_of_whole([&](const torch::Tensor& x, const BatchNormState& state,
                              const AllReduce& sums) { return fused_batch_norm(x, state, {activation}, &sums); },
                          activation);
  }
}

TEST(SyncBatchNorm, PartsWithTheSumsOfTheWholeAreTheWhole) {
  expect_parts_of_whole([](const torch::Tensor& x, const BatchNormState& state,
                           const AllReduce& sums) { return sync_batch_norm(x, state, &sums); },
                        std::nullopt);
}

}  // namespace
}  // namespace spinenet::nn

#include "nn/program_module.h"

#include <map>

#include <gtest/gtest.h>

#include "arch/families.h"
#include "arch/task.h"
#include "base/random.h"
#include "graph/lower_two_stage.h"
#include "graph/reference.h"
#include "graph/weights.h"
#include "nn/losses.h"

namespace spinenet::nn {
namespace {

arch::Architecture small(const std::string& name, arch::Activation activation = arch::Activation::relu) {
  arch::Architecture a = arch::named_architecture(name);
  const bool mobile = a.stem == arch::StemKind::inverted_bottlenecks;
  a.scaling.filter_size_scale = mobile ? 0.3 : 0.07;
  a.scaling.endpoints_num_filters = 8;
  if (!mobile) a.scaling.stem_filters = 6;
  a.scaling.block_repeats = std::min(a.scaling.block_repeats, 2);
  a.head.convs = 1;
  a.head.filters = 6;
  a.activation = activation;
  return a;
}

// Weights in which every parameter matters: no zeros, no ones.
Weights busy_weights(const graph::Program& program, uint64_t seed) {
  graph::InitOptions options;
  options.predictor_deviation = 0.05;
  Weights weights = graph::initial_weights(program, options, seed);
  Random random(seed);
  for (const graph::Parameter& parameter : program.parameters) {
    if (parameter.role == graph::ParameterRole::kernel || parameter.role == graph::ParameterRole::predictor_kernel)
      continue;
    const bool positive = parameter.role == graph::ParameterRole::running_var;
    for (float& x : weights.at(parameter.name).data) {
      x = positive ? static_cast<float>(random.uniform(0.5, 1.5)) : x + static_cast<float>(random.uniform(-0.2, 0.2));
    }
  }
  return weights;
}

HostTensor random_input(std::vector<int64_t> shape, uint64_t seed) {
  HostTensor input = make_tensor(std::move(shape));
  Random random(seed);
  for (float& x : input.data) x = static_cast<float>(random.normal());
  return input;
}

double relative_difference(const HostTensor& a, const HostTensor& b) {
  double largest = 0;
  double difference = 0;
  for (size_t i = 0; i < a.data.size(); ++i) {
    largest = std::max(largest, std::abs(static_cast<double>(b.data[i])));
    difference = std::max(difference, std::abs(static_cast<double>(a.data[i]) - static_cast<double>(b.data[i])));
  }
  return difference / largest;
}

void expect_agreement(const graph::Program& program, uint64_t seed) {
  const Weights weights = busy_weights(program, seed);
  const graph::Shape& s = program.values.front();
  const HostTensor input = random_input({2, s.channels, s.height, s.width}, seed + 1);
  const std::vector<HostTensor> expected = graph::run_reference(program, weights, input);
  const auto found = forward(program, make_parameters(program, weights, torch::kCPU), to_torch(input), {});
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i) {
    EXPECT_LT(relative_difference(to_host(found[i]), expected[i]), 1e-5) << program.outputs[i].name;
  }
}

graph::Program lower(const arch::Architecture& a, arch::Task task, const graph::LowerOptions& options) {
  return task == arch::Task::classify ? graph::lower_classifier(a, options) : graph::lower_detector(a, options);
}

class EveryFamily : public testing::TestWithParam<
                        std::tuple<std::string, arch::Task, arch::Activation, arch::Padding, arch::LargeDownsample>> {};

TEST_P(EveryFamily, AgreesWithTheReferenceInterpreter) {
  const auto& [name, task, activation, padding, large] = GetParam();
  arch::Architecture a = small(name, activation);
  a.padding = padding;
  a.large_downsample = large;
  const int height = task == arch::Task::classify ? 224 : 128, width = task == arch::Task::classify ? 224 : 256;
  const graph::Program program = lower(a, task, {height, width, 2, 0.3});
  expect_agreement(program, 3);
}

using FamilyCase = std::tuple<std::string, arch::Task, arch::Activation, arch::Padding, arch::LargeDownsample>;

std::vector<FamilyCase> family_cases() {
  std::vector<FamilyCase> cases;
  for (const std::string& name : arch::architecture_names()) {
    // Longer stages, or wider ones, of the same blocks.
    if (name.starts_with("resnet-101") || name.starts_with("resnet-152")) continue;
    if (name.starts_with("hrnet-") && !name.starts_with("hrnet-w18")) continue;
    cases.emplace_back(name, arch::default_task(arch::named_architecture(name)), arch::Activation::relu,
                       arch::Padding::symmetric, arch::LargeDownsample::single_pool);
  }
  cases.emplace_back("spinenet-49", arch::Task::classify, arch::Activation::hard_swish, arch::Padding::symmetric,
                     arch::LargeDownsample::single_pool);
  cases.emplace_back("spinenet-49", arch::Task::detect, arch::Activation::swish, arch::Padding::same,
                     arch::LargeDownsample::repeated_pools);
  cases.emplace_back("r0-sp53", arch::Task::detect, arch::Activation::relu, arch::Padding::same,
                     arch::LargeDownsample::single_pool);
  cases.emplace_back("resnet-50-fpn", arch::Task::detect, arch::Activation::swish, arch::Padding::same,
                     arch::LargeDownsample::single_pool);
  return cases;
}

INSTANTIATE_TEST_SUITE_P(ProgramModule, EveryFamily, testing::ValuesIn(family_cases()));

TEST(IdentityPaths, AgreeWithTheReferenceInterpreter) {
  arch::Architecture a = small("spinenet-49", arch::Activation::relu);
  a.identity_paths = arch::IdentityPaths::every_block;
  expect_agreement(lower(a, arch::Task::detect, {128, 256, 2, 0}), 3);
}

TEST(TwoStageProgram, AgreesWithTheReferenceInterpreter) {
  arch::Architecture a = small("spinenet-49", arch::Activation::swish);
  a.two_stage.rpn_filters = a.two_stage.box_filters = a.two_stage.mask_filters = 6;
  a.two_stage.box_dense = 16;
  a.two_stage.box_thresholds = {0.5, 0.6, 0.7};
  const graph::TwoStageProgram network = graph::lower_two_stage(a, {128, 128, 3, 0});
  expect_agreement(network.trunk, 1);
  for (const graph::Program& head : network.box_heads) expect_agreement(head, 2);
  expect_agreement(network.mask_head, 3);
}

// The whole loss in double precision as a function of the parameters.
struct DoubleNet {
  graph::Program program;
  Parameters parameters;
  torch::Tensor input;
  LossTargets targets;

  torch::Tensor loss(const ForwardMode& mode) const {
    const std::vector<torch::Tensor> outputs = forward(program, parameters, input, mode);
    const auto half = outputs.begin() + static_cast<std::ptrdiff_t>(outputs.size() / 2);
    const torch::Tensor logits = flatten_levels({outputs.begin(), half}, 2);
    const torch::Tensor codes = flatten_levels({half, outputs.end()}, 4);
    return detection_losses(logits, codes, targets, 5, {}).total();
  }
};

DoubleNet double_net(const arch::Architecture& a) {
  DoubleNet net;
  // Large enough that P7 has several cells: a batch norm over two values is as steep as a step.
  net.program = graph::lower_detector(a, {256, 256, 2, 0});
  net.parameters = make_parameters(net.program, busy_weights(net.program, 7), torch::kCPU);
  for (torch::Tensor& view : net.parameters.views) {
    view = view.detach().to(torch::kFloat64).set_requires_grad(view.requires_grad());
  }
  net.input = to_torch(random_input({2, 3, 256, 256}, 9)).to(torch::kFloat64);
  const int64_t anchors = 9 * (32 * 32 + 16 * 16 + 8 * 8 + 4 * 4 + 2 * 2);
  net.targets.classes = torch::full({2, anchors}, -1, torch::kInt64);
  net.targets.classes[0][3] = 1;
  net.targets.classes[1][2400] = 0;
  net.targets.classes[1][100] = -2;
  net.targets.codes = torch::full({2, anchors, 4}, 0.3, torch::kFloat64);
  return net;
}

class GradientOfFamily : public testing::TestWithParam<std::string> {};

TEST_P(GradientOfFamily, AgreesWithFiniteDifferences) {
  DoubleNet net = double_net(small(GetParam(), arch::Activation::swish));
  ForwardMode mode;
  mode.training = true;
  net.loss(mode).backward();
  // Along one random direction through all parameters at once, and along single kernels.
  const auto difference = [&](const std::vector<torch::Tensor>& direction, double h) {
    const auto shifted = [&](double by) {
      const torch::NoGradGuard no_grad;
      for (size_t i = 0; i < direction.size(); ++i) {
        if (direction[i].defined()) net.parameters.views[i].add_(direction[i], by);
      }
    };
    shifted(h);
    const double up = net.loss(mode).item<double>();
    shifted(-2 * h);
    const double down = net.loss(mode).item<double>();
    shifted(h);
    return (up - down) / (2 * h);
  };
  torch::manual_seed(1);
  std::vector<torch::Tensor> direction(net.parameters.views.size());
  double slope = 0;
  for (size_t i = 0; i < direction.size(); ++i) {
    const torch::Tensor& view = net.parameters.views[i];
    if (!view.requires_grad()) continue;
    ASSERT_TRUE(view.grad().defined()) << net.program.parameters[i].name << " has no gradient";
    direction[i] = torch::randn_like(view);
    slope += (view.grad() * direction[i]).sum().item<double>();
  }
  EXPECT_NEAR(difference(direction, 1e-7), slope, 1e-4 * std::abs(slope));
  for (size_t i = 0; i < direction.size(); i += 37) {
    if (!direction[i].defined()) continue;
    std::vector<torch::Tensor> single(direction.size());
    single[i] = direction[i];
    const double own = (net.parameters.views[i].grad() * direction[i]).sum().item<double>();
    EXPECT_NEAR(difference(single, 1e-7), own, 1e-4 * std::abs(own) + 1e-7) << net.program.parameters[i].name;
  }
}

INSTANTIATE_TEST_SUITE_P(ProgramModule, GradientOfFamily,
                         testing::Values("spinenet-49", "spinenet-mobile-49", "r0-sp53", "resnet-50-fpn",
                                         "resnet-50-nas-fpn"));

TEST(ProgramModule, EveryTrainableParameterGetsAGradientInTheFlatBuffer) {
  const graph::Program program = graph::lower_detector(small("spinenet-49"), {128, 128, 2, 0});
  Parameters p = make_parameters(program, busy_weights(program, 1), torch::kCPU);
  ForwardMode mode;
  mode.training = true;
  torch::Tensor sum = torch::zeros({});
  for (const torch::Tensor& y : forward(program, p, to_torch(random_input({2, 3, 128, 128}, 2)), mode)) {
    sum = sum + y.pow(2).sum();
  }
  sum.backward();
  for (size_t i = 0; i < p.views.size(); ++i) {
    if (!p.views[i].requires_grad()) continue;
    EXPECT_GT(p.views[i].grad().abs().sum().item<double>(), 0) << program.parameters[i].name;
    EXPECT_TRUE(p.views[i].grad().is_alias_of(p.gradients)) << program.parameters[i].name;
    EXPECT_TRUE(p.views[i].is_alias_of(p.values));
  }
}

TEST(ProgramModule, DropPathDropsWholeSamplesAndKeepsTheMean) {
  graph::Builder b({4, 8, 8}, {});
  b.output("y", b.drop_path(b.input(), 0.25, "drop"));
  const graph::Program program = b.finish();
  const Parameters none = make_parameters(program, {}, torch::kCPU);
  const torch::Tensor x = torch::ones({4000, 4, 8, 8});
  ForwardMode mode;
  mode.training = true;
  mode.drop_path_seed = 11;
  const torch::Tensor y = forward(program, none, x, mode).front();
  const torch::Tensor per_sample = y.reshape({4000, -1});
  EXPECT_TRUE(torch::equal(std::get<0>(per_sample.min(1)), std::get<0>(per_sample.max(1))));
  EXPECT_NEAR(y.mean().item<double>(), 1, 0.03);
  EXPECT_TRUE(torch::equal(forward(program, none, x, mode).front(), y));
  EXPECT_TRUE(torch::equal(forward(program, none, x, {}).front(), x));
  // The second half alone, told where it begins, draws the same.
  mode.first_sample = 2000;
  EXPECT_TRUE(torch::equal(forward(program, none, x.narrow(0, 2000, 2000), mode).front(), y.narrow(0, 2000, 2000)));
}

// Batch norms of 8 x 8 and of 2 x 2 pixels.
graph::Program two_norms() {
  graph::Builder b({3, 8, 8}, {});
  const graph::ValueId large = b.batch_norm(b.input(), "large");
  b.output("large", large);
  b.output("small", b.batch_norm(b.unpadded_max_pool(large, 4, 4, "pool"), "small"));
  return b.finish();
}

TEST(ProgramModule, RenormalisesBatchNormsOfFewValuesAlone) {
  const graph::Program program = two_norms();
  const Weights weights = busy_weights(program, 5);
  const torch::Tensor x = to_torch(random_input({4, 3, 8, 8}, 6));
  ForwardMode plain, renormed;
  plain.training = renormed.training = true;
  renormed.renorm = {.below = 32, .max_scale = 1e6, .max_shift = 1e6};  // 256 and 16 values a channel
  const Parameters p = make_parameters(program, weights, torch::kCPU);
  const auto expected = forward(program, make_parameters(program, weights, torch::kCPU), x, plain);
  const auto inferred = forward(program, make_parameters(program, weights, torch::kCPU), x, {});
  const auto found = forward(program, p, x, renormed);
  EXPECT_TRUE(torch::equal(found[0], expected[0]));
  // Without limits the small one normalises what the large one gives by its running statistics.
  graph::Builder b({3, 2, 2}, {});
  b.output("small", b.batch_norm(b.input(), "small"));
  const graph::Program alone = b.finish();
  const Parameters own = make_parameters(alone, graph::own_weights(alone, weights), torch::kCPU);
  const torch::Tensor pooled = at::max_pool2d(expected[0], 4, 4);
  EXPECT_TRUE(torch::allclose(found[1], forward(alone, own, pooled, {}).front(), 1e-4, 1e-5));
  EXPECT_FALSE(torch::allclose(found[1], expected[1], 1e-2, 1e-2));
  // The same where the pass of single precision on the CPU does not fit.
  Parameters wide = make_parameters(program, weights, torch::kCPU);
  for (torch::Tensor& view : wide.views) view = view.detach().to(torch::kFloat64);
  const auto in_double = forward(program, wide, x.to(torch::kFloat64), renormed);
  EXPECT_TRUE(torch::allclose(in_double[1].to(torch::kFloat32), found[1], 1e-4, 1e-5));
}

TEST(ProgramModule, InferenceByBatchStatisticsNormalisesByTheBatchAndKeepsNoGradient) {
  const graph::Program program = two_norms();
  const Weights weights = busy_weights(program, 5);
  const torch::Tensor x = to_torch(random_input({4, 3, 8, 8}, 6));
  const Parameters a = make_parameters(program, weights, torch::kCPU);
  const Parameters b = make_parameters(program, weights, torch::kCPU);
  ForwardMode training, batch;
  training.training = batch.batch_statistics = true;
  training.largest_momentum = batch.largest_momentum = 0;
  const auto expected = forward(program, a, x, training);
  const auto found = forward(program, b, x, batch);
  EXPECT_TRUE(torch::equal(found[1], expected[1]));
  EXPECT_TRUE(torch::equal(a.statistics, b.statistics));
  EXPECT_FALSE(found[1].requires_grad());
  // Of a momentum of 0 nothing is left of what was there.
  EXPECT_TRUE(torch::allclose(b.views[2], x.mean({0, 2, 3}), 1e-5, 1e-6));
  EXPECT_TRUE(torch::allclose(b.views[3], x.var({0, 2, 3}, true), 1e-5, 1e-6));
}

TEST(ProgramModule, AnObserverSeesEachReadersShareOfAGradientAndChangesNothing) {
  const graph::Program program = graph::lower_detector(small("spinenet-49", arch::Activation::swish), {128, 128, 2, 0});
  const Weights weights = busy_weights(program, 1);
  const torch::Tensor x = to_torch(random_input({2, 3, 128, 128}, 2));
  ForwardMode mode;
  mode.training = true;
  const auto pass = [&](const Parameters& p) {
    const std::vector<torch::Tensor> outputs = forward(program, p, x, mode);
    torch::Tensor sum = torch::zeros({});
    for (const torch::Tensor& y : outputs) sum = sum + y.pow(2).sum();
    sum.backward();
    return outputs;
  };
  const Parameters unseen = make_parameters(program, weights, torch::kCPU);
  const auto expected = pass(unseen);
  std::map<graph::ValueId, torch::Tensor> of_value, of_readers;
  const Observer observer{.input =
                              [&](const graph::Op& op, size_t i, const torch::Tensor& read) {
                                if (!read.requires_grad()) return;
                                torch::Tensor& sum = of_readers[op.inputs[i]];
                                read.register_hook([&sum](const torch::Tensor& gradient) {
                                  sum = sum.defined() ? sum + gradient : gradient.clone();
                                });
                              },
                          .output =
                              [&](const graph::Op& op, const torch::Tensor& y) {
                                torch::Tensor& whole = of_value[op.output];
                                y.register_hook([&whole](const torch::Tensor& gradient) { whole = gradient.clone(); });
                              }};
  mode.observer = &observer;
  const Parameters seen = make_parameters(program, weights, torch::kCPU);
  const auto found = pass(seen);
  const auto difference = [](const torch::Tensor& a, const torch::Tensor& b) {
    return ((a - b).norm() / b.norm()).item<double>();
  };
  // But for the last digits of sums that are else computed with the batch norm before them.
  for (size_t i = 0; i < found.size(); ++i) EXPECT_LT(difference(found[i], expected[i]), 1e-4) << i;
  EXPECT_LT(difference(seen.gradients, unseen.gradients), 1e-3);
  size_t compared = 0;
  for (const auto& [value, gradient] : of_value) {
    const auto readers = of_readers.find(value);
    if (readers == of_readers.end()) continue;  // an output
    ASSERT_TRUE(gradient.defined() && readers->second.defined());
    EXPECT_LT((readers->second - gradient).norm().item<double>(), 1e-5 * gradient.norm().item<double>()) << value;
    ++compared;
  }
  EXPECT_GT(compared, 100U);
}

TEST(ProgramModule, Bf16StaysCloseToFp32) {
  const graph::Program program = graph::lower_detector(small("spinenet-49"), {128, 128, 2, 0});
  const Parameters p = make_parameters(program, busy_weights(program, 1), torch::kCPU);
  const torch::Tensor x = to_torch(random_input({1, 3, 128, 128}, 2));
  ForwardMode mode;
  const torch::Tensor full = forward(program, p, x, mode).front();
  mode.precision = TrainingPrecision::bf16;
  const torch::Tensor half = forward(program, p, x, mode).front();
  EXPECT_EQ(half.scalar_type(), torch::kFloat32);
  EXPECT_LT((full - half).abs().max().item<double>(), 0.05 * full.abs().max().item<double>());
}

}  // namespace
}  // namespace spinenet::nn

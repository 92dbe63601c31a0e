// The whole engine against the reference interpreter: every known architecture, every instruction set that this machine
// has, every pass on and off.
#include <algorithm>
#include <cmath>
#include <functional>
#include <thread>

#include <gtest/gtest.h>

#include "arch/families.h"
#include "base/error.h"
#include "base/random.h"
#include "engine/calibrate.h"
#include "engine/compile.h"
#include "engine/passes/passes.h"
#include "engine/session.h"
#include "graph/builder.h"
#include "graph/lower_two_stage.h"
#include "graph/reference.h"
#include "graph/weights.h"

namespace spinenet {
namespace {

HostTensor random_tensor(std::vector<int64_t> shape, uint64_t seed) {
  HostTensor t = make_tensor(std::move(shape));
  Random random(seed);
  for (float& x : t.data) x = static_cast<float>(random.uniform(-1, 1));
  return t;
}

// Nothing zero, nothing one: a batch norm that is left out shows.
Weights lively_weights(const Program& program, uint64_t seed) {
  Weights weights =
      initial_weights(program, {.residual_norm_weight = 1, .deeper_norm_weight = 1, .predictor_deviation = 0.1}, seed);
  for (const Parameter& parameter : program.parameters) {
    Random random(seed++);
    for (float& x : weights[parameter.name].data) {
      if (parameter.role == ParameterRole::running_var) x = static_cast<float>(random.uniform(0.5, 2));
      if (parameter.role == ParameterRole::running_mean || parameter.role == ParameterRole::norm_bias ||
          parameter.role == ParameterRole::bias) {
        x = static_cast<float>(random.uniform(-0.3, 0.3));
      }
    }
  }
  return weights;
}

// Largest difference over the largest value.
double relative_error(const HostTensor& found, const HostTensor& expected) {
  EXPECT_EQ(found.shape, expected.shape);
  double difference = 0, largest = 1e-30;
  for (size_t i = 0; i < expected.data.size(); ++i) {
    difference = std::max(difference, std::abs(static_cast<double>(found.data[i]) - expected.data[i]));
    largest = std::max(largest, std::abs(static_cast<double>(expected.data[i])));
    if (!std::isfinite(found.data[i])) return HUGE_VAL;
  }
  return difference / largest;
}

double error_of(const Program& program, const CompileOptions& options, int64_t pictures = 1) {
  const Weights weights = lively_weights(program, 3);
  const Shape& s = program.values.front();
  const HostTensor input = random_tensor({pictures, s.channels, s.height, s.width}, 5);
  const auto expected = run_reference(program, weights, input);
  const auto found = engine_forward(compile(program, weights, options))(input);
  EXPECT_EQ(found.size(), expected.size());
  double worst = 0;
  for (size_t i = 0; i < expected.size(); ++i) worst = std::max(worst, relative_error(found[i], expected[i]));
  return worst;
}

Architecture slim(const std::string& name) {
  Architecture a = named_architecture(name);
  a.scaling.filter_size_scale = 0.15;
  a.scaling.endpoints_num_filters = 24;
  a.scaling.stem_filters = 8;
  a.head.filters = 20;
  a.head.convs = 2;
  return a;
}

class EngineOfFamily : public testing::TestWithParam<std::string> {};

TEST_P(EngineOfFamily, AgreesWithTheReference) {
  const Program program = lower_detector(slim(GetParam()), {.height = 128, .width = 128, .classes = 3});
  const Weights weights = lively_weights(program, 3);
  const HostTensor input = random_tensor({1, 3, 128, 128}, 5);
  const auto expected = run_reference(program, weights, input);
  for (const bool winograd : {true, false}) {
    CompileOptions options{.threads = 2, .instructions = {}, .skip = {}};
    if (!winograd) options.skip = {"winograd"};
    const auto found = engine_forward(compile(program, weights, options))(input);
    ASSERT_EQ(found.size(), expected.size());
    for (size_t i = 0; i < expected.size(); ++i) {
      EXPECT_LT(relative_error(found[i], expected[i]), winograd ? 1e-4 : 1e-5) << program.outputs[i].name;
    }
  }
}

std::vector<std::string> families() {
  std::vector<std::string> detectors;  // a ResNet without a pyramid is a classifier alone
  for (const std::string& name : architecture_names()) {
    if (!name.starts_with("resnet-") || name.ends_with("-fpn")) detectors.push_back(name);
  }
  return detectors;
}

std::string test_name(const testing::TestParamInfo<std::string>& family) {
  std::string name = family.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(All, EngineOfFamily, testing::ValuesIn(families()), test_name);

// Every kind of operation, with odd sizes, and what fusions must not do: values that are read twice.
Program mixed_program(Activation activation) {
  Builder b({3, 20, 24}, {.activation = activation, .padding = Padding::same, .batch_norm = {}});
  ValueId stem =
      b.activate(b.batch_norm(b.conv(b.input(), {.filters = 20, .kernel = 7, .stride = 2}, "stem"), "bn"), "a");
  ValueId wide = b.conv(stem, {.filters = 40, .kernel = 3, .bias = true}, "wide");
  ValueId deep = b.batch_norm(b.conv(b.activate(wide, "a1"), {.filters = 20, .kernel = 3}, "deep"), "bn1");
  ValueId sum = b.activate(b.add({stem, deep}, "residual"), "a2");
  ValueId half = b.max_pool(b.conv(sum, {.filters = 17, .kernel = 3, .stride = 1}, "c3"), 3, 2, "pool");
  ValueId up = b.batch_norm(b.conv(b.upsample(half, 2, "up"), {.filters = 20}, "expand"), "bn2");
  ValueId merged = b.activate(b.add({up, sum, deep}, "merge"), "a3");
  ValueId merged2 = b.add({b.conv(merged, {.filters = 17}, "lateral"), b.upsample(half, 2, "up2")}, "merge2");
  ValueId down = b.conv(merged2, {.filters = 5, .kernel = 1, .stride = 2}, "down");
  ValueId shared1 = b.conv(merged, {.filters = 20, .kernel = 3, .bias = true}, "s.1", "s");
  ValueId shared2 = b.conv(shared1, {.filters = 20, .kernel = 3, .bias = true}, "s.2", "s");
  ValueId plain = b.batch_norm(b.activate(b.input(), "a4"), "bn4");
  b.output("down", down);
  b.output("wide", wide);
  b.output("shared", b.add({shared2, shared2}, "twice"));
  b.output("plain", plain);
  b.output("picture", b.input());
  return b.finish();
}

// The operations of mobile networks, masks and classifiers.
Program mobile_program() {
  Builder b({3, 18, 22}, {.activation = Activation::hard_swish, .padding = Padding::same, .batch_norm = {}});
  ValueId x = b.activate(b.conv(b.input(), {.filters = 20, .kernel = 3, .stride = 2, .bias = true}, "stem"), "a");
  ValueId deep = b.conv(x, {.filters = 20, .kernel = 5, .groups = 20}, "deep");
  deep = b.activate(b.batch_norm(deep, "bn"), "a1");
  ValueId gate = b.conv(b.global_pool(deep, PoolKind::average, "average"), {.filters = 6, .bias = true}, "reduce");
  gate = b.sigmoid(b.conv(b.activate(gate, "a2"), {.filters = 20, .bias = true}, "widen"), true, "gate");
  deep = b.scale(deep, gate, "scale");
  ValueId deep2 = b.batch_norm(b.conv(deep, {.filters = 20, .kernel = 3, .groups = 20}, "deep2"), "bn2");
  ValueId sum = b.add({x, deep2}, "add");
  ValueId half = b.conv(sum, {.filters = 20, .kernel = 3, .stride = 2, .bias = true, .groups = 20}, "half");
  ValueId mask = b.activate(b.deconv(half, 24, true, "deconv"), "a3");
  ValueId mean = b.mean({x, sum, deep}, "mean");
  ValueId most = b.activate(b.scale(mean, b.global_pool(mean, PoolKind::maximum, "max"), "scale2"), "a4");
  b.output("mask", mask);
  b.output("soft", b.sigmoid(most, false, "soft"));
  b.output("dense", b.conv(half, {.filters = 7, .kernel = 4, .bias = true, .padded = false}, "dense"));
  return b.finish();
}

// Maps that were rounded up on their way down are enlarged past the edge of those they are added to.
TEST(Engine, AgreesOnClassifiersAtSizesWhereLevelsDoNotMeet) {
  for (const auto& [name, width] : {std::pair("spinenet-49", 80), {"resnet-50", 80}, {"resnet-50-nas-fpn", 96}}) {
    const Program program = lower_classifier(slim(name), {.height = 96, .width = width, .classes = 5});
    EXPECT_LT(error_of(program, {.threads = 2, .instructions = {}, .skip = {}}), 1e-4) << name;
    EXPECT_LT(error_of(program, {.threads = 1, .instructions = {}, .skip = {"fuse_upsampling"}}), 1e-4) << name;
  }
}

TEST(Engine, AgreesOnMobileNetworks) {
  std::vector<std::string> names;
  for (const Pass& pass : all_passes()) names.emplace_back(pass.name);
  for (const Kernels& kernels : all_kernels()) {
    EXPECT_LT(error_of(mobile_program(), {2, std::string(kernels.name), {}}), 1e-5) << kernels.name;
    EXPECT_LT(error_of(mobile_program(), {2, std::string(kernels.name), names}), 1e-5) << kernels.name;
  }
}

TEST(Engine, AgreesOnEveryInstructionSet) {
  for (const Kernels& kernels : all_kernels()) {
    for (const Activation activation : {Activation::relu, Activation::swish}) {
      for (const int threads : {1, 2, 3}) {
        const CompileOptions options{threads, std::string(kernels.name), {}};
        EXPECT_LT(error_of(mixed_program(activation), options), 1e-5) << kernels.name << " " << threads;
      }
    }
  }
}

TEST(Engine, AgreesWithoutAnyOnePass) {
  std::vector<std::string> names{"winograd", "share_weights"};
  for (const Pass& pass : all_passes()) names.emplace_back(pass.name);
  const Program program = mixed_program(Activation::swish);
  EXPECT_LT(error_of(program, {.skip = names}), 1e-5);
  for (const std::string& name : names) EXPECT_LT(error_of(program, {.skip = {name}}), 1e-5) << name;
}

std::string message_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(Engine, RunsPicturesOfABatchOneByOneOrTogether) {
  const Program program = mixed_program(Activation::relu);
  for (const int batch : {1, 2, 5}) {
    EXPECT_LT(error_of(program, {.threads = 2, .batch = batch}, 3), 1e-5) << batch;
    EXPECT_LT(error_of(program, {.batch = batch}, 0), 1e-5) << batch;
    EXPECT_LT(error_of(mobile_program(), {.threads = 3, .batch = batch}, 3), 1e-5) << batch;
  }
}

// Large enough that the tasks of a batch are others than those of one picture.
TEST(Engine, ABatchGivesWhatItsPicturesGiveAlone) {
  for (const char* name : {"spinenet-49s", "resnet-50-fpn", "spinenet-mobile-49s"}) {
    const Program program = lower_detector(slim(name), {.height = 128, .width = 128, .classes = 3});
    const Weights weights = lively_weights(program, 3);
    const HostTensor input = random_tensor({3, 3, 128, 128}, 5);
    const std::vector<std::string> skip{"winograd"};  // maps of few tiles are worth it in a batch alone
    const auto alone = engine_forward(compile(program, weights, {.threads = 2, .skip = skip}))(input);
    const auto together = engine_forward(compile(program, weights, {.threads = 2, .skip = skip, .batch = 3}))(input);
    for (size_t i = 0; i < alone.size(); ++i) EXPECT_LT(relative_error(together[i], alone[i]), 1e-5) << name;
    const auto fast = engine_forward(compile(program, weights, {.threads = 2, .batch = 3}))(input);
    for (size_t i = 0; i < alone.size(); ++i) EXPECT_LT(relative_error(fast[i], alone[i]), 1e-4) << name;
  }
}

TEST(Engine, StatesTheMemoryOfABatch) {
  const Program program = lower_detector(slim("spinenet-49s"), {.height = 128, .width = 128, .classes = 3});
  const Weights weights = lively_weights(program, 3);
  const auto one = compile(program, weights, {}), three = compile(program, weights, {.batch = 3});
  EXPECT_NEAR(static_cast<double>(three->memory), 3.0 * static_cast<double>(one->memory), 1000) << "rounded up";
  EXPECT_GT(memory_bytes(*three), memory_bytes(*one) + 2 * one->memory * static_cast<int64_t>(sizeof(float)));
}

// Crops through the heads of a two-stage network, more than fit one batch, and not a whole number of batches.
TEST(Engine, RunsTheHeadsOfTwoStagesOnManyCrops) {
  Architecture a = named_architecture("spinenet-49");
  a.scaling.endpoints_num_filters = 32;
  a.two_stage.box_filters = a.two_stage.mask_filters = 32;
  a.two_stage.box_dense = 48;
  const TwoStageProgram network = lower_two_stage(a, {.height = 128, .width = 128, .classes = 3});
  for (const Program* program : {&network.box_head, &network.mask_head}) {
    for (const Kernels& kernels : all_kernels()) {
      EXPECT_LT(error_of(*program, {2, std::string(kernels.name), {}, 5}, 13), 1e-4) << kernels.name;
      EXPECT_LT(error_of(*program, {2, std::string(kernels.name), {"winograd"}, 5}, 13), 1e-5) << kernels.name;
    }
  }
}

// A product so deep that it is computed in parts, on top of a residual, with collisions of its rows in the cache (2048)
// and without.
TEST(Engine, DeepProductsAddTheirResidualOnce) {
  for (const int64_t deep : {1200, 2048}) {
    Builder b({3, 6, 5}, {.activation = Activation::relu, .padding = Padding::same, .batch_norm = {}});
    ValueId side = b.conv(b.input(), {.filters = 20, .bias = true}, "side");
    ValueId x = b.activate(b.conv(b.input(), {.filters = deep, .bias = true}, "wide"), "a");
    x = b.batch_norm(b.conv(x, {.filters = 20, .bias = true}, "narrow"), "bn");
    b.output("sum", b.activate(b.add({x, side}, "add"), "a2"));
    EXPECT_LT(error_of(b.finish(), {.threads = 2, .batch = 2}, 3), 1e-5) << deep;
  }
}

// What a batch leaves behind must not show in a smaller one.
TEST(Engine, SmallerBatchesFollowLargerOnes) {
  const Program program = mixed_program(Activation::swish);
  const auto plan = compile(program, lively_weights(program, 3), {.threads = 2, .batch = 4});
  const HostTensor input = random_tensor({4, 3, 20, 24}, 5);
  Session session(plan), fresh(plan);
  session.run(input.data);
  const auto part = std::span(input.data).first(input.data.size() / 4);
  const auto again = session.run(part), expected = fresh.run(part);
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(again[i].shape, expected[i].shape);
    EXPECT_EQ(again[i].data, expected[i].data);
  }
  EXPECT_NE(message_of([&] { session.run(std::vector<float>(5 * part.size())); }).find("or up to 4 of them"),
            std::string::npos);
}

TEST(Engine, GivesTheSameBitsAgainAndWithAnyNumberOfThreads) {
  const Program program = lower_detector(slim("spinenet-49s"), {.height = 128, .width = 128, .classes = 3});
  const Weights weights = lively_weights(program, 3);
  const HostTensor first = random_tensor({1, 3, 128, 128}, 5), second = random_tensor({1, 3, 128, 128}, 6);
  const auto plan = compile(program, weights, {.threads = 2});
  const Forward forward = engine_forward(plan);
  const auto once = forward(first);
  forward(second);
  const auto again = forward(first);
  const auto alone = engine_forward(compile(program, weights, {.threads = 1}))(first);
  for (size_t i = 0; i < once.size(); ++i) {
    EXPECT_EQ(once[i].data, again[i].data);
    EXPECT_EQ(once[i].data, alone[i].data);
  }
}

TEST(Engine, LetsSessionsShareAPlan) {
  const Program program = mixed_program(Activation::swish);
  const Weights weights = lively_weights(program, 3);
  const auto plan = compile(program, weights, {.threads = 2});
  const HostTensor input = random_tensor({1, 3, 20, 24}, 5);
  const auto expected = engine_forward(plan)(input);
  std::vector<std::vector<HostTensor>> found(3);
  std::vector<std::thread> threads;
  for (auto& outputs : found) {
    threads.emplace_back([&] {
      Session session(plan);
      for (int i = 0; i < 5; ++i) {
        const auto last = session.run(input.data);
        outputs.assign(last.begin(), last.end());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& outputs : found) {
    for (size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(outputs[i].data, expected[i].data);
  }
}

TEST(Engine, ComputesInBf16CloseToFloatsOrSaysThatItCannot) {
  const Program program = lower_detector(slim("spinenet-49s"), {.height = 128, .width = 128, .classes = 3});
  const bool has = all_kernels().front().bf16_multiply != nullptr;
  CompileOptions options{.threads = 2, .precision = Precision::bf16};
  if (has) {
    const double error = error_of(program, options, 2);
    EXPECT_LT(error, 0.03);
    EXPECT_GT(error, 1e-4) << "bf16 is not fp32";
    EXPECT_LT(error_of(mixed_program(Activation::swish), options), 0.06);
    options.skip = {"winograd"};
    EXPECT_LT(error_of(program, options, 1), 0.02);
  }
  options.instructions = all_kernels().back().name;
  EXPECT_NE(message_of([&] { compile(program, lively_weights(program, 3), options); }).find("no instructions for bf16"),
            std::string::npos);
}

CalibrationPictures only(const HostTensor& input) {
  return {1, [&input](int64_t) { return input.data; }};
}

// 17x18 pixels: tiles that hang over the edge; 70 and 96 channels: panels that are not full.
TEST(Engine, ComputesInBytesByWinogradCloseToFloats) {
  Builder b({3, 34, 36}, {.activation = Activation::relu, .padding = Padding::same, .batch_norm = {}});
  const ValueId stem = b.activate(b.conv(b.input(), {.filters = 70, .kernel = 3, .stride = 2, .bias = true}, "s"), "a");
  const ValueId wide = b.conv(stem, {.filters = 96, .kernel = 3, .bias = true}, "wide");
  const ValueId back = b.conv(b.activate(wide, "a1"), {.filters = 70, .kernel = 3, .bias = true}, "back");
  const ValueId sum = b.activate(b.add({stem, back}, "residual"), "a2");
  b.output("out", b.conv(sum, {.filters = 64, .kernel = 3, .bias = true}, "last"));
  const Program program = b.finish();
  const Weights weights = lively_weights(program, 3);
  const HostTensor input = random_tensor({4, 3, 34, 36}, 5);
  const auto part = static_cast<int64_t>(input.data.size()) / 4;
  const CalibrationPictures pictures{4, [&](int64_t i) {
                                       const auto first = input.data.begin() + i * part;
                                       return std::vector<float>(first, first + part);
                                     }};
  const Calibration all = calibrate(program, weights, pictures, {.layer_error = 1, .output_error = 1});
  const auto expected = run_reference(program, weights, input);
  for (const Kernels& kernels : all_kernels()) {
    CompileOptions options{2, std::string(kernels.name), {}, 4, Precision::int8, &all};
    const auto plan = compile(program, weights, options);
    int winograd = 0;
    for (const Step& step : plan->steps) {
      const auto* conv = std::get_if<QuantizedConvStep>(&step);
      winograd += conv != nullptr && conv->winograd ? 1 : 0;
    }
    EXPECT_EQ(winograd, 3);
    const double error = relative_error(engine_forward(plan)(input).front(), expected.front());
    options.skip = {"winograd"};
    const double plain =
        relative_error(engine_forward(compile(program, weights, options))(input).front(), expected.front());
    EXPECT_LT(error, 0.03) << kernels.name;
    EXPECT_LT(error, 1.5 * plain) << "weights of 11 bits are no worse than those of 8";
  }
}

// All that a plan of bytes does, for every instruction set: the same sums, so nearly the same outputs.
TEST(Engine, ComputesInBytesCloseToFloats) {
  for (const Activation activation : {Activation::relu, Activation::swish}) {
    const Program program = mixed_program(activation);
    const Weights weights = lively_weights(program, 3);
    const HostTensor input = random_tensor({1, 3, 20, 24}, 5);
    const CalibrateOptions any_error{.threads = 2, .layer_error = 1, .output_error = 1};
    const Calibration all = calibrate(program, weights, only(input), any_error);
    EXPECT_TRUE(all.kept.empty());
    EXPECT_GT(all.error, 1e-4) << "bytes are not floats";
    EXPECT_LT(all.error, 0.05);
    const auto expected = run_reference(program, weights, input);
    for (const Kernels& kernels : all_kernels()) {
      const CompileOptions options{2, std::string(kernels.name), {}, 1, Precision::int8, &all};
      const auto found = engine_forward(compile(program, weights, options))(input);
      for (size_t i = 0; i < expected.size(); ++i) {
        EXPECT_LT(relative_error(found[i], expected[i]), 0.05) << kernels.name << " " << program.outputs[i].name;
      }
    }
  }
}

TEST(Engine, PutsFloatsAndBytesTogetherInMobileNetworks) {
  const Program program = mobile_program();
  const Weights weights = lively_weights(program, 3);
  const HostTensor input = random_tensor({1, 3, 18, 22}, 5);
  const Calibration all = calibrate(program, weights, only(input), {.layer_error = 1, .output_error = 1});
  EXPECT_GT(all.error, 1e-4);
  EXPECT_LT(all.error, 0.1);
}

TEST(Engine, ComputesMostOfSpineNetInBytesAndTheSameWithAnyNumberOfThreads) {
  const Program program = lower_detector(slim("spinenet-49s"), {.height = 128, .width = 128, .classes = 3});
  const Weights weights = lively_weights(program, 3);
  const HostTensor input = random_tensor({1, 3, 128, 128}, 5);
  const CalibrateOptions any_error{.threads = 2, .layer_error = 1, .output_error = 1};
  const Calibration all = calibrate(program, weights, only(input), any_error);
  CompileOptions options{.threads = 2, .precision = Precision::int8, .calibration = &all};
  const auto plan = compile(program, weights, options);
  size_t floats = 0, bytes = 0;
  for (const Step& step : plan->steps) {
    floats += std::holds_alternative<ConvStep>(step) ? 1 : 0;
    bytes += std::holds_alternative<QuantizedConvStep>(step) ? 1 : 0;
  }
  EXPECT_EQ(floats, 1U) << "the one on the picture";
  EXPECT_GT(bytes, 50U);
  const auto two = engine_forward(plan)(input);
  options.threads = 1;
  const auto one = engine_forward(compile(program, weights, options))(input);
  for (size_t i = 0; i < two.size(); ++i) EXPECT_EQ(one[i].data, two[i].data);
}

TEST(Engine, KeepsConvolutionsInFloatsUntilTheErrorIsSmallEnough) {
  const Program program = lower_detector(slim("spinenet-49s"), {.height = 128, .width = 128, .classes = 3});
  const Weights weights = lively_weights(program, 3);
  const HostTensor input = random_tensor({1, 3, 128, 128}, 5);
  const CalibrateOptions any_error{.threads = 2, .layer_error = 1, .output_error = 1};
  const Calibration all = calibrate(program, weights, only(input), any_error);
  CalibrateOptions options = any_error;
  options.output_error = all.error / 2;
  const Calibration some = calibrate(program, weights, only(input), options);
  EXPECT_FALSE(some.kept.empty());
  EXPECT_LE(some.error, all.error / 2);
  const Calibration none = calibrate(program, weights, only(input), {.threads = 2, .layer_error = 0});
  EXPECT_LT(some.kept.size(), none.kept.size());
  EXPECT_LT(none.error, 1e-4);
}

TEST(Engine, RefusesWhatDoesNotFit) {
  const Program program = mixed_program(Activation::relu);
  Weights weights = lively_weights(program, 3);
  const auto plan = compile(program, weights, {});
  EXPECT_EQ(message_of([&] {
              engine_forward(plan)(make_tensor({1, 3, 20, 25}));
            }),
            "engine: input [1, 3, 20, 25] where [N, 3, 20, 24] is needed");
  EXPECT_NE(message_of([&] { Session(plan).run(std::vector<float>(7)); }).find("a picture of 7 values"),
            std::string::npos);
  EXPECT_NE(message_of([&] { compile(program, weights, {.threads = 0}); }).find("0 threads"), std::string::npos);
  EXPECT_NE(message_of([&] { compile(program, weights, {.batch = 0}); }).find("a batch of 0"), std::string::npos);
  EXPECT_NE(message_of([&] { compile(program, weights, {.instructions = "mmx"}); }).find("instruction set \"mmx\""),
            std::string::npos);
  EXPECT_NE(
      message_of([&] { compile(program, weights, {.skip = {"fuse_residuals"}}); }).find("did you mean fuse_residual?"),
      std::string::npos);
  const HostTensor input = random_tensor({1, 3, 20, 24}, 5);
  Calibration calibration = calibrate(program, weights, only(input), {});
  const CompileOptions bytes{.precision = Precision::int8, .calibration = &calibration};
  EXPECT_NE(message_of([&] { compile(program, weights, {.precision = Precision::int8}); }).find("needs a calibration"),
            std::string::npos);
  EXPECT_NE(message_of([&] { calibrate(program, weights, {}, {}); }).find("no pictures"), std::string::npos);
  calibration.ranges.erase("wide");
  EXPECT_NE(message_of([&] { compile(program, weights, bytes); }).find("no range for wide"), std::string::npos);
  weights["wide.weight"].data[7] += 1;
  EXPECT_NE(message_of([&] { compile(program, weights, bytes); }).find("made with other weights"), std::string::npos);
  weights["wide.weight"].data[7] = NAN;
  EXPECT_NE(message_of([&] { compile(program, weights, {}); }).find("parameter wide.weight: element 7 is nan"),
            std::string::npos);
  weights.erase("wide.weight");
  EXPECT_NE(message_of([&] { compile(program, weights, {}); }).find("missing wide.weight"), std::string::npos);
}

// What the fusions leave of SpineNet: convolutions and few steps beside them.
TEST(Engine, FusesNearlyEverything) {
  const Program program = lower_detector(slim("spinenet-49s"), {.height = 128, .width = 128, .classes = 3});
  const auto plan = compile(program, initial_weights(program, {}, 1), {});
  size_t convolutions = 0, shared = 0;
  for (const Step& step : plan->steps) {
    if (const auto* conv = std::get_if<ConvStep>(&step)) {
      ++convolutions;
      if (conv->sites.size() == 5) ++shared;
    }
  }
  EXPECT_EQ(shared, 6U) << "two convolutions of each tower and two predictors";
  EXPECT_LT(plan->steps.size() - convolutions, 20U);
}

}  // namespace
}  // namespace spinenet

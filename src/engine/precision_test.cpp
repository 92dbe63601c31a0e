// The engine in bf16 and in bytes, against the reference and against itself in floats.
#include <algorithm>

#include <gtest/gtest.h>

#include "engine/test_networks.h"
#include "graph/every_operation.h"
#include "graph/lower.h"

namespace spinenet::engine {
namespace {

TEST(EnginePrecision, ComputesInBf16CloseToFloatsOrSaysThatItCannot) {
  const graph::Program program =
      graph::lower_detector(slim("spinenet-49s"), {.height = 128, .width = 128, .classes = 3});
  CompileOptions options{.threads = 2, .precision = Precision::bf16};
  for (const kernels::Kernels& kernels : kernels::all_kernels()) {
    if (kernels.bf16_multiply == nullptr && kernels.tiles == nullptr) continue;
    options.instructions = kernels.name;
    options.skip = {};
    const double error = error_of(program, options, 2);
    EXPECT_LT(error, 0.03) << kernels.name;
    EXPECT_GT(error, 1e-4) << "bf16 is not fp32";
    for (const arch::Activation activation : values_of<arch::Activation>()) {
      EXPECT_LT(error_of(mixed_program(activation), options), 0.06)
          << kernels.name << " " << spinenet::name_of(activation);
    }
    EXPECT_LT(error_of(mobile_program(), options), 0.1) << kernels.name;
    options.skip = {"winograd"};
    EXPECT_LT(error_of(program, options, 1), 0.02) << kernels.name;
  }
  options.instructions = kernels::all_kernels().back().name;
  EXPECT_NE(message_of([&] { compile(program, lively_weights(program, 3), options); }).find("no instructions for bf16"),
            std::string::npos);
}

// Rows longer than what fp32 keeps in the cache at a time, and no step with tiles whose scratch would hide a short one.
TEST(EnginePrecision, HasRoomForAllThatBf16NeedsWithAnyNumberOfThreads) {
  if (kernels::all_kernels().front().bf16_multiply == nullptr) GTEST_SKIP() << "no bf16 here";
  graph::Builder b({3, 30, 30},
                   {.activation = arch::Activation::relu, .padding = arch::Padding::same, .batch_norm = {}});
  const graph::ValueId wide = b.activate(b.conv(b.input(), {.filters = 1200, .kernel = 1, .bias = true}, "wide"), "a");
  b.output("out", b.conv(wide, {.filters = 200, .kernel = 1, .bias = true}, "narrow"));
  for (const graph::Program& program : {b.finish(), mobile_program()}) {
    const Weights weights = lively_weights(program, 3);
    const graph::Shape& shape = program.values.front();
    const HostTensor input = random_tensor({1, shape.channels, shape.height, shape.width}, 5);
    CompileOptions options{.threads = 1, .precision = Precision::bf16};
    const auto one = engine_forward(compile(program, weights, options))(input);
    options.threads = 2;
    const auto two = engine_forward(compile(program, weights, options))(input);
    EXPECT_LT(error_of(program, options, 1), 0.1);
    for (size_t i = 0; i < two.size(); ++i) EXPECT_EQ(one[i].data, two[i].data);
  }
}

TEST(EnginePrecision, ComputesInBytesByWinogradCloseToFloats) {
  const graph::Program program = wide_program();
  const Weights weights = lively_weights(program, 3);
  const HostTensor input = random_tensor({4, 3, 34, 36}, 5);
  const auto part = static_cast<int64_t>(input.data.size()) / 4;
  const CalibrationImages images{4, [&](int64_t i) {
                                   const auto first = input.data.begin() + i * part;
                                   return std::vector<float>(first, first + part);
                                 }};
  const Calibration all = calibrate(program, weights, images, {.layer_error = 1, .output_error = 1});
  const auto expected = graph::run_reference(program, weights, input);
  for (const kernels::Kernels& kernels : kernels::all_kernels()) {
    if (kernels.tiles != nullptr) continue;  // their rule takes no transforms
    CompileOptions options{2, std::string(kernels.name), {}, 4, Precision::int8, &all};
    const auto plan = compile(program, weights, options);
    int winograd = 0;
    for (const Step& step : plan->steps) {
      const ConvStep* conv = as_convolution(step);
      const bool is_int8 = conv != nullptr && conv->format == NumberFormat::int8;
      winograd += is_int8 && conv->choice.algorithm == ConvAlgorithm::winograd ? 1 : 0;
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
TEST(EnginePrecision, ComputesInBytesCloseToFloats) {
  for (const arch::Activation activation : values_of<arch::Activation>()) {
    const graph::Program program = mixed_program(activation);
    const Weights weights = lively_weights(program, 3);
    const HostTensor input = random_tensor({1, 3, 20, 24}, 5);
    const CalibrateOptions any_error{.threads = 2, .layer_error = 1, .output_error = 1};
    const Calibration all = calibrate(program, weights, only(input), any_error);
    EXPECT_TRUE(all.kept.empty());
    EXPECT_GT(all.error, 1e-4) << "bytes are not floats";
    EXPECT_LT(all.error, 0.05);
    const auto expected = graph::run_reference(program, weights, input);
    for (const kernels::Kernels& kernels : kernels::all_kernels()) {
      const CompileOptions options{2, std::string(kernels.name), {}, 1, Precision::int8, &all};
      const auto found = engine_forward(compile(program, weights, options))(input);
      for (size_t i = 0; i < expected.size(); ++i) {
        EXPECT_LT(relative_error(found[i], expected[i]), 0.05) << kernels.name << " " << program.outputs[i].name;
      }
    }
  }
}

TEST(EnginePrecision, PutsFloatsAndBytesTogetherInMobileNetworks) {
  const graph::Program program = mobile_program();
  const Weights weights = lively_weights(program, 3);
  const HostTensor input = random_tensor({1, 3, 18, 22}, 5);
  const Calibration all = calibrate(program, weights, only(input), {.layer_error = 1, .output_error = 1});
  EXPECT_GT(all.error, 1e-4);
  EXPECT_LT(all.error, 0.1);
}

TEST(EnginePrecision, ComputesEveryOperationInBytesCloseToFloats) {
  const graph::Program program = graph::every_operation(arch::Activation::relu);
  const Weights weights = lively_weights(program, 3);
  const graph::Shape& shape = program.values.front();
  const HostTensor input = random_tensor({1, shape.channels, shape.height, shape.width}, 5);
  const Calibration all = calibrate(program, weights, only(input), {.layer_error = 1, .output_error = 1});
  EXPECT_TRUE(all.kept.empty());
  EXPECT_GT(all.error, 1e-4);
  EXPECT_LT(all.error, 0.1);
}

TEST(EnginePrecision, ComputesIdentityPathsInBytesCloseToFloats) {
  arch::Architecture a = slim("spinenet-49s");
  a.identity_paths = arch::IdentityPaths::every_block;
  const graph::Program program = graph::lower_detector(a, {.height = 128, .width = 128, .classes = 3});
  const HostTensor input = random_tensor({1, 3, 128, 128}, 5);
  const Calibration all =
      calibrate(program, lively_weights(program, 3), only(input), {.layer_error = 1, .output_error = 1});
  EXPECT_TRUE(all.kept.empty());
  EXPECT_GT(all.error, 1e-4);
  EXPECT_LT(all.error, 0.1);
}

int64_t convolutions_in(NumberFormat format, const CompiledPlan& plan) {
  return std::ranges::count_if(plan.steps, [&](const Step& step) {
    const ConvStep* conv = as_convolution(step);
    return conv != nullptr && conv->format == format;
  });
}

TEST(EnginePrecision, ComputesMostOfSpineNetInBytesAndTheSameWithAnyNumberOfThreads) {
  const graph::Program program =
      graph::lower_detector(slim("spinenet-49s"), {.height = 128, .width = 128, .classes = 3});
  const Weights weights = lively_weights(program, 3);
  const HostTensor input = random_tensor({1, 3, 128, 128}, 5);
  const CalibrateOptions any_error{.threads = 2, .layer_error = 1, .output_error = 1};
  const Calibration all = calibrate(program, weights, only(input), any_error);
  CompileOptions options{.threads = 2, .precision = Precision::int8, .calibration = &all};
  const auto plan = compile(program, weights, options);
  EXPECT_EQ(convolutions_in(NumberFormat::fp32, *plan), 0);
  EXPECT_GT(convolutions_in(NumberFormat::int8, *plan), 50);
  const auto two = engine_forward(plan)(input);
  options.threads = 1;
  const auto one = engine_forward(compile(program, weights, options))(input);
  for (size_t i = 0; i < two.size(); ++i) EXPECT_EQ(one[i].data, two[i].data);
}

TEST(EnginePrecision, ReadsTheImageInFloatsWhereItsRangeIsUnknownOrItsConvolutionIsKept) {
  const graph::Program program =
      graph::lower_detector(slim("spinenet-49s"), {.height = 128, .width = 128, .classes = 3});
  const Weights weights = lively_weights(program, 3);
  const HostTensor input = random_tensor({1, 3, 128, 128}, 5);
  const Calibration all = calibrate(program, weights, only(input), {.threads = 2, .layer_error = 1, .output_error = 1});
  Calibration old = all, kept = all;
  ASSERT_EQ(old.ranges.erase(std::string(kInputName)), 1U);
  kept.kept.emplace_back("stem.conv");
  std::vector<HostTensor> outputs;
  for (const Calibration* calibration : {&old, &kept}) {
    const auto plan =
        compile(program, weights, {.threads = 2, .precision = Precision::int8, .calibration = calibration});
    EXPECT_EQ(convolutions_in(NumberFormat::fp32, *plan), 1) << "the one on the image";
    EXPECT_FALSE(is_bytes(plan->input.quantization));
    outputs.push_back(engine_forward(plan)(input).front());
  }
  EXPECT_EQ(outputs[0].data, outputs[1].data);
}

TEST(EnginePrecision, KeepsConvolutionsInFloatsUntilTheErrorIsSmallEnough) {
  const graph::Program program =
      graph::lower_detector(slim("spinenet-49s"), {.height = 128, .width = 128, .classes = 3});
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

// Windows shorter than what is copied at once, of images of few channels, up to the last pixel of the map.
TEST(EnginePrecision, GathersShortWindowsOfFloatsAndBytes) {
  for (const int channels : {1, 2, 3}) {
    for (const int kernel : {1, 2, 3, 7}) {
      for (const int stride : {1, 2}) {
        graph::Builder b({channels, 23, 25},
                         {.activation = arch::Activation::relu, .padding = arch::Padding::same, .batch_norm = {}});
        b.output("out", b.conv(b.input(), {.filters = 20, .kernel = kernel, .stride = stride, .bias = true}, "c"));
        const graph::Program program = b.finish();
        const Weights weights = lively_weights(program, 3);
        const HostTensor input = random_tensor({1, channels, 23, 25}, 5);
        const auto expected = graph::run_reference(program, weights, input).front();
        const Calibration all = calibrate(program, weights, only(input), {.layer_error = 1, .output_error = 1});
        for (const Precision precision : {Precision::fp32, Precision::int8}) {
          const CompileOptions options{.threads = 2, .precision = precision, .calibration = &all};
          const auto found = engine_forward(compile(program, weights, options))(input).front();
          EXPECT_LT(relative_error(found, expected), precision == Precision::fp32 ? 1e-5 : 0.03)
              << channels << " " << kernel << " " << stride;
        }
      }
    }
  }
}

}  // namespace
}  // namespace spinenet::engine

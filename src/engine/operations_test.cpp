// Dilated windows, slices of channels, average pools and bilinear upsampling: every precision against the reference.
#include <algorithm>
#include <filesystem>
#include <limits>

#include <gtest/gtest.h>

#include "engine/test_networks.h"

namespace spinenet::engine {
namespace {

std::vector<const ConvStep*> dilated_steps(const CompiledPlan& plan) {
  std::vector<const ConvStep*> found;
  for (const Step& step : plan.steps) {
    const ConvStep* conv = as_convolution(step);
    if (conv != nullptr && conv->conv.dilation > 1) found.push_back(conv);
  }
  return found;
}

int64_t dilated_by_winograd(const CompiledPlan& plan) {
  const std::vector<const ConvStep*> steps = dilated_steps(plan);
  return std::ranges::count_if(steps, [](const ConvStep* step) { return tile_of(step->choice.algorithm) > 0; });
}

TEST(EngineOperations, DilatedWindowsAgreeInFloats) {
  const graph::Program program = dilated_program(arch::Activation::mish);
  const Weights weights = lively_weights(program, 3);
  for (const kernels::Kernels& kernels : kernels::all_kernels()) {
    for (const int threads : {1, 2}) {
      CompileOptions options{.threads = threads, .instructions = std::string(kernels.name), .batch = 3};
      EXPECT_GE(dilated_by_winograd(*compile(program, weights, options)), 4) << kernels.name;
      EXPECT_LT(error_of(program, options, 3), 1e-4) << kernels.name << " " << threads;
      options.skip = {"winograd"};
      EXPECT_LT(error_of(program, options, 3), 1e-5) << kernels.name << " " << threads;
    }
  }
}

// Maps that a phase of the dilation leaves empty.
TEST(EngineOperations, DilationMayPassTheMap) {
  for (const int dilation : {4, 9}) {
    graph::Builder b({16, 5, 7}, {});
    b.output("y", b.conv(b.input(), {.filters = 16, .kernel = 3, .bias = true, .dilation = dilation}, "c"));
    b.output("z", b.conv(b.input(), {.filters = 16, .kernel = 3, .groups = 16, .dilation = dilation}, "d"));
    const graph::Program program = b.finish();
    for (const kernels::Kernels& kernels : kernels::all_kernels()) {
      const CompileOptions options{.threads = 2, .instructions = std::string(kernels.name), .batch = 3};
      EXPECT_LT(error_of(program, options, 3), 1e-4) << kernels.name << " " << dilation;
    }
  }
}

// Of numbers whose exponential is no number in single precision, either way.
TEST(EngineOperations, SwishAndSigmoidHoldFarFromNought) {
  graph::Builder b({16, 1, 2},
                   {.activation = arch::Activation::swish, .padding = arch::Padding::same, .batch_norm = {}});
  const graph::ValueId x = b.conv(b.input(), {.filters = 16}, "c");
  b.output("swish", b.activate(x, "act"));
  b.output("sigmoid", b.sigmoid(x, false, "gate"));
  const graph::Program program = b.finish();
  HostTensor kernel = make_tensor({16, 16, 1, 1});
  for (size_t i = 0; i < 16; ++i) kernel.data[i * 16 + i] = 1;
  const Weights weights{{"c.weight", kernel}};
  HostTensor input = make_tensor({1, 16, 1, 2});
  const std::vector<float> far{-1e30F, -3e4F, -3000, -700, -300, -110, -104, -90,
                               90,     104,   110,   300,  700,  3000, 3e4F, 1e30F};
  for (size_t i = 0; i < far.size(); ++i) input.data[2 * i] = far[i];
  for (const kernels::Kernels& kernels : kernels::all_kernels()) {
    const CompileOptions options{.instructions = std::string(kernels.name)};
    const std::vector<HostTensor> found = engine_forward(compile(program, weights, options))(input);
    for (size_t i = 0; i < far.size(); ++i) {
      const double swish = far[i] > 0 ? far[i] : 0, sigmoid = far[i] > 0 ? 1 : 0;
      EXPECT_NEAR(found[0].data[2 * i], swish, 1e-6 * swish + 1e-30) << kernels.name << " " << far[i];
      EXPECT_NEAR(found[1].data[2 * i], sigmoid, 1e-6) << kernels.name << " " << far[i];
    }
  }
}

TEST(EngineOperations, DilatedWindowsShareWeightsAtOneDilationAlone) {
  const graph::Program program = dilated_program(arch::Activation::relu);
  const auto plan = compile(program, lively_weights(program, 3), {});
  std::vector<size_t> shared;
  for (const ConvStep* step : dilated_steps(*plan)) {
    if (step->name == "one" || step->name == "two" || step->name == "three") shared.push_back(step->sites.size());
  }
  std::ranges::sort(shared);
  EXPECT_EQ(shared, (std::vector<size_t>{1, 2}));
}

TEST(EngineOperations, PartsAndPyramidsAgreeInFloats) {
  const graph::Program program = parts_program(arch::Activation::leaky_relu);
  for (const kernels::Kernels& kernels : kernels::all_kernels()) {
    for (const int threads : {1, 2}) {
      const CompileOptions options{.threads = threads, .instructions = std::string(kernels.name), .batch = 3};
      EXPECT_LT(error_of(program, options, 3), 1e-4) << kernels.name << " " << threads;
    }
  }
}

TEST(EngineOperations, AgreeInBf16) {
  CompileOptions options{.batch = 3, .precision = Precision::bf16};
  for (const kernels::Kernels& kernels : kernels::all_kernels()) {
    if (kernels.bf16_multiply == nullptr && kernels.tiles == nullptr) continue;
    options.instructions = kernels.name;
    for (const int threads : {1, 2}) {
      options.threads = threads;
      EXPECT_LT(error_of(dilated_program(arch::Activation::mish), options, 3), 0.06) << kernels.name;
      EXPECT_LT(error_of(parts_program(arch::Activation::leaky_relu), options, 3), 0.06) << kernels.name;
    }
  }
}

// Of one image in turn.
Calibration calibration_of(const graph::Program& program, const Weights& weights, const HostTensor& input) {
  const auto part = static_cast<int64_t>(input.data.size()) / input.shape[0];
  const CalibrationImages images{input.shape[0], [&](int64_t i) {
                                   const auto first = input.data.begin() + i * part;
                                   return std::vector<float>(first, first + part);
                                 }};
  return calibrate(program, weights, images, {.threads = 2, .layer_error = 1, .output_error = 1});
}

void expect_near_in_bytes(const graph::Program& program) {
  const Weights weights = lively_weights(program, 3);
  const graph::Shape& image = program.values.front();
  const HostTensor input = random_tensor({3, 3, image.height, image.width}, 5);
  const Calibration all = calibration_of(program, weights, input);
  const auto expected = graph::run_reference(program, weights, input);
  for (const kernels::Kernels& kernels : kernels::all_kernels()) {
    for (const int threads : {1, 2}) {
      const CompileOptions options{threads, std::string(kernels.name), {}, 3, Precision::int8, &all};
      const auto found = engine_forward(compile(program, weights, options))(input);
      for (size_t i = 0; i < expected.size(); ++i) {
        EXPECT_LT(relative_error(found[i], expected[i]), 0.08) << kernels.name << " " << program.outputs[i].name;
      }
    }
  }
}

TEST(EngineOperations, AgreeInBytes) {
  expect_near_in_bytes(dilated_program(arch::Activation::leaky_relu));
  expect_near_in_bytes(parts_program(arch::Activation::leaky_relu));
  expect_near_in_bytes(parts_program(arch::Activation::mish));
}

// Beside depthwise convolutions, gates and pools, which are computed in floats.
TEST(EngineOperations, TransposedConvolutionsOfBytesAgree) {
  const graph::Program program = mobile_program();
  expect_near_in_bytes(program);
  const Weights weights = lively_weights(program, 3);
  const HostTensor input = random_tensor({2, 3, 18, 22}, 5);
  Calibration all = calibration_of(program, weights, input);
  const auto format = [&] {
    const auto plan = compile(program, weights, {.precision = Precision::int8, .calibration = &all});
    for (const Step& step : plan->steps) {
      if (const auto* deconv = std::get_if<DeconvStep>(&step)) return deconv->format;
    }
    ADD_FAILURE() << "no transposed convolution";
    return NumberFormat::bf16;
  };
  EXPECT_EQ(format(), NumberFormat::int8);
  all.kept.emplace_back("deconv");
  EXPECT_EQ(format(), NumberFormat::fp32) << "where the calibration keeps it";
}

// As wide as a mask head, read by another convolution of bytes, so it writes bytes and has several rounds of columns.
graph::Program wide_deconv_program() {
  graph::Builder b({3, 7, 9}, {});
  graph::ValueId x = b.activate(b.conv(b.input(), {.filters = 40, .kernel = 3, .bias = true}, "first"), "a");
  x = b.activate(b.deconv(x, 150, true, "deconv"), "a2");
  b.output("mask", b.conv(x, {.filters = 5, .bias = true}, "last"));
  return b.finish();
}

TEST(EngineOperations, WideTransposedConvolutionsWriteBytes) {
  const graph::Program program = wide_deconv_program();
  expect_near_in_bytes(program);
  const Weights weights = lively_weights(program, 3);
  const HostTensor input = random_tensor({2, 3, 7, 9}, 5);
  const Calibration all = calibration_of(program, weights, input);
  const auto plan = compile(program, weights, {.precision = Precision::int8, .calibration = &all});
  const auto deconv =
      std::ranges::find_if(plan->steps, [](const Step& step) { return std::get_if<DeconvStep>(&step) != nullptr; });
  ASSERT_NE(deconv, plan->steps.end());
  EXPECT_TRUE(is_bytes(std::get<DeconvStep>(*deconv).out.quantization));
}

TEST(EngineOperations, TransposedConvolutionsAreKeptByTheirMeasuredError) {
  const graph::Program program = wide_deconv_program();
  const Weights weights = lively_weights(program, 3);
  const HostTensor input = random_tensor({3, 7, 9}, 5);
  const CalibrationImages image{1, [&](int64_t) { return input.data; }};
  const auto kept = [&](double layer_error) {
    return calibrate(program, weights, image, {.layer_error = layer_error, .output_error = 1}).kept;
  };
  EXPECT_EQ(kept(0), (std::vector<std::string>{"deconv", "first", "last"}));
  EXPECT_TRUE(kept(0.1).empty());
}

TEST(EngineOperations, WeightsThatAreNoNumbersAreNamedBeforeTheyArePacked) {
  const graph::Program program = wide_deconv_program();
  Weights weights = lively_weights(program, 3);
  weights.at("deconv.weight").data[7] = std::numeric_limits<float>::quiet_NaN();
  Calibration all;
  all.weights = identity_of(weights);
  for (const char* name : {"picture", "first", "deconv", "last"}) all.ranges[name] = {-1, 1};
  const PackedStore store{std::filesystem::path(testing::TempDir()) / "spinenet_nan_packed", "m", "content",
                          [] { return "content"; }};
  CompileOptions options{.precision = Precision::int8, .calibration = &all};
  for (const PackedStore* packed : {static_cast<const PackedStore*>(nullptr), &store}) {
    options.packed = packed;
    EXPECT_NE(message_of([&] { compile(program, weights, options); }).find("deconv.weight"), std::string::npos);
  }
}

// What a head of two stages is: its input is floats, which become bytes in the plan.
TEST(EngineOperations, CropsBecomeBytes) {
  const graph::Program program = parts_program(arch::Activation::relu);
  const Weights weights = lively_weights(program, 3);
  const HostTensor input = random_tensor({3, 3, 17, 21}, 5);
  const Calibration all = calibration_of(program, weights, input);
  CompileOptions options{.batch = 3, .precision = Precision::int8, .calibration = &all};
  const auto image = engine_forward(compile(program, weights, options))(input);
  options.crops = true;
  const auto plan = compile(program, weights, options);
  EXPECT_TRUE(is_float(plan->input.quantization));
  const auto crops = engine_forward(plan)(input);
  for (size_t i = 0; i < image.size(); ++i) EXPECT_EQ(crops[i].data, image[i].data) << program.outputs[i].name;
}

TEST(EngineOperations, DilatedConvolutionsOfBytesGoThroughWinograd) {
  const graph::Program program = dilated_program(arch::Activation::relu, 70);
  const Weights weights = lively_weights(program, 3);
  const HostTensor input = random_tensor({3, 3, 19, 23}, 5);
  const Calibration all = calibration_of(program, weights, input);
  const auto expected = graph::run_reference(program, weights, input);
  for (const kernels::Kernels& kernels : kernels::all_kernels()) {
    if (kernels.tiles != nullptr) continue;  // their rule takes no transforms
    const CompileOptions options{2, std::string(kernels.name), {}, 3, Precision::int8, &all};
    const auto plan = compile(program, weights, options);
    EXPECT_GE(dilated_by_winograd(*plan), 2) << kernels.name;
    const auto found = engine_forward(plan)(input);
    for (size_t i = 0; i < expected.size(); ++i) {
      EXPECT_LT(relative_error(found[i], expected[i]), 0.08) << kernels.name << " " << program.outputs[i].name;
    }
  }
}

// What only moves numbers between int8 convolutions moves bytes; what calculates with them reads floats.
TEST(EngineOperations, SlicesAndPoolsOfBytesStayBytes) {
  const graph::Program program = parts_program(arch::Activation::leaky_relu);
  const Weights weights = lively_weights(program, 3);
  const HostTensor input = random_tensor({1, 3, 17, 21}, 5);
  const Calibration all = calibration_of(program, weights, input);
  const auto plan = compile(program, weights, {.precision = Precision::int8, .calibration = &all});
  int slices = 0, pools = 0, averages = 0;
  for (const Step& step : plan->steps) {
    if (const auto* slice = std::get_if<SliceStep>(&step)) slices += is_bytes(slice->in.quantization) ? 1 : 0;
    if (const auto* pool = std::get_if<PoolStep>(&step)) pools += is_bytes(pool->in.quantization) ? 1 : 0;
    if (const auto* pool = std::get_if<AveragePoolStep>(&step)) averages += is_bytes(pool->in.quantization) ? 1 : 0;
  }
  EXPECT_GE(slices, 2);
  EXPECT_GE(pools, 1);
  EXPECT_EQ(averages, 0);
}

}  // namespace
}  // namespace spinenet::engine

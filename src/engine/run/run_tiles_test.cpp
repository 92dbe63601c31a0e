// Convolutions in matrix tiles, of every kind of window, against the reference and against each other.
#include <algorithm>

#include <gtest/gtest.h>

#include "engine/test_networks.h"

namespace spinenet::engine {
namespace {

struct Window {
  int kernel = 1, stride = 1;
  int64_t channels = 3, filters = 16;
  bool padded = true;
  int dilation = 1;
};

std::vector<Window> windows() {
  std::vector<Window> found;
  for (const int kernel : {1, 2, 3, 5, 7}) {
    for (const int stride : {1, 2, 3}) {
      for (const int64_t channels : {3, 16, 40}) {
        for (const bool padded : {true, false}) found.push_back({kernel, stride, channels, 20, padded});
      }
    }
  }
  found.push_back({3, 1, 64, 36});
  found.push_back({3, 2, 70, 96});
  found.push_back({1, 1, 128, 7});
  found.push_back({1, 1, 3, 80});
  found.push_back({9, 1, 3, 20});
  found.push_back({7, 1, 64, 96, false});
  for (const int dilation : {2, 3}) {
    for (const int stride : {1, 2, 3}) {
      for (const int64_t channels : {16, 40}) {
        for (const bool padded : {true, false}) found.push_back({3, stride, channels, 20, padded, dilation});
      }
    }
    found.push_back({3, 1, 64, 36, true, dilation});
    found.push_back({5, 1, 16, 36, true, dilation});
  }
  return found;
}

// The window over a picture or over what a 1x1 convolution makes of it, with a residual where that has its shape.
graph::Program program_of(const Window& w) {
  const int64_t width = w.stride == 1 && w.kernel % 2 == 1 ? 21 : 17;  // others pad a rectangle's sides differently
  graph::Builder b({3, 17, width},
                   {.activation = arch::Activation::relu, .padding = arch::Padding::same, .batch_norm = {}});
  graph::ValueId in = b.input();
  if (w.channels != 3) {
    in = b.activate(b.conv(in, {.filters = w.channels, .kernel = 1, .bias = true}, "before"), "a");
  }
  const graph::ValueId found = b.conv(in,
                                      {.filters = w.filters,
                                       .kernel = w.kernel,
                                       .stride = w.stride,
                                       .bias = true,
                                       .padded = w.padded,
                                       .dilation = w.dilation},
                                      "window");
  b.output("window", b.activate(found, "a1"));
  if (w.stride == 1 && w.padded && w.channels != 3) {
    const graph::ValueId again =
        b.conv(found, {.filters = w.channels, .kernel = w.kernel, .bias = true, .dilation = w.dilation}, "again");
    b.output("sum", b.activate(b.add({in, again}, "residual"), "a2"));
  }
  return b.finish();
}

std::string text_of(const Window& w) {
  return std::to_string(w.kernel) + "x" + std::to_string(w.kernel) + " stride " + std::to_string(w.stride) + " of " +
         std::to_string(w.channels) + " to " + std::to_string(w.filters) + (w.padded ? "" : ", not padded") +
         " dilation " + std::to_string(w.dilation);
}

std::vector<std::string> instructions_with_tiles() {
  std::vector<std::string> names;
  for (const kernels::Kernels& kernels : kernels::all_kernels()) {
    if (kernels.tiles != nullptr) names.emplace_back(kernels.name);
  }
  return names;
}

int count_of_tiles(const CompiledPlan& plan) {
  return static_cast<int>(std::count_if(plan.steps.begin(), plan.steps.end(), [](const Step& step) {
    const ConvStep* conv = as_convolution(step);
    return conv != nullptr && multiplies_tiles(conv->choice.algorithm);
  }));
}

TEST(Tiles, OfBf16AreNearTheReferenceForEveryWindow) {
  const std::vector<std::string> all = instructions_with_tiles();
  if (all.empty()) GTEST_SKIP() << "panels of fewer columns than a tile";
  for (const Window& window : windows()) {
    const graph::Program program = program_of(window);
    const Weights weights = lively_weights(program, 3);
    const HostTensor input = random_tensor({2, 3, 17, program.values.front().width}, 5);
    const auto expected = graph::run_reference(program, weights, input);
    for (const std::string& name : all) {
      const auto plan =
          compile(program, weights, {.threads = 2, .instructions = name, .batch = 2, .precision = Precision::bf16});
      EXPECT_GT(count_of_tiles(*plan), 0) << text_of(window);
      const auto found = engine_forward(plan)(input);
      for (size_t i = 0; i < expected.size(); ++i) {
        EXPECT_LT(relative_error(found[i], expected[i]), 0.02) << name << ": " << text_of(window);
      }
    }
  }
}

// Sums of bytes are exact, so tiles give the bits of the vector kernels.
TEST(Tiles, OfInt8GiveTheBitsOfVectorsForEveryWindow) {
  for (const Window& window : windows()) {
    const graph::Program program = program_of(window);
    const Weights weights = lively_weights(program, 3);
    const HostTensor input = random_tensor({1, 3, 17, program.values.front().width}, 5);
    const Calibration all = calibrate(program, weights, only(input), {.layer_error = 1, .output_error = 1});
    for (const std::string& name : instructions_with_tiles()) {
      // Those whose vectors do all else.
      CompileOptions options{.threads = 2,
                             .instructions = name == "amx" ? "avx512_vnni" : "avx2",
                             .skip = {"winograd"},
                             .precision = Precision::int8,
                             .calibration = &all};
      const auto expected = engine_forward(compile(program, weights, options))(input);
      options.instructions = name;
      const auto plan = compile(program, weights, options);
      EXPECT_GT(count_of_tiles(*plan), 0) << text_of(window);
      const auto found = engine_forward(plan)(input);
      for (size_t i = 0; i < expected.size(); ++i) {
        EXPECT_EQ(found[i].data, expected[i].data) << name << ": " << text_of(window);
      }
    }
  }
}

// Rows that are read in place, of a map that is the last in memory: no tile reads beyond it.
TEST(Tiles, ReadNothingBehindTheLastMap) {
  graph::Builder b({3, 17, 21},
                   {.activation = arch::Activation::relu, .padding = arch::Padding::same, .batch_norm = {}});
  graph::ValueId x = b.activate(b.conv(b.input(), {.filters = 64, .kernel = 1, .bias = true}, "a"), "a1");
  x = b.activate(b.conv(x, {.filters = 64, .kernel = 1, .bias = true}, "b"), "a2");
  b.output("out", b.conv(x, {.filters = 16, .kernel = 1, .bias = true}, "c"));
  const graph::Program program = b.finish();
  for (const std::string& name : instructions_with_tiles()) {
    EXPECT_LT(error_of(program, {.instructions = name, .precision = Precision::bf16}), 0.02) << name;
  }
}

// However the lines are cut, and by however many threads.
TEST(Tiles, GiveTheSameBitsWithAnyCut) {
  const graph::Program program = program_of({3, 1, 40, 96});
  const Weights weights = lively_weights(program, 3);
  const HostTensor input = random_tensor({3, 3, 17, 21}, 5);
  for (const std::string& name : instructions_with_tiles()) {
    CompileOptions options{.threads = 1, .instructions = name, .batch = 3, .precision = Precision::bf16};
    const auto one = engine_forward(compile(program, weights, options))(input);
    for (const int threads : {2, 3, 8}) {
      options.threads = threads;
      const auto many = engine_forward(compile(program, weights, options))(input);
      for (size_t i = 0; i < one.size(); ++i) EXPECT_EQ(one[i].data, many[i].data) << name << " " << threads;
    }
    options.batch = 1;
    const auto single = engine_forward(compile(program, weights, options))(input);
    for (size_t i = 0; i < one.size(); ++i) EXPECT_EQ(one[i].data, single[i].data) << name;
  }
}

}  // namespace
}  // namespace spinenet::engine

#include "graph/verify.h"

#include <functional>

#include <gtest/gtest.h>

#include "arch/families.h"
#include "arch/task.h"
#include "base/error.h"
#include "graph/builder.h"
#include "graph/lower.h"

namespace spinenet::graph {
namespace {

// Values 0..4: image, convolution, batch norm, activation, sum of the last two. Then 5..8: largest of each channel,
// the sum scaled by it, twice as large, and the mean of two equal ones.
Program small_program() {
  Builder b({3, 8, 8}, {});
  const ValueId conv = b.conv(b.input(), {.filters = 4, .kernel = 3, .bias = true}, "conv");
  const ValueId norm = b.batch_norm(conv, "norm");
  const ValueId act = b.activate(norm, "act");
  const ValueId sum = b.add({norm, act}, "sum");
  b.output("y", sum);
  const ValueId scaled = b.scale(sum, b.global_pool(sum, PoolKind::maximum, "largest"), "scaled");
  const ValueId twice = b.deconv(scaled, 2, true, "twice");
  b.output("z", b.mean({twice, twice}, "mean"));
  return b.finish();
}

struct BrokenProgram {
  const char* name;
  std::function<void(Program&)> edit;
  std::string message;
};

std::vector<BrokenProgram> broken_programs() {
  return {
      {"NoInput", [](Program& p) { p.values.clear(); }, "program: has no input"},
      {"SameOpName", [](Program& p) { p.ops[1].name = "conv"; }, "operation conv: is the second of this name"},
      {"OpWithoutInput", [](Program& p) { p.ops[2].inputs.clear(); }, "operation act: has no input"},
      {"ReadBeforeWritten", [](Program& p) { p.ops[1].inputs = {3}; }, "norm: reads value 3 before it is written"},
      {"ReadNowhere", [](Program& p) { p.ops[1].inputs = {99}; }, "norm: reads value 99 before it is written"},
      {"ReadNegative", [](Program& p) { p.ops[1].inputs = {-1}; }, "norm: reads value -1 before it is written"},
      {"OrderChanged", [](Program& p) { std::swap(p.ops[0], p.ops[1]); }, "norm: reads value 1 before"},
      {"TwoInputs",
       [](Program& p) {
         p.ops[2].inputs = {1, 2};
       },
       "operation act: takes one input"},
      {"WritesNowhere", [](Program& p) { p.ops[2].output = 99; }, "act: writes a value that does not exist"},
      {"WritesInput", [](Program& p) { p.ops[2].output = 0; }, "act: writes a value that does not exist"},
      {"WritesAgain", [](Program& p) { p.ops[2].output = 2; }, "act: writes value 2 again"},
      {"WrongShape", [](Program& p) { p.values[3].height = 7; }, "act: gives another shape than its value has"},
      {"WrongStride", [](Program& p) { std::get<Conv>(p.ops[0].kind).stride = 2; }, "conv: gives another shape"},
      {"WindowTooLarge",
       [](Program& p) {
         p.ops[0].kind = Conv{11, 1, 0, 0};
       },
       "conv: a window of 11 does not fit"},
      {"AddsOne", [](Program& p) { p.ops[3].inputs = {2}; }, "sum: adds fewer than two values"},
      {"AddsOtherShapes",
       [](Program& p) {
         p.ops[3].inputs = {2, 0};
       },
       "sum: adds 3x8x8 to 4x8x8"},
      {"NoSuchParameter", [](Program& p) { p.ops[0].parameters[0] = 99; }, "conv: names a parameter that does not"},
      {"ConvWithThree",
       [](Program& p) {
         p.ops[0].parameters = {0, 1, 1};
       },
       "conv: a convolution has a weight and"},
      {"ConvWithNone", [](Program& p) { p.ops[0].parameters.clear(); }, "conv: a convolution has a weight and"},
      {"WeightShape", [](Program& p) { p.parameters[0].shape[1] = 4; }, "conv: the weight has another shape"},
      {"BiasShape", [](Program& p) { p.parameters[1].shape = {5}; }, "conv: the bias has another shape"},
      {"NormWithThree", [](Program& p) { p.ops[1].parameters.pop_back(); }, "norm: a batch norm has four parameters"},
      {"NormShape", [](Program& p) { p.parameters[4].shape = {5}; }, "norm: a parameter has another shape"},
      {"ActWithParameter", [](Program& p) { p.ops[2].parameters = {0}; }, "act: has parameters but needs none"},
      {"SameParameterName", [](Program& p) { p.parameters[5].name = "norm.bias"; },
       "parameter norm.bias: is the second"},
      {"EmptyParameter",
       [](Program& p) {
         p.parameters.push_back({"x", {0}});
       },
       "parameter x: is empty"},
      {"OutputNowhere", [](Program& p) { p.outputs[0].value = 99; }, "output y: is never written"},
      {"OutputUnwritten", [](Program& p) { p.ops.pop_back(); }, "output z: is never written"},
      {"Groups", [](Program& p) { std::get<Conv>(p.ops[0].kind).groups = 3; }, "conv: has groups other than one"},
      {"DeconvWeight", [](Program& p) { std::swap(p.parameters[6].shape[0], p.parameters[6].shape[1]); },
       "twice: the weight has another shape"},
      {"ScaledByNothing", [](Program& p) { p.ops[5].inputs.pop_back(); }, "scaled: takes a map and a gate"},
      {"ScaledByAMap",
       [](Program& p) {
         p.ops[5].inputs = {4, 3};
       },
       "scaled: scales 4x8x8 by 4x8x8"},
      {"AveragesOtherShapes",
       [](Program& p) {
         p.ops[7].inputs = {7, 4};
       },
       "mean: averages 4x8x8 with 2x16x16"},
      {"AveragesOne", [](Program& p) { p.ops[7].inputs = {7}; }, "mean: averages fewer than two values"},
  };
}

class Verifier : public testing::TestWithParam<BrokenProgram> {};

TEST_P(Verifier, NamesWhatIsBroken) {
  Program program = small_program();
  ASSERT_NO_THROW(verify(program));
  GetParam().edit(program);
  try {
    verify(program);
    FAIL() << "was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::bad_data);
    EXPECT_NE(std::string(error.what()).find(GetParam().message), std::string::npos) << error.what();
  }
}

INSTANTIATE_TEST_SUITE_P(Programs, Verifier, testing::ValuesIn(broken_programs()),
                         [](const auto& broken) { return broken.param.name; });

TEST(Verify, AcceptsEveryLowering) {
  for (const std::string& name : arch::architecture_names()) {
    for (const arch::Padding padding : {arch::Padding::same, arch::Padding::symmetric}) {
      arch::Architecture a = arch::named_architecture(name);
      a.padding = padding;
      EXPECT_NO_THROW(verify(lower_classifier(a, {.height = 128, .width = 256}))) << name;
      if (!arch::can_do(a, arch::Task::detect)) continue;
      EXPECT_NO_THROW(verify(lower_detector(a, {.height = 128, .width = 256}))) << name;
    }
  }
}

TEST(BuilderTest, RefusesAParameterOfTwoShapes) {
  Builder b({3, 8, 8}, {});
  const ValueId x = b.conv(b.input(), {.filters = 4, .kernel = 3}, "first", "shared");
  try {
    b.conv(x, {.filters = 4, .kernel = 3}, "second", "shared");
    FAIL() << "was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()), "parameter shared.weight: is shared by operations that need different shapes");
  }
}

TEST(BuilderTest, RefusesASumOfOtherShapes) {
  Builder b({3, 8, 8}, {});
  const ValueId x = b.max_pool(b.input(), 3, 2, "pool");
  EXPECT_THROW(b.add({x, b.input()}, "sum"), Error);
  EXPECT_THROW(b.add({x}, "sum"), Error);
}

TEST(BuilderTest, RefusesToConcatenateMapsOfOtherSizes) {
  Builder b({3, 8, 8}, {});
  const ValueId x = b.max_pool(b.input(), 3, 2, "pool");
  const auto message_of = [&](const std::vector<ValueId>& values) -> std::string {
    try {
      b.concat(values, "join");
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(message_of({b.input(), x}), "operation join: concatenates a map of 4x4 with one of 8x8");
  EXPECT_EQ(message_of({x}), "operation join: concatenates fewer than two values");
}

TEST(BuilderTest, RefusesWindowsAndSlicesThatDoNotFit) {
  Builder b({3, 8, 8}, {});
  const auto message_of = [](const auto& call) -> std::string {
    try {
      call();
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(message_of([&] { b.slice(b.input(), 1, 3, "s"); }),
            "operation s: takes 3 channels from channel 1 on of a value of 3");
  EXPECT_EQ(message_of([&] { b.slice(b.input(), -1, 2, "s"); }),
            "operation s: takes 2 channels from channel -1 on of a value of 3");
  EXPECT_EQ(message_of([&] { b.slice(b.input(), 0, 0, "s"); }),
            "operation s: takes 0 channels from channel 0 on of a value of 3");
  EXPECT_EQ(message_of([&] { b.average_pool(b.input(), 9, 1, "a"); }),
            "operation a: a window of 9 does not fit a map of 8");
  EXPECT_EQ(message_of([&] { b.bilinear_upsample(b.input(), 0, "u"); }), "operation u: upsamples by 0");
  EXPECT_EQ(message_of([&] { b.conv(b.input(), {.filters = 1, .kernel = 3, .padded = false, .dilation = 4}, "c"); }),
            "operation c: a window of 9 does not fit a map of 8");
  EXPECT_EQ(message_of([&] { b.conv(b.input(), {.filters = 1, .kernel = 3, .dilation = 0}, "c"); }),
            "operation c: has a dilation of 0");
}

TEST(Verify, NamesWhatIsBrokenInASlice) {
  Builder b({3, 8, 8}, {});
  b.output("y", b.slice(b.input(), 1, 2, "part"));
  Program program = b.finish();
  std::get<Slice>(program.ops.back().kind).first = 2;
  EXPECT_THROW(verify(program), Error);
  std::get<Slice>(program.ops.back().kind).first = 0;
  EXPECT_NO_THROW(verify(program));
  std::get<Slice>(program.ops.back().kind).count = 1;
  EXPECT_THROW(verify(program), Error);
}

TEST(Verify, NamesWhatIsBrokenInAConcatenation) {
  Builder b({3, 8, 8}, {});
  b.output("y", b.concat({b.input(), b.conv(b.input(), {.filters = 2}, "conv")}, "join"));
  const Program program = b.finish();
  EXPECT_EQ(program.values.back(), (Shape{5, 8, 8}));
  const auto message_of = [&](const std::function<void(Program&)>& edit) -> std::string {
    Program broken = program;
    edit(broken);
    try {
      verify(broken);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(message_of([](Program& p) { p.values.back().channels = 6; }),
            "operation join: gives another shape than its value has");
  EXPECT_EQ(message_of([](Program& p) { p.ops.back().parameters = {0}; }),
            "operation join: has parameters but needs none");
  EXPECT_EQ(message_of([](Program& p) { p.ops.back().inputs = {0}; }),
            "operation join: concatenates fewer than two values");
}

}  // namespace
}  // namespace spinenet::graph

#include "formats/onnx/interpreter/run.h"

#include <functional>

#include <gtest/gtest.h>

#include "base/error.h"
#include "formats/onnx/graph.h"

namespace spinenet::formats {
namespace {

using Ints = std::vector<int64_t>;
using Floats = std::vector<float>;

OnnxTensor floats(Ints shape, Floats values) {
  return {OnnxType::f32, std::move(shape), std::move(values), {}};
}

OnnxTensor ints(Ints shape, Ints values) {
  return {OnnxType::i64, std::move(shape), {}, std::move(values)};
}

// The value "y" of a graph.
OnnxTensor run(const std::function<void(OnnxGraph&)>& build, const OnnxValues& given = {}) {
  OnnxGraph graph;
  build(graph);
  const std::vector<std::string> wanted{"y"};
  return run_onnx(graph.finish(), given, wanted, 2).at("y");
}

std::string refusal(const std::function<void(OnnxGraph&)>& build, const OnnxValues& given = {}) {
  try {
    run(build, given);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::bad_data) << error.what();
    return error.what();
  }
  return "";
}

TEST(OnnxRun, OfEqualValuesTheLowerIndexIsFirst) {
  const OnnxValues given{{"x", floats({2, 4}, {1, 3, 3, 2, 0, 0, 0, 5})}};
  const auto top = [](bool indices) {
    return [indices](OnnxGraph& g) {
      const auto [values, at] = g.top_k("top", "x", g.numbers("k", {3}));
      g.node("Identity", "y", {indices ? at : values});
    };
  };
  EXPECT_EQ(run(top(false), given), floats({2, 3}, {3, 3, 2, 5, 0, 0}));
  EXPECT_EQ(run(top(true), given), ints({2, 3}, {1, 2, 3, 3, 0, 1}));
}

// Any two opposite corners; each class on its own; only scores above the threshold.
TEST(OnnxRun, SuppressesWithinAClass) {
  const OnnxValues given{
      {"boxes", floats({1, 4, 4}, {0, 0, 10, 10, 10, 10, 0, 1, 20, 20, 30, 30, 0, 0, 1, 1})},
      {"scores", floats({1, 2, 4}, {0.5F, 0.9F, 0.7F, 0.1F, 0.6F, 0, 0, 0.2F})},
  };
  const auto build = [](OnnxGraph& g) {
    g.node("NonMaxSuppression", "y",
           {"boxes", "scores", g.numbers("most", {2}), g.constant("iou", floats({1}, {0.5F})),
            g.constant("least", floats({1}, {0.1F}))});
  };
  EXPECT_EQ(run(build, given), ints({4, 3}, {0, 0, 1, 0, 0, 2, 0, 1, 0, 0, 1, 3}));
}

// A ramp along x, read by regions at half a cell off: its bins are means of the ramp, cut at the border; a point
// farther than a cell out is 0.
TEST(OnnxRun, ReadsRegionsBetweenCells) {
  OnnxValues given{{"x", floats({1, 1, 4, 4}, Floats(16))},
                   {"regions", floats({3, 4}, {2, 2, 6, 6, 0, 0, 8, 8, 32, 0, 40, 8})},
                   {"images", ints({3}, {0, 0, 0})}};
  for (size_t i = 0; i < 16; ++i) given.at("x").floats[i] = static_cast<float>(i % 4);
  const auto build = [](OnnxGraph& g) {
    g.node("RoiAlign", "y", {"x", "regions", "images"},
           {{"output_height", int64_t{1}},
            {"output_width", int64_t{2}},
            {"sampling_ratio", int64_t{2}},
            {"spatial_scale", 0.5F},
            {"coordinate_transformation_mode", std::string("half_pixel")}});
  };
  EXPECT_EQ(run(build, given), floats({3, 1, 1, 2}, {1, 2, 0.5F, 2.5F, 0, 0}));
  given.at("images").ints[1] = 1;
  EXPECT_EQ(refusal(build, given), "ONNX node y (RoiAlign): has no such image");
}

TEST(OnnxRun, ResizesLinearlyAndAveragesWindows) {
  const OnnxValues given{{"x", floats({1, 1, 1, 2}, {0, 8})}, {"m", floats({1, 1, 2, 3}, {1, 2, 3, 4, 5, 6})}};
  const auto resize = [](OnnxGraph& g) {
    g.node("Resize", "y", {"x", "", g.constant("by", floats({4}, {1, 1, 1, 2}))},
           {{"mode", std::string("linear")}, {"coordinate_transformation_mode", std::string("half_pixel")}});
  };
  EXPECT_EQ(run(resize, given), floats({1, 1, 1, 4}, {0, 2, 6, 8}));
  const auto average = [](Ints pads) {
    return [pads](OnnxGraph& g) {
      g.node("AveragePool", "y", {"m"}, {{"kernel_shape", Ints{2, 2}}, {"strides", Ints{2, 2}}, {"pads", pads}});
    };
  };
  EXPECT_EQ(run(average({0, 0, 0, 0}), given), floats({1, 1, 1, 1}, {3}));
  EXPECT_EQ(refusal(average({0, 0, 0, 1}), given), "ONNX node y (AveragePool): is padded");
  const auto dilated = [](OnnxGraph& g) {
    g.node("MaxPool", "y", {"m"}, {{"kernel_shape", Ints{2, 2}}, {"dilations", Ints{1, 2}}});
  };
  EXPECT_EQ(refusal(dilated, given), "ONNX node y (MaxPool): has a dilation, which this program does not write here");
}

TEST(OnnxRun, DilatesConvolutions) {
  const OnnxValues given{{"x", floats({1, 1, 1, 5}, {1, 2, 3, 4, 5})}, {"w", floats({1, 1, 1, 3}, {1, 10, 100})}};
  const auto conv = [](int64_t dilation) {
    return [dilation](OnnxGraph& g) {
      g.node("Conv", "y", {"x", "w"},
             {{"kernel_shape", Ints{1, 3}}, {"dilations", Ints{1, dilation}}, {"pads", Ints{0, 2, 0, 2}}});
    };
  };
  EXPECT_EQ(run(conv(2), given), floats({1, 1, 1, 5}, {310, 420, 531, 42, 53}));
  EXPECT_EQ(refusal(conv(0), given), "ONNX node y (Conv): has a dilation below 1");
}

TEST(OnnxRun, CutsAndLeaks) {
  const OnnxValues given{{"x", floats({4}, {-2, 0, 5, 9})}};
  const auto leaky = [](OnnxGraph& g) { g.node("LeakyRelu", "y", {"x"}, {{"alpha", 0.5F}}); };
  EXPECT_EQ(run(leaky, given), floats({4}, {-1, 0, 5, 9}));
  const auto clip = [](OnnxGraph& g) { g.node("Clip", "y", {"x", g.number("least", 0), g.number("most", 6)}); };
  EXPECT_EQ(run(clip, given), floats({4}, {0, 0, 5, 6}));
}

TEST(OnnxRun, FindsAndGathersRows) {
  const OnnxValues given{{"x", floats({2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8})},
                         {"at", ints({3, 2}, {1, 0, 0, 1, 1, 0})},
                         {"is", {OnnxType::boolean, {4}, {}, {0, 1, 0, 1}}}};
  const auto rows = [](OnnxGraph& g) { g.node("GatherND", "y", {"x", "at"}); };
  EXPECT_EQ(run(rows, given), floats({3, 2}, {5, 6, 3, 4, 5, 6}));
  EXPECT_EQ(run([](OnnxGraph& g) { g.node("NonZero", "y", {"is"}); }, given), ints({1, 2}, {1, 3}));
  const auto most = [](OnnxGraph& g) { g.node("Max", "y", {"x", g.number("least", 6)}); };
  EXPECT_EQ(run(most, given), floats({2, 2, 2}, {6, 6, 6, 6, 6, 6, 7, 8}));
}

TEST(OnnxRun, MovesElements) {
  const OnnxValues given{{"x", ints({2, 3}, {1, 2, 3, 4, 5, 6})}};
  EXPECT_EQ(run([](OnnxGraph& g) { g.transpose("y", "x", {1, 0}); }, given), ints({3, 2}, {1, 4, 2, 5, 3, 6}));
  EXPECT_EQ(run([](OnnxGraph& g) { g.reshape("y", "x", {-1, 2, 1}); }, given), ints({3, 2, 1}, {1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(run([](OnnxGraph& g) { g.concat("y", {"x", "x"}, 0); }, given).shape, (Ints{4, 3}));
  EXPECT_EQ(run(
                [](OnnxGraph& g) {
                  g.concat("y", {"x", "x"}, 1);
                },
                given),
            ints({2, 6}, {1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6}));
  EXPECT_EQ(run([](OnnxGraph& g) { g.gather("y", "x", {2, -3}, 1); }, given), ints({2, 2}, {3, 1, 6, 4}));
  const auto slice = [](OnnxGraph& g) {
    g.node("Slice", "y", {"x", g.numbers("from", {1, 0}), g.numbers("to", {2, 2}), g.numbers("axes", {0, 1})});
  };
  EXPECT_EQ(run(slice, given), ints({1, 2}, {4, 5}));
  const auto range = [](OnnxGraph& g) {
    g.node("Range", "y",
           {g.constant("from", ints({}, {5})), g.constant("to", ints({}, {0})), g.constant("by", ints({}, {-2}))});
  };
  EXPECT_EQ(run(range), ints({3}, {5, 3, 1}));
}

TEST(OnnxRun, Broadcasts) {
  const OnnxValues given{{"a", floats({2, 1}, {1, 2})}, {"b", floats({3}, {10, 20, 30})}};
  EXPECT_EQ(run([](OnnxGraph& g) { g.node("Add", "y", {"a", "b"}); }, given), floats({2, 3}, {11, 21, 31, 12, 22, 32}));
}

TEST(OnnxRun, ComputesOnlyWhatIsWanted) {
  const auto build = [](OnnxGraph& g) {
    g.node("NoSuchOperator", "x", {"image"});
    g.node("Relu", "y", {"x"});
  };
  EXPECT_EQ(run(build, {{"x", floats({2}, {-1, 2})}}), floats({2}, {0, 2}));
}

TEST(OnnxRun, NamesTheNodeThatDoesNotFit) {
  const OnnxValues given{{"x", floats({1, 2, 3, 3}, Floats(18))}, {"n", ints({2}, {0, 7})}};
  const std::vector<std::pair<std::function<void(OnnxGraph&)>, std::string>> cases{
      {[](OnnxGraph& g) { g.node("Loop", "y", {"x"}); },
       "ONNX node y (Loop): is an operator that this program does not write"},
      {[](OnnxGraph& g) { g.node("Relu", "y", {"z"}); }, "ONNX graph: nothing gives the value \"z\""},
      {[](OnnxGraph& g) { g.node("Relu", "y", {}); }, "ONNX node y (Relu): lacks an input"},
      {[](OnnxGraph& g) { g.node("Relu", "y", {"n"}); }, "ONNX node y (Relu): has an input that is not float32"},
      {[](OnnxGraph& g) {
         g.node("Add", "y", {"x", "n"});
       },
       "ONNX node y (Add): needs two inputs of one type"},
      {[](OnnxGraph& g) {
         g.node("Div", "y", {"n", "n"});
       },
       "ONNX node y (Div): divides an integer by 0"},
      {[](OnnxGraph& g) {
         g.transpose("y", "x", {0, 1, 2, 2});
       },
       "ONNX node y (Transpose): is no order of axes"},
      {[](OnnxGraph& g) {
         g.reshape("y", "x", {5, -1});
       },
       "ONNX node y (Reshape): has another number of elements than its shape"},
      {[](OnnxGraph& g) { g.gather("y", "n", {2}, 0); }, "ONNX node y (Gather): has an index beyond its input"},
      {[](OnnxGraph& g) {
         g.node("MaxPool", "y", {"x"}, {{"kernel_shape", Ints{9, 9}}});
       },
       "ONNX node y (MaxPool): has a window larger than its input"},
      {[](OnnxGraph& g) {
         g.node("MaxPool", "y", {"x"}, {{"kernel_shape", int64_t{3}}});
       },
       "ONNX node y (MaxPool): the attribute kernel_shape has another type"},
      {[](OnnxGraph& g) {
         g.node("Conv", "y", {"x", g.constant("w", floats({1, 3, 1, 1}, Floats(3)))}, {{"kernel_shape", Ints{1, 1}}});
       },
       "ONNX node y (Conv): has a weight for other channels"},
  };
  for (const auto& [build, message] : cases) EXPECT_EQ(refusal(build, given), message);
}

}  // namespace
}  // namespace spinenet::formats

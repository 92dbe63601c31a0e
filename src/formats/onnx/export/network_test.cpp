#include "formats/onnx/export/network.h"

#include <cmath>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/random.h"
#include "formats/onnx/interpreter/run.h"
#include "graph/builder.h"
#include "graph/every_operation.h"
#include "graph/reference.h"
#include "graph/weights.h"

namespace spinenet::formats {
namespace {

HostTensor noise(std::vector<int64_t> shape, uint64_t seed) {
  HostTensor x = make_tensor(std::move(shape));
  Random random(seed);
  for (float& value : x.data) value = static_cast<float>(random.normal());
  return x;
}

// Weights, biases and running statistics all different from 0 and 1.
Weights random_weights(const graph::Program& program) {
  Weights weights;
  for (const graph::Parameter& parameter : program.parameters) {
    HostTensor x = noise({parameter.shape.begin(), parameter.shape.end()}, Random::hash(parameter.name));
    if (parameter.role == graph::ParameterRole::running_var) {
      for (float& value : x.data) value = 0.5F + std::abs(value);
    }
    weights[parameter.name] = std::move(x);
  }
  return weights;
}

// Largest difference between the program and its nodes, over the largest value.
double error_of(const graph::Program& program, const HostTensor& image, const Weights& weights) {
  OnnxGraph graph;
  add_network(graph, program, weights, "image");
  graph.input({"image", OnnxType::f32, {}});
  const OnnxFile file = graph.finish();
  std::vector<std::string> names;
  for (const graph::Output& output : program.outputs) names.push_back(output.name);
  const OnnxValues found = run_onnx(file, {{"image", {OnnxType::f32, image.shape, image.data, {}}}}, names, 2);
  const std::vector<HostTensor> expected = graph::run_reference(program, weights, image);
  double difference = 0, magnitude = 0;
  for (size_t i = 0; i < names.size(); ++i) {
    const OnnxTensor& y = found.at(names[i]);
    EXPECT_EQ(y.shape, expected[i].shape) << names[i];
    if (y.shape != expected[i].shape) continue;
    for (size_t k = 0; k < y.floats.size(); ++k) {
      difference = std::max(difference, static_cast<double>(std::abs(y.floats[k] - expected[i].data[k])));
      magnitude = std::max(magnitude, static_cast<double>(std::abs(expected[i].data[k])));
    }
  }
  EXPECT_GT(magnitude, 0);
  return difference / magnitude;
}

double error_of(const graph::Program& program) {
  const graph::Shape& s = program.values.front();
  return error_of(program, noise({2, s.channels, s.height, s.width}, 3), random_weights(program));
}

TEST(OnnxNetwork, ConvolutionsOfEveryKind) {
  for (const arch::Padding padding : {arch::Padding::symmetric, arch::Padding::same}) {
    for (const int kernel : {1, 3, 7}) {
      for (const int stride : {1, 2}) {
        for (const int groups : {1, 6}) {
          graph::Builder b({6, 12, 10}, {arch::Activation::relu, padding, {}});
          graph::Builder::ConvOptions options;
          options.filters = groups == 1 ? 12 : 6;
          options.kernel = kernel;
          options.stride = stride;
          options.bias = kernel == 3;
          options.groups = groups;
          b.output("y", b.conv(b.input(), options, "conv"));
          EXPECT_LT(error_of(b.finish()), 1e-6) << kernel << " " << stride << " " << groups;
        }
      }
    }
  }
}

TEST(OnnxNetwork, DenseLayersAndDeconvolution) {
  graph::Builder b({5, 7, 7}, {});
  graph::Builder::ConvOptions dense;
  dense.filters = 4;
  dense.kernel = 7;
  dense.padded = false;
  b.output("dense", b.conv(b.input(), dense, "dense.conv"));
  b.output("up", b.deconv(b.input(), 3, true, "up.conv"));
  b.output("up_plain", b.deconv(b.input(), 2, false, "up_plain.conv"));
  EXPECT_LT(error_of(b.finish()), 1e-6);
}

TEST(OnnxNetwork, NormsActivationsAndGates) {
  for (const arch::Activation activation : values_of<arch::Activation>()) {
    graph::Builder b({4, 6, 8}, {activation, arch::Padding::same, {}});
    graph::ValueId x = b.activate(b.batch_norm(b.input(), "norm"), "act");
    b.output("average", b.global_pool(x, graph::PoolKind::average, "pool.average"));
    b.output("maximum", b.global_pool(x, graph::PoolKind::maximum, "pool.maximum"));
    const graph::ValueId gate = b.sigmoid(b.global_pool(b.input(), graph::PoolKind::average, "pool"), true, "gate");
    x = b.scale(x, gate, "scaled");
    b.output("scaled", x);
    b.output("soft", b.sigmoid(x, false, "soft.sigmoid"));
    EXPECT_LT(error_of(b.finish()), 1e-6) << name_of(activation);
  }
}

TEST(OnnxNetwork, PoolsResizesAndSums) {
  graph::Builder b({3, 32, 16}, {arch::Activation::relu, arch::Padding::same, {}});
  const graph::ValueId small = b.max_pool(b.input(), 3, 2, "pool"), large = b.max_pool(b.input(), 5, 8, "pool5");
  const graph::ValueId up = b.upsample(large, 4, "up");
  b.output("small", small);
  b.output("sum", b.add({small, up, small}, "add"));
  b.output("mean", b.mean({up, small, up, small}, "mean_of"));
  EXPECT_LT(error_of(b.finish()), 1e-6);
}

TEST(OnnxNetwork, EveryOperation) {
  for (const arch::Activation activation : values_of<arch::Activation>()) {
    EXPECT_LT(error_of(graph::every_operation(activation)), 1e-6) << name_of(activation);
  }
}

// Two outputs of one value, an output that is the input, and an operation without effect.
TEST(OnnxNetwork, OutputsThatAreOneValue) {
  graph::Builder b({2, 4, 4}, {});
  const graph::ValueId x = b.drop_path(b.activate(b.input(), "act"), 0.5, "drop");
  b.output("one", x);
  b.output("other", x);
  b.output("same", b.input());
  EXPECT_EQ(error_of(b.finish()), 0);
}

TEST(OnnxNetwork, RefusesWeightsThatDoNotFit) {
  graph::Builder b({2, 4, 4}, {});
  b.output("y", b.conv(b.input(), {.filters = 3}, "conv"));
  OnnxGraph graph;
  try {
    add_network(graph, b.finish(), {}, "image");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::bad_data);
    EXPECT_TRUE(std::string_view(error.what()).starts_with("export: the weights do not fit the network"))
        << error.what();
  }
}

}  // namespace
}  // namespace spinenet::formats

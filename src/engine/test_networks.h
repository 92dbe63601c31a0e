// Networks, weights and images for the tests of the engine, and how far what it computes is from the reference.
//
// Thread contract: pure functions.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "arch/families.h"
#include "base/error.h"
#include "base/random.h"
#include "engine/compile/compile.h"
#include "engine/quantize/calibrate.h"
#include "engine/run/session.h"
#include "graph/builder.h"
#include "graph/reference.h"
#include "graph/weights.h"

namespace spinenet::engine {

inline HostTensor random_tensor(std::vector<int64_t> shape, uint64_t seed) {
  HostTensor t = make_tensor(std::move(shape));
  Random random(seed);
  for (float& x : t.data) x = static_cast<float>(random.uniform(-1, 1));
  return t;
}

// Nothing zero, nothing one: a batch norm that is left out shows.
inline Weights lively_weights(const graph::Program& program, uint64_t seed) {
  Weights weights = graph::initial_weights(
      program,
      {.residual_norm_weight = 1, .deeper_norm_weight = 1, .merge_identity = false, .predictor_deviation = 0.1}, seed);
  for (const graph::Parameter& parameter : program.parameters) {
    Random random(seed++);
    for (float& x : weights[parameter.name].data) {
      if (parameter.role == graph::ParameterRole::running_var) x = static_cast<float>(random.uniform(0.5, 2));
      if (parameter.role == graph::ParameterRole::running_mean || parameter.role == graph::ParameterRole::norm_bias ||
          parameter.role == graph::ParameterRole::merge_norm_bias || parameter.role == graph::ParameterRole::bias ||
          parameter.role == graph::ParameterRole::yolo_bias) {
        x = static_cast<float>(random.uniform(-0.3, 0.3));
      }
    }
  }
  return weights;
}

// Largest difference over the largest value.
inline double relative_error(const HostTensor& found, const HostTensor& expected) {
  EXPECT_EQ(found.shape, expected.shape);
  double difference = 0, largest = 1e-30;
  for (size_t i = 0; i < expected.data.size(); ++i) {
    difference = std::max(difference, std::abs(static_cast<double>(found.data[i]) - expected.data[i]));
    largest = std::max(largest, std::abs(static_cast<double>(expected.data[i])));
    if (!std::isfinite(found.data[i])) return HUGE_VAL;
  }
  return difference / largest;
}

inline double error_of(const graph::Program& program, const CompileOptions& options, int64_t images = 1) {
  const Weights weights = lively_weights(program, 3);
  const graph::Shape& s = program.values.front();
  const HostTensor input = random_tensor({images, s.channels, s.height, s.width}, 5);
  const auto expected = graph::run_reference(program, weights, input);
  const auto found = engine_forward(compile(program, weights, options))(input);
  EXPECT_EQ(found.size(), expected.size());
  double worst = 0;
  for (size_t i = 0; i < expected.size(); ++i) worst = std::max(worst, relative_error(found[i], expected[i]));
  return worst;
}

inline arch::Architecture slim(const std::string& name) {
  arch::Architecture a = arch::named_architecture(name);
  a.scaling.filter_size_scale = 0.15;
  a.scaling.endpoints_num_filters = 24;
  a.scaling.stem_filters = 8;
  a.head.filters = 20;
  a.head.convs = 2;
  return a;
}

// Every kind of operation, with odd sizes, and what fusions must not do: values that are read twice.
inline graph::Program mixed_program(arch::Activation activation) {
  graph::Builder b({3, 20, 24}, {.activation = activation, .padding = arch::Padding::same, .batch_norm = {}});
  graph::ValueId stem =
      b.activate(b.batch_norm(b.conv(b.input(), {.filters = 20, .kernel = 7, .stride = 2}, "stem"), "bn"), "a");
  graph::ValueId wide = b.conv(stem, {.filters = 40, .kernel = 3, .bias = true}, "wide");
  graph::ValueId deep = b.batch_norm(b.conv(b.activate(wide, "a1"), {.filters = 20, .kernel = 3}, "deep"), "bn1");
  graph::ValueId sum = b.activate(b.add({stem, deep}, "residual"), "a2");
  graph::ValueId half = b.max_pool(b.conv(sum, {.filters = 17, .kernel = 3, .stride = 1}, "c3"), 3, 2, "pool");
  graph::ValueId up = b.batch_norm(b.conv(b.upsample(half, 2, "up"), {.filters = 20}, "expand"), "bn2");
  graph::ValueId merged = b.activate(b.add({up, sum, deep}, "merge"), "a3");
  graph::ValueId merged2 = b.add({b.conv(merged, {.filters = 17}, "lateral"), b.upsample(half, 2, "up2")}, "merge2");
  graph::ValueId down = b.conv(merged2, {.filters = 5, .kernel = 1, .stride = 2}, "down");
  graph::ValueId shared1 = b.conv(merged, {.filters = 20, .kernel = 3, .bias = true}, "s.1", "s");
  graph::ValueId shared2 = b.conv(shared1, {.filters = 20, .kernel = 3, .bias = true}, "s.2", "s");
  graph::ValueId plain = b.batch_norm(b.activate(b.input(), "a4"), "bn4");
  b.output("down", down);
  b.output("wide", wide);
  b.output("shared", b.add({shared2, shared2}, "twice"));
  b.output("plain", plain);
  b.output("picture", b.input());
  return b.finish();
}

// Convolutions wide enough for Winograd in int8. 17x18 pixels: tiles that hang over the edge; 70 and 96 channels:
// panels that are not full.
inline graph::Program wide_program() {
  graph::Builder b({3, 34, 36},
                   {.activation = arch::Activation::relu, .padding = arch::Padding::same, .batch_norm = {}});
  const graph::ValueId stem =
      b.activate(b.conv(b.input(), {.filters = 70, .kernel = 3, .stride = 2, .bias = true}, "s"), "a");
  const graph::ValueId wide = b.conv(stem, {.filters = 96, .kernel = 3, .bias = true}, "wide");
  const graph::ValueId back = b.conv(b.activate(wide, "a1"), {.filters = 70, .kernel = 3, .bias = true}, "back");
  const graph::ValueId sum = b.activate(b.add({stem, back}, "residual"), "a2");
  b.output("out", b.conv(sum, {.filters = 64, .kernel = 3, .bias = true}, "last"));
  return b.finish();
}

// Dilated windows at sizes that no tile and no phase of them divides, on residuals, of odd channels, deep ones, too.
inline graph::Program dilated_program(arch::Activation activation, int64_t channels = 24) {
  graph::Builder b({3, 19, 23}, {.activation = activation, .padding = arch::Padding::symmetric, .batch_norm = {}});
  const graph::ValueId stem = b.activate(b.conv(b.input(), {.filters = channels, .kernel = 3, .bias = true}, "s"), "a");
  graph::ValueId x = stem;
  for (const int dilation : {2, 3, 1}) {
    const std::string name = "dilated" + std::to_string(dilation);
    const graph::ValueId y =
        b.conv(x, {.filters = channels, .kernel = 3, .bias = true, .dilation = dilation}, name + ".conv");
    x = b.activate(b.add({x, b.batch_norm(y, name + ".norm")}, name + ".sum"), name + ".act");
  }
  b.output("deep", x);
  // The same weights where taps lie as far apart and where they do not.
  b.output("once", b.conv(x, {.filters = 20, .kernel = 3, .bias = true, .dilation = 2}, "one", "shared"));
  b.output("again", b.conv(stem, {.filters = 20, .kernel = 3, .bias = true, .dilation = 2}, "two", "shared"));
  b.output("other", b.conv(stem, {.filters = 20, .kernel = 3, .bias = true, .dilation = 3}, "three", "shared"));
  b.output("strided",
           b.conv(x, {.filters = 20, .kernel = 3, .stride = 2, .bias = true, .dilation = 2}, "strided.conv"));
  b.output("large", b.conv(x, {.filters = 20, .kernel = 5, .bias = true, .dilation = 2}, "large.conv"));
  b.output("inside", b.conv(x, {.filters = 20, .kernel = 3, .bias = true, .padded = false, .dilation = 5}, "in.conv"));
  b.output("image", b.conv(b.input(), {.filters = 7, .kernel = 3, .bias = true, .dilation = 2}, "image.conv"));
  b.output("depthwise",
           b.conv(x, {.filters = channels, .kernel = 3, .groups = static_cast<int>(channels), .dilation = 4},
                  "depthwise.conv"));
  return b.finish();
}

// Cross-stage parts, a pyramid of pools and what else stands between the convolutions of detectors.
inline graph::Program parts_program(arch::Activation activation) {
  graph::Builder b({3, 17, 21}, {.activation = activation, .padding = arch::Padding::same, .batch_norm = {}});
  const graph::ValueId stem = b.activate(b.conv(b.input(), {.filters = 40, .kernel = 3, .bias = true}, "s"), "a");
  const graph::ValueId part = b.slice(stem, 16, 24, "part");
  graph::ValueId x = b.activate(b.conv(part, {.filters = 24, .kernel = 3, .bias = true}, "c1"), "a1");
  x = b.activate(b.conv(b.slice(x, 5, 16, "inner"), {.filters = 24, .kernel = 3, .bias = true}, "c2"), "a2");
  const graph::ValueId joined = b.concat({stem, x}, "join");
  x = b.activate(b.conv(joined, {.filters = 24, .bias = true}, "c3"), "a3");
  x = b.concat({b.max_pool(x, 13, 1, "p13"), b.max_pool(x, 9, 1, "p9"), b.max_pool(x, 5, 1, "p5"), x}, "pyramid");
  x = b.activate(b.conv(x, {.filters = 24, .bias = true}, "c4"), "a4");
  const graph::ValueId pooled = b.conv(b.max_pool(x, 5, 1, "p"), {.filters = 20, .bias = true}, "c5");
  const graph::ValueId half = b.unpadded_max_pool(pooled, 2, 2, "half");
  b.output("half", b.conv(half, {.filters = 9, .kernel = 3, .bias = true}, "c6"));
  b.output("average", b.conv(b.average_pool(pooled, 2, 2, "average2"), {.filters = 9, .bias = true}, "c7"));
  b.output("linear", b.conv(b.bilinear_upsample(half, 2, "linear2"), {.filters = 9, .kernel = 3, .bias = true}, "c8"));
  b.output("linear_cut", b.bilinear_upsample(half, 4, 30, 37, "linear4"));
  b.output("last", b.slice(pooled, 3, 9, "last.slice"));
  return b.finish();
}

// The operations of mobile networks, masks and classifiers.
inline graph::Program mobile_program() {
  graph::Builder b({3, 18, 22},
                   {.activation = arch::Activation::hard_swish, .padding = arch::Padding::same, .batch_norm = {}});
  graph::ValueId x =
      b.activate(b.conv(b.input(), {.filters = 20, .kernel = 3, .stride = 2, .bias = true}, "stem"), "a");
  graph::ValueId deep = b.conv(x, {.filters = 20, .kernel = 5, .groups = 20}, "deep");
  deep = b.activate(b.batch_norm(deep, "bn"), "a1");
  graph::ValueId gate =
      b.conv(b.global_pool(deep, graph::PoolKind::average, "average"), {.filters = 6, .bias = true}, "reduce");
  gate = b.sigmoid(b.conv(b.activate(gate, "a2"), {.filters = 20, .bias = true}, "widen"), true, "gate");
  deep = b.scale(deep, gate, "scale");
  graph::ValueId deep2 = b.batch_norm(b.conv(deep, {.filters = 20, .kernel = 3, .groups = 20}, "deep2"), "bn2");
  graph::ValueId sum = b.add({x, deep2}, "add");
  graph::ValueId half = b.conv(sum, {.filters = 20, .kernel = 3, .stride = 2, .bias = true, .groups = 20}, "half");
  graph::ValueId mask = b.activate(b.deconv(half, 24, true, "deconv"), "a3");
  graph::ValueId mean = b.mean({x, sum, deep}, "mean");
  graph::ValueId most = b.activate(b.scale(mean, b.global_pool(mean, graph::PoolKind::maximum, "max"), "scale2"), "a4");
  b.output("mask", mask);
  b.output("soft", b.sigmoid(most, false, "soft"));
  b.output("dense", b.conv(half, {.filters = 7, .kernel = 4, .bias = true, .padded = false}, "dense"));
  return b.finish();
}

inline std::string message_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

// One image, which must outlive them.
inline CalibrationImages only(const HostTensor& input) {
  return {1, [&input](int64_t) { return input.data; }};
}

}  // namespace spinenet::engine

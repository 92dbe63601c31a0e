// The lowered SpineNet and its mobile family against the published implementations (make_backbone_oracle.py): formula
// weights in, endpoints compared number by number.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "arch/families.h"
#include "arch/text.h"
#include "base/json.h"
#include "base/random.h"
#include "graph/lower.h"
#include "graph/reference.h"

namespace spinenet {
namespace {

constexpr double kTolerance = 1e-5;  // of the largest absolute value of a level; float32 sums in another order

// Element k of the tensor of this name, in [-1, 1).
double formula(uint64_t key, uint64_t k) {
  return 2.0 * (static_cast<double>(Random::mix(key + k) >> 11) * 0x1.0p-53) - 1.0;
}

HostTensor formula_tensor(const std::string& name, const std::vector<int64_t>& shape, double offset, double scale) {
  HostTensor tensor = make_tensor(shape);
  const uint64_t key = Random::hash(name);
  for (size_t k = 0; k < tensor.data.size(); ++k) {
    tensor.data[k] = static_cast<float>(offset + scale * formula(key, k));
  }
  return tensor;
}

HostTensor formula_parameter(const graph::Parameter& parameter) {
  const auto filled = [&](double offset, double scale) {
    return formula_tensor(parameter.name, parameter.shape, offset, scale);
  };
  switch (parameter.role) {
    case graph::ParameterRole::merge_kernel:
    case graph::ParameterRole::kernel: {
      const auto fan_in = static_cast<double>(parameter.shape[1] * parameter.shape[2] * parameter.shape[3]);
      return filled(0, std::sqrt(3.0 / fan_in));
    }
    case graph::ParameterRole::norm_weight:
    case graph::ParameterRole::residual_norm_weight:
    case graph::ParameterRole::deeper_norm_weight:
      return filled(1, 0.3);
    case graph::ParameterRole::norm_bias:
    case graph::ParameterRole::merge_norm_bias:
    case graph::ParameterRole::running_mean:
      return filled(0, 0.1);
    case graph::ParameterRole::running_var:
      return filled(1, 0.5);
    case graph::ParameterRole::bias:
      return filled(0, 0.1);
    case graph::ParameterRole::predictor_kernel:
    case graph::ParameterRole::prior_bias:
    case graph::ParameterRole::yolo_bias:
      break;
  }
  ADD_FAILURE() << "a backbone has no such parameter: " << parameter.name;
  return make_tensor(parameter.shape);
}

std::string base64_bytes(std::string_view text) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  uint32_t bits = 0;
  int held = 0;
  for (const char c : text.substr(0, text.find('='))) {
    bits = bits << 6 | static_cast<uint32_t>(kDigits.find(c));
    held += 6;
    if (held >= 8) bytes.push_back(static_cast<char>(bits >> (held -= 8)));
  }
  return bytes;
}

HostTensor stored_tensor(const Json& json) {
  static_assert(std::endian::native == std::endian::little);
  HostTensor tensor = make_tensor(json.at("shape").get<std::vector<int64_t>>());
  const std::string bytes = base64_bytes(json.at("float32_base64").get<std::string>());
  EXPECT_EQ(bytes.size(), tensor.data.size() * sizeof(float));
  std::memcpy(tensor.data.data(), bytes.data(), std::min(bytes.size(), tensor.data.size() * sizeof(float)));
  return tensor;
}

arch::Architecture variant_architecture(const std::string& form, const Json& variant) {
  const bool mobile = form == "mobile";
  arch::Architecture architecture = arch::named_architecture(mobile ? "spinenet-mobile-49" : "spinenet-49");
  architecture.scaling.endpoints_num_filters = variant.at("endpoints_num_filters").get<int>();
  architecture.scaling.filter_size_scale = variant.at("filter_size_scale").get<double>();
  architecture.scaling.resample_alpha = variant.value("resample_alpha", architecture.scaling.resample_alpha);
  architecture.scaling.block_repeats = variant.at("block_repeats").get<int>();
  architecture.activation =
      parse_enum<arch::Activation>(ErrorKind::bad_data, "activation", variant.at("activation").get<std::string>());
  architecture.inverted.hard_gate = true;
  architecture.batch_norm.epsilon = variant.at("bn_epsilon").get<double>();
  const bool garden = form != "tpu";
  architecture.padding = garden ? arch::Padding::same : arch::Padding::symmetric;
  architecture.large_downsample = garden ? arch::LargeDownsample::repeated_pools : arch::LargeDownsample::single_pool;
  return architecture;
}

std::vector<HostTensor> formula_outputs(const graph::Program& program) {
  Weights weights;
  for (const graph::Parameter& parameter : program.parameters) weights[parameter.name] = formula_parameter(parameter);
  const graph::Shape& image = program.values[0];
  return graph::run_reference(program, weights,
                              formula_tensor("input", {1, image.channels, image.height, image.width}, 0, 1));
}

// The largest difference as a share of the largest expected absolute value.
double relative_difference(const HostTensor& actual, const HostTensor& expected) {
  double difference = 0;
  double largest = 0;
  for (size_t k = 0; k < expected.data.size(); ++k) {
    const double gap = std::abs(static_cast<double>(actual.data[k]) - expected.data[k]);
    if (!std::isfinite(gap)) return gap;
    difference = std::max(difference, gap);
    largest = std::max(largest, std::abs(static_cast<double>(expected.data[k])));
  }
  return difference / largest;
}

class BackboneParity : public testing::TestWithParam<std::string> {
 protected:
  Json oracle_ = read_json(std::string(SPINENET_SOURCE_DIR "/tests/parity/backbone_") + GetParam() + ".json");
};

TEST_P(BackboneParity, EndpointsEqualThePublishedImplementation) {
  for (const Json& variant : oracle_.at("variants")) {
    SCOPED_TRACE(variant.at("name").get<std::string>());
    const Json& size = variant.at("image_size");
    const graph::Program program = graph::lower_backbone(
        variant_architecture(GetParam(), variant), {.height = size.at(0).get<int>(), .width = size.at(1).get<int>()});
    const std::vector<HostTensor> outputs = formula_outputs(program);
    ASSERT_EQ(outputs.size(), variant.at("outputs").size());
    for (size_t i = 0; i < outputs.size(); ++i) {
      const std::string& level = program.outputs[i].name;
      const HostTensor expected = stored_tensor(variant.at("outputs").at(level));
      ASSERT_EQ(outputs[i].shape, expected.shape) << level;
      EXPECT_LT(relative_difference(outputs[i], expected), kTolerance) << level;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Forms, BackboneParity, testing::Values("garden", "mobile", "tpu"),
                         [](const auto& test) { return test.param; });

// The forms differ in padding and in the 8-fold pool of one connection: each must be told from the other.
TEST(BackboneForms, PaddingAndLargePoolEachChangeTheOutput) {
  const Json variant = read_json(SPINENET_SOURCE_DIR "/tests/parity/backbone_tpu.json").at("variants").at(1);
  const HostTensor expected = stored_tensor(variant.at("outputs").at("p7"));
  const auto p7_difference = [&](const arch::Architecture& architecture) {
    const Json& size = variant.at("image_size");
    const graph::Program program =
        graph::lower_backbone(architecture, {.height = size.at(0).get<int>(), .width = size.at(1).get<int>()});
    return relative_difference(formula_outputs(program).back(), expected);
  };
  arch::Architecture padding = variant_architecture("tpu", variant);
  padding.padding = arch::Padding::same;
  EXPECT_GT(p7_difference(padding), 100 * kTolerance);
  arch::Architecture pool = variant_architecture("tpu", variant);
  pool.large_downsample = arch::LargeDownsample::repeated_pools;
  EXPECT_GT(p7_difference(pool), 100 * kTolerance);
}

}  // namespace
}  // namespace spinenet

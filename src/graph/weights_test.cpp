#include "graph/weights.h"

#include <cmath>

#include <gtest/gtest.h>

#include "arch/families.h"
#include "base/error.h"
#include "graph/lower.h"

namespace spinenet::graph {
namespace {

// A narrow network, so that its weights are quickly made.
arch::Architecture narrow(std::string_view name) {
  arch::Architecture a = arch::named_architecture(name);
  a.scaling.filter_size_scale = 0.125;
  return a;
}

const Program& detector() {
  static const Program program = lower_detector(narrow("spinenet-49s"), {.height = 128, .width = 128, .classes = 3});
  return program;
}

bool same_bits(const Weights& a, const Weights& b) {
  if (a.size() != b.size()) return false;
  for (const auto& [name, tensor] : a) {
    const auto it = b.find(name);
    if (it == b.end() || it->second.data != tensor.data) return false;
  }
  return true;
}

struct Moments {
  double mean = 0, deviation = 0, largest = 0;
};

Moments moments(const HostTensor& tensor) {
  Moments m;
  for (const float x : tensor.data) {
    m.mean += x;
    m.deviation += static_cast<double>(x) * x;
    m.largest = std::max(m.largest, static_cast<double>(std::abs(x)));
  }
  const auto n = static_cast<double>(tensor.data.size());
  m.mean /= n;
  m.deviation = std::sqrt(m.deviation / n - m.mean * m.mean);
  return m;
}

TEST(InitialWeights, AreTheSameForTheSameSeed) {
  const Weights first = initial_weights(detector(), {}, 1);
  EXPECT_TRUE(same_bits(first, initial_weights(detector(), {}, 1)));
  EXPECT_FALSE(same_bits(first, initial_weights(detector(), {}, 2)));
}

// A parameter's first value depends on its name and the seed, not on what else the network has.
TEST(InitialWeights, AreThoseOfTheBackboneInADetector) {
  const Program backbone = lower_backbone(narrow("spinenet-49s"), {.height = 256, .width = 256});
  const Weights whole = initial_weights(detector(), {}, 5);
  for (const auto& [name, tensor] : initial_weights(backbone, {}, 5)) EXPECT_EQ(tensor.data, whole.at(name).data);
}

TEST(InitialWeights, HaveTheValuesOfTheirRoles) {
  InitOptions options;
  options.residual_norm_weight = 0.25;
  options.deeper_norm_weight = 0.125;
  options.prior = 0.02;
  const Weights weights = initial_weights(detector(), options, 3);
  for (const Parameter& parameter : detector().parameters) {
    const HostTensor& tensor = weights.at(parameter.name);
    ASSERT_EQ(tensor.shape, parameter.shape);
    const auto all = [&](float value) { return tensor.data == std::vector<float>(tensor.data.size(), value); };
    switch (parameter.role) {
      case ParameterRole::kernel:
        EXPECT_GT(moments(tensor).deviation, 0) << parameter.name;
        break;
      case ParameterRole::merge_kernel:
      case ParameterRole::merge_norm_bias:
        ADD_FAILURE() << parameter.name << " in a network without merges";
        break;
      case ParameterRole::yolo_bias:
        ADD_FAILURE() << parameter.name << " under a RetinaNet head";
        break;
      case ParameterRole::predictor_kernel:
        EXPECT_NEAR(moments(tensor).deviation, 1e-5, 2e-7) << parameter.name;
        break;
      case ParameterRole::prior_bias:
        EXPECT_NEAR(1 / (1 + std::exp(-static_cast<double>(tensor.data.front()))), 0.02, 1e-6) << parameter.name;
        EXPECT_TRUE(all(tensor.data.front())) << parameter.name;
        break;
      case ParameterRole::norm_weight:
      case ParameterRole::running_var:
        EXPECT_TRUE(all(1)) << parameter.name;
        break;
      case ParameterRole::residual_norm_weight:
        EXPECT_TRUE(all(0.25F)) << parameter.name;
        break;
      case ParameterRole::deeper_norm_weight:
        EXPECT_TRUE(all(0.125F)) << parameter.name;
        break;
      case ParameterRole::bias:
      case ParameterRole::norm_bias:
      case ParameterRole::running_mean:
        EXPECT_TRUE(all(0)) << parameter.name;
        break;
    }
  }
}

TEST(InitialWeights, AYoloHeadBeginsWithTheAnchorsAndThePrior) {
  arch::Architecture architecture = narrow("spinenet-49s");
  architecture.head_kind = arch::HeadKind::yolo;
  constexpr int kClasses = 2;
  const Program program = lower_detector(architecture, {.height = 128, .width = 128, .classes = kClasses});
  const HostTensor bias = initial_weights(program, {.prior = 0.02}, 3).at("head.p4.predict.bias");
  ASSERT_EQ(bias.data.size(), 3 * (5 + kClasses));
  for (size_t i = 0; i < bias.data.size(); ++i) {
    const float probability = 1 / (1 + std::exp(-bias.data[i]));
    if (i % (5 + kClasses) < 4) {
      EXPECT_EQ(bias.data[i], 0) << i;
    } else {
      EXPECT_NEAR(probability, 0.02, 1e-6) << i;
    }
  }
}

TEST(InitialWeights, MergesOfNasFpnBeginAsTheIdentity) {
  const Program program = lower_backbone(narrow("resnet-50-nas-fpn"), {.height = 128, .width = 128});
  const std::string name = "fpn.cell3.merge2.conv.weight";
  const HostTensor begun = initial_weights(program, {}, 3).at(name);
  const HostTensor usual = initial_weights(program, {.merge_identity = false}, 3).at(name);
  const auto channels = static_cast<size_t>(begun.shape[0]);
  for (size_t out = 0; out < channels; ++out) {
    for (size_t in = 0; in < channels; ++in) {
      for (size_t k = 0; k < 9; ++k) {
        const size_t i = (out * channels + in) * 9 + k;
        EXPECT_NEAR(begun.data[i], 0.1 * usual.data[i] + (out == in && k == 4 ? 1 : 0), 1e-6);
      }
    }
  }
  const Weights weights = initial_weights(program, {.merge_norm_bias = 0.75}, 3);
  EXPECT_EQ(weights.at("fpn.cell0.merge0.bn.bias").data, std::vector<float>(channels, 0.75F));
  EXPECT_EQ(weights.at("fpn.lateral_bn.c3.bias").data, std::vector<float>(channels, 0.0F));
}

TEST(InitialWeights, HaveTheDeviationOfTheirRule) {
  const std::string name = "head.class.conv0.weight";  // [128, 256, 3, 3]: 294,912 values
  const Moments scaled = moments(initial_weights(detector(), {}, 11).at(name));
  EXPECT_NEAR(scaled.mean, 0, 3e-4);
  EXPECT_NEAR(scaled.deviation, std::sqrt(1.0 / (256 * 9)), 2e-4);
  EXPECT_LE(scaled.largest, 2.0 / 0.8796 * std::sqrt(1.0 / (256 * 9)));
  const Moments kaiming = moments(initial_weights(detector(), {.kernel = KernelInit::kaiming}, 11).at(name));
  EXPECT_NEAR(kaiming.deviation, std::sqrt(2.0 / (128 * 9)), 3e-4);
}

TEST(Mismatches, AreNoneForOwnWeights) {
  EXPECT_TRUE(mismatches(detector(), initial_weights(detector(), {}, 1)).empty());
}

TEST(Mismatches, ListMissingWrongAndExtraTensors) {
  Weights weights = initial_weights(detector(), {}, 1);
  weights.erase("stem.conv.weight");
  weights["stem.bn.bias"] = make_tensor({65});
  weights["head.mask.weight"] = make_tensor({2, 3});
  EXPECT_EQ(mismatches(detector(), weights),
            (std::vector<std::string>{"missing stem.conv.weight [64, 3, 7, 7]",
                                      "stem.bn.bias has shape [65], the network needs [64]",
                                      "extra head.mask.weight [2, 3]"}));
  try {
    check_weights(detector(), weights, "model.safetensors");
    FAIL() << "was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::bad_data);
    const std::string message = error.what();
    EXPECT_TRUE(message.starts_with("model.safetensors: the weights do not fit the network (3 tensors): missing stem"));
  }
}

TEST(Mismatches, OfAnotherNetworkAreSummarised) {
  const Program other = lower_detector(narrow("r0-sp53"), {.height = 128, .width = 128, .classes = 3});
  const Weights weights = initial_weights(other, {}, 1);
  EXPECT_GT(mismatches(detector(), weights).size(), 100U);
  try {
    check_weights(detector(), weights, "m");
    FAIL() << "was accepted";
  } catch (const Error& error) {
    EXPECT_LT(std::string(error.what()).size(), 1000U);
  }
}

TEST(Weights, OfProgramsThatBelongTogether) {
  const Program detects = detector();
  const Program other =
      lower_classifier(arch::named_architecture("resnet-50"), {.height = 64, .width = 64, .classes = 3});
  const std::vector<Program> programs{detects, other};
  const Program together = parameters_of_all(programs);
  EXPECT_EQ(together.parameters.size(), detects.parameters.size() + other.parameters.size());
  EXPECT_EQ(together.parameters.back().name, other.parameters.back().name);
  Weights all{{"extra", make_tensor({1})}};
  for (const Parameter& parameter : together.parameters) all.emplace(parameter.name, make_tensor(parameter.shape));
  EXPECT_EQ(mismatches(detects, own_weights(detects, all)), std::vector<std::string>{});
}

}  // namespace
}  // namespace spinenet::graph

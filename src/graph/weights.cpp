#include "graph/weights.h"

#include <cmath>

#include "base/error.h"
#include "base/format.h"
#include "base/random.h"

namespace spinenet::graph {
namespace {

// Standard normal cut at two deviations, and the deviation that the cut leaves.
double truncated_normal(Random& random) {
  double x = random.normal();
  while (std::abs(x) > 2) x = random.normal();
  return x / 0.87962566103423978;
}

void fill_kernel(HostTensor& tensor, const InitOptions& options, Random& random) {
  const int64_t area = tensor.shape[2] * tensor.shape[3];
  const auto fan_in = static_cast<double>(tensor.shape[1] * area);
  const auto fan_out = static_cast<double>(tensor.shape[0] * area);
  for (float& x : tensor.data) {
    x = static_cast<float>(options.kernel == KernelInit::kaiming ? std::sqrt(2.0 / fan_out) * random.normal()
                                                                 : std::sqrt(1.0 / fan_in) * truncated_normal(random));
  }
}

// Each output channel passes its own input channel on, at the middle of the kernel.
void fill_identity(HostTensor& tensor, const InitOptions& options, Random& random) {
  constexpr float kNoise = 0.1F;
  fill_kernel(tensor, options, random);
  const auto inputs = static_cast<size_t>(tensor.shape[1]);
  const auto side = static_cast<size_t>(tensor.shape[3]);
  for (float& x : tensor.data) x *= kNoise;
  for (size_t channel = 0; channel < inputs; ++channel) {
    tensor.data[(channel * inputs + channel) * side * side + side * side / 2] += 1;
  }
}

// Objectness and classes begin with the prior as their probability: nearly all anchor cells hold nothing. The box
// begins as its anchor at the middle of the cell.
void fill_yolo_bias(HostTensor& tensor, int64_t anchor_channels, double prior) {
  constexpr size_t kBoxChannels = 4;
  const auto logit = static_cast<float>(-std::log((1 - prior) / prior));
  for (size_t i = 0; i < tensor.data.size(); ++i) {
    tensor.data[i] = i % static_cast<size_t>(anchor_channels) < kBoxChannels ? 0.0F : logit;
  }
}

template <class Named>
Named own_part(const Program& program, const Named& all) {
  Named own;
  for (const Parameter& parameter : program.parameters) own.insert(*all.find(parameter.name));
  return own;
}

}  // namespace

Weights initial_weights(const Program& program, const InitOptions& options, uint64_t seed) {
  Weights weights;
  for (const Parameter& parameter : program.parameters) {
    HostTensor tensor = make_tensor(parameter.shape);
    Random random = Random(seed).fork(Random::hash(parameter.name));
    switch (parameter.role) {
      case ParameterRole::kernel:
        fill_kernel(tensor, options, random);
        break;
      case ParameterRole::merge_kernel:
        (options.merge_identity ? fill_identity : fill_kernel)(tensor, options, random);
        break;
      case ParameterRole::merge_norm_bias:
        tensor.data.assign(tensor.data.size(), static_cast<float>(options.merge_norm_bias));
        break;
      case ParameterRole::predictor_kernel:
        for (float& x : tensor.data) x = static_cast<float>(options.predictor_deviation * random.normal());
        break;
      case ParameterRole::prior_bias:
        tensor.data.assign(tensor.data.size(), static_cast<float>(-std::log((1 - options.prior) / options.prior)));
        break;
      case ParameterRole::yolo_bias:
        fill_yolo_bias(tensor, parameter.anchor_channels, options.prior);
        break;
      case ParameterRole::norm_weight:
      case ParameterRole::running_var:
        tensor.data.assign(tensor.data.size(), 1.0F);
        break;
      case ParameterRole::residual_norm_weight:
        tensor.data.assign(tensor.data.size(), static_cast<float>(options.residual_norm_weight));
        break;
      case ParameterRole::deeper_norm_weight:
        tensor.data.assign(tensor.data.size(), static_cast<float>(options.deeper_norm_weight));
        break;
      case ParameterRole::bias:
      case ParameterRole::norm_bias:
      case ParameterRole::running_mean:
        break;
    }
    weights.emplace(parameter.name, std::move(tensor));
  }
  return weights;
}

Program parameters_of_all(std::span<const Program> programs) {
  Program all;
  for (const Program& program : programs) {
    all.parameters.insert(all.parameters.end(), program.parameters.begin(), program.parameters.end());
  }
  return all;
}

Weights own_weights(const Program& program, const Weights& all) {
  return own_part(program, all);
}

WeightViews own_weights(const Program& program, const WeightViews& all) {
  return own_part(program, all);
}

std::vector<std::string> mismatches(const Program& program, const Weights& weights) {
  return mismatches(program, views_of(weights));
}

std::vector<std::string> mismatches(const Program& program, const WeightViews& weights) {
  std::vector<std::string> found;
  WeightViews::size_type matched = 0;
  for (const Parameter& parameter : program.parameters) {
    const auto it = weights.find(parameter.name);
    if (it == weights.end()) {
      found.push_back(fmt::format("missing {} [{}]", parameter.name, fmt::join(parameter.shape, ", ")));
      continue;
    }
    ++matched;
    if (it->second.shape == parameter.shape) continue;
    found.push_back(fmt::format("{} has shape [{}], the network needs [{}]", parameter.name,
                                fmt::join(it->second.shape, ", "), fmt::join(parameter.shape, ", ")));
  }
  if (matched == weights.size()) return found;
  std::map<std::string, bool> known;
  for (const Parameter& parameter : program.parameters) known[parameter.name] = true;
  for (const auto& [name, tensor] : weights) {
    if (!known.contains(name)) found.push_back(fmt::format("extra {} [{}]", name, fmt::join(tensor.shape, ", ")));
  }
  return found;
}

void check_weights(const Program& program, const Weights& weights, std::string_view place) {
  check_weights(program, views_of(weights), place);
}

void check_weights(const Program& program, const WeightViews& weights, std::string_view place) {
  const std::vector<std::string> found = mismatches(program, weights);
  if (found.empty()) return;
  constexpr size_t kShown = 5;
  const auto end = found.begin() + static_cast<std::ptrdiff_t>(std::min(kShown, found.size()));
  fail(ErrorKind::bad_data,
       fmt::format("the weights do not fit the network ({} tensors): {}", found.size(),
                   fmt::join(found.begin(), end, "; ")),
       place, "use the architecture and the number of classes that they were made with");
}

}  // namespace spinenet::graph

#include "nn/parameters.h"

#include "graph/weights.h"

namespace spinenet::nn {
namespace {

bool is_kernel(graph::ParameterRole role) {
  return role == graph::ParameterRole::kernel || role == graph::ParameterRole::merge_kernel ||
         role == graph::ParameterRole::predictor_kernel;
}

// Where each parameter lies in its buffer: kernels, then other trainable ones; running statistics by themselves.
struct Layout {
  std::vector<int64_t> offsets;
  int64_t kernels = 0, trainable = 0, statistics = 0;
};

Layout layout_of(const graph::Program& program) {
  Layout layout;
  layout.offsets.resize(program.parameters.size());
  const auto place = [&](auto wanted, int64_t& end) {
    for (size_t i = 0; i < program.parameters.size(); ++i) {
      const graph::Parameter& parameter = program.parameters[i];
      if (!wanted(parameter.role)) continue;
      layout.offsets[i] = end;
      end += element_count(parameter.shape);
    }
  };
  place(is_kernel, layout.trainable);
  layout.kernels = layout.trainable;
  place([](graph::ParameterRole role) { return graph::is_trainable(role) && !is_kernel(role); }, layout.trainable);
  place([](graph::ParameterRole role) { return !graph::is_trainable(role); }, layout.statistics);
  return layout;
}

torch::Tensor view(const torch::Tensor& buffer, int64_t offset, const std::vector<int64_t>& shape) {
  return buffer.narrow(0, offset, element_count(shape)).view(shape);
}

}  // namespace

Parameters make_parameters(const graph::Program& program, const Weights& weights, torch::Device device) {
  graph::check_weights(program, weights, "initial weights");
  const Layout layout = layout_of(program);
  const auto options = torch::TensorOptions().dtype(torch::kFloat32).device(device);
  Parameters p;
  p.kernels = layout.kernels;
  p.values = torch::zeros({layout.trainable}, options);
  p.gradients = torch::zeros({layout.trainable}, options);
  p.statistics = torch::zeros({layout.statistics}, options);
  for (size_t i = 0; i < program.parameters.size(); ++i) {
    const graph::Parameter& parameter = program.parameters[i];
    const bool trainable = graph::is_trainable(parameter.role);
    torch::Tensor tensor = view(trainable ? p.values : p.statistics, layout.offsets[i], parameter.shape).detach();
    tensor.copy_(to_torch(weights.at(parameter.name)));
    if (trainable) {
      tensor.set_requires_grad(true);
      tensor.mutable_grad() = view(p.gradients, layout.offsets[i], parameter.shape);
    }
    p.views.push_back(tensor);
  }
  return p;
}

std::vector<Parameters> parts_of(const Parameters& all, std::span<const graph::Program> programs) {
  std::vector<Parameters> parts;
  auto first = all.views.begin();
  for (const graph::Program& program : programs) {
    const auto end = first + static_cast<std::ptrdiff_t>(program.parameters.size());
    parts.push_back({all.values, all.gradients, all.statistics, all.kernels, {first, end}});
    first = end;
  }
  return parts;
}

torch::Tensor by_parameter(const graph::Program& program, const Parameters& all,
                           const std::function<double(const graph::Parameter&)>& number) {
  const Layout layout = layout_of(program);
  torch::Tensor numbers = torch::zeros_like(all.values);
  for (size_t i = 0; i < program.parameters.size(); ++i) {
    const graph::Parameter& parameter = program.parameters[i];
    if (!graph::is_trainable(parameter.role)) continue;
    numbers.narrow(0, layout.offsets[i], element_count(parameter.shape)).fill_(number(parameter));
  }
  return numbers;
}

Weights weights_of(const graph::Program& program, const torch::Tensor& values, const torch::Tensor& statistics) {
  const Layout layout = layout_of(program);
  Weights weights;
  for (size_t i = 0; i < program.parameters.size(); ++i) {
    const graph::Parameter& parameter = program.parameters[i];
    const torch::Tensor& buffer = graph::is_trainable(parameter.role) ? values : statistics;
    weights.emplace(parameter.name, to_host(view(buffer, layout.offsets[i], parameter.shape)));
  }
  return weights;
}

}  // namespace spinenet::nn

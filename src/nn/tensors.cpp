#include "nn/tensors.h"

#include <cstring>

namespace spinenet::nn {

HostTensor to_host(const torch::Tensor& tensor) {
  const torch::Tensor flat = tensor.detach().to(torch::kCPU, torch::kFloat32).contiguous();
  HostTensor host;
  host.shape.assign(flat.sizes().begin(), flat.sizes().end());
  host.data.resize(static_cast<size_t>(flat.numel()));
  std::memcpy(host.data.data(), flat.data_ptr<float>(), host.data.size() * sizeof(float));
  return host;
}

torch::Tensor to_torch(const HostTensor& tensor, torch::Device device) {
  torch::Tensor copy = torch::empty(tensor.shape, torch::kFloat32);
  std::memcpy(copy.data_ptr<float>(), tensor.data.data(), tensor.data.size() * sizeof(float));
  return copy.to(device);
}

}  // namespace spinenet::nn

#include "nn/torch_forward.h"

#include <charconv>
#include <memory>

#include <ATen/Parallel.h>
#include <torch/cuda.h>
#include <torch/version.h>

#include "base/error.h"
#include "base/format.h"
#include "nn/device.h"
#include "nn/gpu_library.h"
#include "nn/openmp_regions.h"
#include "nn/program_module.h"

namespace spinenet::nn {

torch::Device find_device(const std::string& name) {
  if (name == "cpu") return torch::kCPU;
  if (name == "auto") return gpu_is_available() ? torch::kCUDA : torch::kCPU;
  if (name == "cuda" || name.starts_with("cuda:")) {
    if (!gpu_is_available()) {
      fail(ErrorKind::unsupported, fmt::format("no CUDA device can be used: {}", why_no_gpu()), "device " + name,
           "use device cpu or auto");
    }
    int64_t index = 0;
    if (name.size() > 5) {
      const auto [end, error] = std::from_chars(name.data() + 5, name.data() + name.size(), index);
      if (error != std::errc() || end != name.data() + name.size() || index < 0 ||
          index >= static_cast<int64_t>(torch::cuda::device_count())) {
        fail(ErrorKind::usage, fmt::format("there are {} CUDA devices", torch::cuda::device_count()), "device " + name);
      }
    }
    return torch::Device(torch::kCUDA, static_cast<torch::DeviceIndex>(index));
  }
  fail(ErrorKind::usage, fmt::format("unknown device \"{}\"", name), "", "use cpu, cuda, cuda:N or auto");
}

graph::Forward torch_forward(const graph::Program& program, const Weights& weights, int threads,
                             const std::string& device) {
  const torch::Device where = find_device(device);
  at::set_num_threads(threads);
  auto shared = std::make_shared<graph::Program>(program);
  auto parameters = std::make_shared<Parameters>(make_parameters(program, weights, where));
  return [shared, parameters, where](const HostTensor& input) {
    std::vector<HostTensor> outputs;
    for (const torch::Tensor& y : forward(*shared, *parameters, to_torch(input, where), {})) {
      outputs.push_back(to_host(y));
    }
    return outputs;
  };
}

bool torch_finds_gpu() {
  return gpu_is_available();
}

std::vector<std::pair<std::string, std::string>> torch_facts() {
  return {{"libtorch", TORCH_VERSION},
          {"libtorch threads", std::to_string(at::get_num_threads())},
          {"parallel regions", shares_openmp_regions() ? "parts taken as threads are free" : "OpenMP's own"},
          {"cuda devices", gpu_is_available() ? std::to_string(torch::cuda::device_count()) : "0: " + why_no_gpu()}};
}

}  // namespace spinenet::nn

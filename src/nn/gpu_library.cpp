#include "nn/gpu_library.h"

#include <filesystem>

#include <ATen/Parallel.h>
#include <dlfcn.h>
#include <torch/cuda.h>

#include "base/format.h"

namespace spinenet::nn {
namespace {

struct Loading {
  bool loaded = false;
  std::string fault;
};

// It lies beside the library that at::set_num_threads is in.
std::filesystem::path gpu_library() {
  Dl_info info{};
  if (::dladdr(reinterpret_cast<const void*>(&at::set_num_threads), &info) == 0 || info.dli_fname == nullptr) return {};
  return std::filesystem::path(info.dli_fname).parent_path() / "libtorch_cuda.so";
}

Loading load() {
  if (::dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL) == nullptr) return {false, "CUDA's driver is not installed"};
  const std::filesystem::path library = gpu_library();
  std::error_code ignored;
  if (!std::filesystem::exists(library, ignored)) {
    return {false, "this LibTorch has no part for GPUs (CONTRIBUTING.md tells how to build with another one)"};
  }
  if (::dlopen(library.c_str(), RTLD_NOW | RTLD_GLOBAL) == nullptr) {
    const char* reason = ::dlerror();
    return {false, fmt::format("LibTorch's part for GPUs cannot be loaded: {}", reason == nullptr ? "" : reason)};
  }
  return {true, ""};
}

const Loading& loading() {
  static const Loading once = load();
  return once;
}

}  // namespace

bool gpu_is_available() {
  return loading().loaded && torch::cuda::is_available();
}

std::string why_no_gpu() {
  if (!loading().loaded) return loading().fault;
  return torch::cuda::is_available() ? "" : "CUDA's driver shows no device that this LibTorch can use";
}

}  // namespace spinenet::nn

// A dense float array in host memory with its shape, row-major. What weights, oracle values and the reference
// interpreter are made of; LibTorch tensors stay inside nn/ and train/.
//
// Invariant: data.size() == element_count(shape).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace spinenet {

struct HostTensor {
  std::vector<int64_t> shape;
  std::vector<float> data;
};

int64_t element_count(const std::vector<int64_t>& shape);
HostTensor make_tensor(std::vector<int64_t> shape, float fill = 0.0F);

// Parameter name -> value, in name order.
using Weights = std::map<std::string, HostTensor>;

}  // namespace spinenet

// Values of tensors that lie in memory of someone else: in a HostTensor, or in a file that is mapped.
//
// Invariant: data.size() == element_count(shape). Who makes a view keeps the values alive.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/host_tensor.h"

namespace spinenet {

struct TensorView {
  std::vector<int64_t> shape;
  std::span<const float> data;

  TensorView(std::vector<int64_t> extents, std::span<const float> values) : shape(std::move(extents)), data(values) {}
  TensorView(const HostTensor& tensor) : shape(tensor.shape), data(tensor.data) {}  // NOLINT: as a span is made
};

// Parameter name -> value, in name order.
using WeightViews = std::map<std::string, TensorView>;

inline WeightViews views_of(const Weights& weights) {
  return {weights.begin(), weights.end()};
}

inline Weights copy_of(const WeightViews& views) {
  Weights weights;
  for (const auto& [name, view] : views) weights[name] = {view.shape, {view.data.begin(), view.data.end()}};
  return weights;
}

// How many are NaN or an infinity.
inline int64_t count_nonfinite(std::span<const float> values) {
  return std::ranges::count_if(values, [](float x) { return !std::isfinite(x); });
}

}  // namespace spinenet

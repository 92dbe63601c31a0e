// Parts of a tensor [N, ...].
//
// Thread contract: pure functions.
#pragma once

#include <algorithm>
#include <span>

#include "base/host_tensor.h"

namespace spinenet::runtime {

// Row n.
inline std::span<const float> row_of(const HostTensor& tensor, size_t n) {
  const auto size = tensor.data.size() / static_cast<size_t>(std::max<int64_t>(1, tensor.shape.front()));
  return std::span(tensor.data).subspan(n * size, size);
}

}  // namespace spinenet::runtime

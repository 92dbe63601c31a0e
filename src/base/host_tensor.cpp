#include "base/host_tensor.h"

namespace spinenet {

int64_t element_count(const std::vector<int64_t>& shape) {
  int64_t count = 1;
  for (const int64_t extent : shape) count *= extent;
  return count;
}

HostTensor make_tensor(std::vector<int64_t> shape, float fill) {
  HostTensor tensor{std::move(shape), {}};
  tensor.data.assign(static_cast<size_t>(element_count(tensor.shape)), fill);
  return tensor;
}

}  // namespace spinenet

#include "formats/import/strided_tensor.h"

#include <algorithm>
#include <span>

#include "base/format.h"

namespace spinenet::formats {
namespace {

constexpr uint64_t kElementsPiece = 1U << 18;  // elements that are converted at once

bool is_row_major(const StridedTensor& tensor) {
  int64_t stride = 1;
  for (size_t i = tensor.shape.size(); i-- > 0;) {
    if (tensor.shape[i] != 1 && tensor.strides[i] != stride) return false;
    stride *= tensor.shape[i];
  }
  return true;
}

std::vector<float> read_elements(const FileBytes& file, const Storage& storage, uint64_t first, uint64_t count) {
  const uint64_t width = element_size(storage.type);
  std::vector<float> values(count);
  for (uint64_t done = 0; done < count;) {
    const uint64_t piece = std::min(kElementsPiece, count - done);
    const std::string bytes = file.read(storage.begin + (first + done) * width, piece * width);
    elements_to_float(storage.type, bytes, std::span(values).subspan(done, piece));
    done += piece;
  }
  return values;
}

// How far the last element is from the first one.
uint64_t reach_of(const StridedTensor& tensor) {
  uint64_t reach = 0;
  for (size_t i = 0; i < tensor.shape.size(); ++i) {
    reach += static_cast<uint64_t>(tensor.shape[i] - 1) * static_cast<uint64_t>(tensor.strides[i]);
  }
  return reach;
}

}  // namespace

StridedTensor row_major_tensor(const Storage& storage, std::vector<int64_t> shape) {
  StridedTensor tensor{storage, 0, std::move(shape), {}, storage.count};
  tensor.strides.assign(tensor.shape.size(), 1);
  if (storage.count == 0) return tensor;
  for (size_t i = tensor.shape.size(); i-- > 1;) tensor.strides[i - 1] = tensor.strides[i] * tensor.shape[i];
  return tensor;
}

std::string check_strides(StridedTensor& tensor) {
  if (tensor.shape.size() != tensor.strides.size()) {
    return fmt::format("{} sizes and {} strides", tensor.shape.size(), tensor.strides.size());
  }
  const auto fault = [&] {
    return fmt::format("sizes [{}] and strides [{}] from element {} on leave the storage of {} elements",
                       fmt::join(tensor.shape, ", "), fmt::join(tensor.strides, ", "), tensor.offset,
                       tensor.storage.count);
  };
  uint64_t elements = 1, last = tensor.offset;
  for (size_t i = 0; i < tensor.shape.size(); ++i) {
    if (tensor.shape[i] < 0 || tensor.strides[i] < 0) return fault();
    if (__builtin_mul_overflow(elements, static_cast<uint64_t>(tensor.shape[i]), &elements)) return fault();
  }
  tensor.elements = elements;
  if (elements == 0) return "";
  for (size_t i = 0; i < tensor.shape.size(); ++i) {
    uint64_t reach = 0;
    const bool over = __builtin_mul_overflow(static_cast<uint64_t>(tensor.shape[i] - 1),
                                             static_cast<uint64_t>(tensor.strides[i]), &reach) ||
                      __builtin_add_overflow(last, reach, &last);
    if (over) return fault();
  }
  return last >= tensor.storage.count ? fault() : "";
}

std::vector<float> read_strided(const FileBytes& file, const StridedTensor& tensor) {
  if (tensor.elements == 0) return {};
  if (is_row_major(tensor)) return read_elements(file, tensor.storage, tensor.offset, tensor.elements);
  // As it is stored, which is seldom more than the floats that come of it.
  const uint64_t width = element_size(tensor.storage.type);
  const std::string span = file.read(tensor.storage.begin + tensor.offset * width, (reach_of(tensor) + 1) * width);
  std::string own;
  own.reserve(tensor.elements * width);
  std::vector<int64_t> index(tensor.shape.size(), 0);
  uint64_t at = 0;
  while (own.size() < tensor.elements * width) {
    own.append(span, at * width, width);
    for (size_t i = index.size(); i-- > 0;) {
      at += static_cast<uint64_t>(tensor.strides[i]);
      if (++index[i] < tensor.shape[i]) break;
      at -= static_cast<uint64_t>(tensor.strides[i]) * static_cast<uint64_t>(tensor.shape[i]);
      index[i] = 0;
    }
  }
  std::vector<float> values(tensor.elements);
  elements_to_float(tensor.storage.type, own, values);
  return values;
}

}  // namespace spinenet::formats

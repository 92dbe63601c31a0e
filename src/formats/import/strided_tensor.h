// A tensor inside a storage of a checkpoint: which elements are its own, and their values as floats.
//
// Invariant: checked by check_strides, or made by row_major_tensor, so all elements lie inside the storage. A stride of
// 0 repeats them, so they may be more than it has. Thread contract: pure functions.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "formats/elements.h"
#include "formats/import/file_bytes.h"

namespace spinenet::formats {

struct Storage {
  ElementType type = ElementType::f32;
  uint64_t begin = 0;  // of its first element in the file
  uint64_t count = 0;  // of elements
};

struct StridedTensor {
  Storage storage;
  uint64_t offset = 0;  // of its first element
  std::vector<int64_t> shape, strides;
  uint64_t elements = 0;
};

// Of a tensor whose elements lie in a row; `storage` holds it alone. The shape's product is storage.count.
StridedTensor row_major_tensor(const Storage& storage, std::vector<int64_t> shape);

// What is wrong with sizes, offset and strides, or "". Sets `elements`.
std::string check_strides(StridedTensor& tensor);

// Row-major, whatever the strides; read piece by piece where they are row-major, too.
std::vector<float> read_strided(const FileBytes& file, const StridedTensor& tensor);

}  // namespace spinenet::formats

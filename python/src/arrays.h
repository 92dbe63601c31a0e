// NumPy arrays that own memory of C++: the vector moves into the array, nothing is copied.
//
// Thread contract: with Python's lock (the GIL) held.
#pragma once

#include <cstdint>
#include <memory>
#include <type_traits>
#include <vector>

#include <pybind11/numpy.h>

namespace spinenet::python {

// `shape` has values.size() elements; row-major.
template <class T>
pybind11::array array_of(std::vector<T> values, std::vector<pybind11::ssize_t> shape,
                         const pybind11::dtype& type = pybind11::dtype::of<T>()) {
  auto owned = std::make_unique<std::vector<T>>(std::move(values));
  T* data = owned->data();
  const pybind11::capsule owner(owned.get(), [](void* vector) { delete static_cast<std::vector<T>*>(vector); });
  (void)owned.release();
  return pybind11::array(type, std::move(shape), data, owner);
}

// Bytes of 0 and 1 as NumPy's bool.
inline pybind11::array bool_array_of(std::vector<uint8_t> values, std::vector<pybind11::ssize_t> shape) {
  return array_of(std::move(values), std::move(shape), pybind11::dtype::of<bool>());
}

}  // namespace spinenet::python

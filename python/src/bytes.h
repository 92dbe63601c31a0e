// The bytes of bytes, bytearray, memoryview, mmap and the like, where they lie in Python's memory.
//
// Thread contract: made and destroyed with Python's lock (the GIL), read without it.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include <pybind11/pybind11.h>

namespace spinenet::python {

struct HeldBytes {
  std::span<const uint8_t> bytes;
  pybind11::object keeper;  // as long as it lives, the bytes stay where they are
};

// ErrorKind::usage for a buffer that is no plain sequence of bytes. `object` is a buffer (PyObject_CheckBuffer).
HeldBytes bytes_of(const pybind11::handle& object, std::string_view place);

}  // namespace spinenet::python

#include "bytes.h"

#include "base/error.h"

namespace spinenet::python {
namespace py = pybind11;

HeldBytes bytes_of(const py::handle& object, std::string_view place) {
  const py::object view = py::reinterpret_steal<py::object>(PyMemoryView_FromObject(object.ptr()));
  if (!view) throw py::error_already_set();
  const Py_buffer& buffer = *PyMemoryView_GET_BUFFER(view.ptr());
  if (buffer.itemsize != 1 || PyBuffer_IsContiguous(&buffer, 'C') == 0) {
    fail(ErrorKind::usage, "a buffer that is no plain sequence of bytes", place, "give the bytes of a whole file");
  }
  return {{static_cast<const uint8_t*>(buffer.buf), static_cast<size_t>(buffer.len)}, view};
}

}  // namespace spinenet::python

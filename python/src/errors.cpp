// spinenet::Error becomes the class of spinenet_cpp/errors.py for its kind, with the same message. std::bad_alloc
// becomes MemoryError.
#include "base/error.h"
#include "bindings.h"

namespace spinenet::python {
namespace {

namespace py = pybind11;

const char* class_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::usage:
      return "UsageError";
    case ErrorKind::bad_data:
      return "BadDataError";
    case ErrorKind::io:
      return "InputOutputError";
    case ErrorKind::unsupported:
      return "UnsupportedError";
    case ErrorKind::failed:
      return "FailedError";
  }
  return "Error";
}

// A message may quote the bytes of a file name that is not UTF-8.
py::object text_of(const char* message) {
  return py::reinterpret_steal<py::object>(
      PyUnicode_DecodeUTF8(message, static_cast<Py_ssize_t>(std::char_traits<char>::length(message)), "replace"));
}

void raise(const Error& error) {
  const py::object type = py::module_::import("spinenet_cpp.errors").attr(class_of(error.kind()));
  PyErr_SetObject(type.ptr(), text_of(error.what()).ptr());
}

}  // namespace

void bind_errors(py::module_&) {
  py::register_local_exception_translator([](std::exception_ptr thrown) {
    if (!thrown) return;
    try {
      std::rethrow_exception(thrown);
    } catch (const Error& error) {
      raise(error);
    }
  });
}

}  // namespace spinenet::python

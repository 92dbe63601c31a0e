#include "weights.h"

#include "arrays.h"
#include "base/error.h"
#include "base/format.h"
#include "text.h"

namespace spinenet::python {
namespace py = pybind11;

HostTensor tensor_of(const py::handle& object, std::string_view place) {
  using Floats = py::array_t<float, py::array::c_style | py::array::forcecast>;
  const py::array given = py::array::ensure(object);
  if (!given || std::string_view("fiub").find(given.dtype().kind()) == std::string_view::npos) {
    PyErr_Clear();
    throw py::type_error(
        fmt::format("{}: an array of numbers is wanted, not {}", place, Py_TYPE(object.ptr())->tp_name));
  }
  const Floats floats = Floats::ensure(given);
  if (!floats) throw py::error_already_set();
  HostTensor tensor;
  tensor.shape.assign(floats.shape(), floats.shape() + floats.ndim());
  tensor.data.assign(floats.data(), floats.data() + floats.size());
  return tensor;
}

py::array to_array(HostTensor tensor) {
  std::vector<py::ssize_t> shape(tensor.shape.begin(), tensor.shape.end());
  return array_of(std::move(tensor.data), std::move(shape));
}

Weights weights_of(const py::dict& arrays) {
  Weights weights;
  for (const auto& [name, array] : arrays) {
    auto text = py::cast<std::string>(name);
    HostTensor tensor = tensor_of(array, text);
    weights.emplace(std::move(text), std::move(tensor));
  }
  return weights;
}

py::dict to_dict(Weights weights) {
  py::dict arrays;
  for (auto& [name, tensor] : weights) arrays[text_to_python(name)] = to_array(std::move(tensor));
  return arrays;
}

}  // namespace spinenet::python

// Model files as data: read for who trains further, written for who runs it in the engine.
#include "arch/text.h"
#include "base/error.h"
#include "base/format.h"
#include "base/output.h"
#include "bindings.h"
#include "bytes.h"
#include "formats/safetensors.h"
#include "runtime/model.h"
#include "runtime/networks.h"
#include "text.h"
#include "weights.h"
#include "without_lock.h"

namespace spinenet::python {
namespace {

namespace py = pybind11;
using NamedClasses = std::vector<std::pair<int64_t, std::string>>;

runtime::Model open_file(const py::object& source) {
  if (py::isinstance<py::str>(source) || py::hasattr(source, "__fspath__")) {
    const std::string path = path_of(source);
    const WithoutLock without_lock;
    return runtime::open_model(path);
  }
  if (PyObject_CheckBuffer(source.ptr()) == 0) {
    throw py::type_error(fmt::format("a model is read from a path or from the bytes of its file, not from {}",
                                     Py_TYPE(source.ptr())->tp_name));
  }
  const HeldBytes held = bytes_of(source, "model");
  const std::span file(reinterpret_cast<const char*>(held.bytes.data()), held.bytes.size());
  const WithoutLock without_lock;
  return runtime::open_model(file, "model");
}

py::dict read_file_of_model(const py::object& source) {
  using namespace py::literals;
  runtime::Model model = open_file(source);
  py::list classes;
  for (const formats::ModelClass& one : model.file.classes) {
    classes.append(py::make_tuple(one.id, text_to_python(one.name)));
  }
  py::dict extra;
  for (const auto& [key, value] : model.file.extra) extra[text_to_python(key)] = text_to_python(value);
  return py::dict("architecture"_a = model.architecture, "task"_a = model.file.task, "classes"_a = classes,
                  "image_size"_a = model.file.image_size, "mean"_a = model.file.mean, "std"_a = model.file.std,
                  "extra"_a = extra, "weights"_a = to_dict(std::move(model.file.weights)));
}

void write_file_of_model(const py::object& path, const arch::Architecture& architecture, const std::string& task,
                         const NamedClasses& classes, int image_size, const std::array<float, 3>& mean,
                         const std::array<float, 3>& std, const py::dict& weights,
                         std::map<std::string, std::string> extra, bool overwrite) {
  runtime::Model model{path_of(path), {}, architecture};
  formats::ModelFile& file = model.file;
  file.architecture = arch::to_json(architecture);
  file.task = task;
  for (const auto& [id, name] : classes) file.classes.push_back({id, name});
  file.image_size = image_size;
  file.mean = mean;
  file.std = std;
  file.weights = weights_of(weights);
  file.extra = std::move(extra);
  const WithoutLock without_lock;
  runtime::networks_of(model);
  formats::check_finite(file.weights, model.path.string());
  formats::write_model(RunFiles().output({model.path, "spinenet_cpp", overwrite}), file);
}

}  // namespace

void bind_model_file(py::module_& module) {
  module.def("read_model_file", &read_file_of_model, "What a model file says, with its weights.",
             py::arg("path_or_bytes"));
  module.def("write_model_file", &write_file_of_model, "Writes a model file.", py::arg("path"), py::arg("architecture"),
             py::arg("task"), py::arg("classes"), py::arg("image_size"), py::arg("mean"), py::arg("std"),
             py::arg("weights"), py::arg("extra") = py::dict(), py::arg("overwrite") = false);
}

}  // namespace spinenet::python

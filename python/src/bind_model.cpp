// spinenet_cpp.Model: a model file opened, called with images.
#include "arch/text.h"
#include "base/error.h"
#include "base/format.h"
#include "bindings.h"
#include "bytes.h"
#include "images.h"
#include "model.h"
#include "prediction.h"
#include "runtime/model.h"
#include "runtime/precision_name.h"
#include "text.h"
#include "without_lock.h"

namespace spinenet::python {
namespace {

namespace py = pybind11;

bool is_model_path(const py::handle& object) {
  return py::isinstance<py::str>(object) || py::hasattr(object, "__fspath__");
}

runtime::RunOptions run_options(int threads, const std::string& precision, std::optional<int> image_size) {
  runtime::RunOptions options;
  options.threads = threads;
  options.precision =
      format_of(parse_enum<runtime::PrecisionName>(ErrorKind::usage, "precision", precision, "precision"));
  options.image_size = image_size.value_or(0);
  if (image_size && *image_size < 1) {
    fail(ErrorKind::usage, fmt::format("an image size of {}", *image_size), "image_size",
         "use at least 1, or None for the model's own");
  }
  return options;
}

std::unique_ptr<Model> open_model(const py::object& source, int threads, const std::string& precision,
                                  std::optional<int> image_size) {
  const runtime::RunOptions options = run_options(threads, precision, image_size);
  if (is_model_path(source)) {
    const std::string path = path_of(source);
    const WithoutLock without_lock;
    return std::make_unique<Model>(runtime::open_stored_model(path), options);
  }
  if (PyObject_CheckBuffer(source.ptr()) == 0) {
    throw py::type_error(fmt::format("a model is opened from a path or from the bytes of its file, not from {}",
                                     Py_TYPE(source.ptr())->tp_name));
  }
  const HeldBytes held = bytes_of(source, "model");
  const std::span file(reinterpret_cast<const char*>(held.bytes.data()), held.bytes.size());
  const WithoutLock without_lock;
  return std::make_unique<Model>(runtime::open_model(file, "model"), options);
}

// The session of one call of the model.
class Call {
 public:
  Call(Model& model, const detect::PostprocessOptions& post) : model_(model), session_(model.take(post)) {}
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  ~Call() { model_.give_back(std::move(session_)); }

  Prediction predict(const py::handle& image, ChannelOrder order, const std::string& place, int64_t image_id) {
    ImageSource source = source_of(image, order, place);
    runtime::ImagePrediction seen{image_id, {}, 0, 0, {}};
    if (const auto* path = std::get_if<std::filesystem::path>(&source.pixels)) seen.file_name = path->string();
    Found found;
    {
      const WithoutLock without_lock;
      const image::Image pixels = read_source(source);
      seen.height = pixels.height;
      seen.width = pixels.width;
      found = model_.predict(session_, pixels);
    }
    return {model_, std::move(found), std::move(seen), std::move(source)};
  }

 private:
  Model& model_;
  Model::Session session_;
};

py::object call_model(Model& model, const py::object& images, const runtime::ShownOptions& shown,
                      const std::string& color) {
  const auto order = parse_enum<ChannelOrder>(ErrorKind::usage, "order of the channels", color, "color");
  Call session(model, runtime::shown_postprocess(model.prepared().model, shown));
  if (!py::isinstance<py::list>(images) && !py::isinstance<py::tuple>(images)) {
    return py::cast(session.predict(images, order, "image", 1));
  }
  py::list predictions;
  int64_t count = 0;
  for (const py::handle image : images) {
    ++count;
    predictions.append(session.predict(image, order, fmt::format("image {}", count), count));
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
  }
  return predictions;
}

py::list class_names(const Model& model) {
  py::list names;
  for (const formats::ModelClass& one : *model.classes()) names.append(text_to_python(one.name));
  return names;
}

py::list class_ids(const Model& model) {
  py::list ids;
  for (const formats::ModelClass& one : *model.classes()) ids.append(one.id);
  return ids;
}

std::string model_text(const Model& model) {
  const runtime::PreparedModel& prepared = model.prepared();
  return fmt::format("<Model {}: {}, {} classes, {} pixels, {}, {} thread{}>", prepared.model.path.string(),
                     prepared.model.file.task, model.classes()->size(), prepared.image_size,
                     name_of(prepared.precision), prepared.threads, prepared.threads == 1 ? "" : "s");
}

}  // namespace

void bind_model(py::module_& module) {
  module.def("thread_budget", &runtime::process_thread_budget_size, "Threads that may compute at once.");
  module.def("set_thread_budget", &runtime::set_process_thread_budget, "Changes it before the first model is opened.",
             py::arg("threads"));
  py::class_<Model> type(module, "Model", "A model file opened and made ready for this processor.");
  type.attr("__module__") = kPackage;
  type.def(py::init(&open_model), py::arg("path_or_bytes"), py::arg("threads") = 0, py::arg("precision") = "fp32",
           py::arg("image_size") = py::none())
      .def(
          "__call__",
          [](Model& model, const py::object& images, std::optional<double> threshold, std::optional<int> max_detections,
             std::optional<int> max_per_class, const std::string& color) {
            return call_model(model, images, {threshold, max_detections, max_per_class}, color);
          },
          "What is in an image, or in each image of a list.", py::arg("images"), py::kw_only(),
          py::arg("threshold") = py::none(), py::arg("max_detections") = py::none(),
          py::arg("max_per_class") = py::none(), py::arg("color") = "rgb")
      .def_property_readonly(
          "task", [](const Model& m) { return m.prepared().model.file.task; }, "detect, segment or classify")
      .def_property_readonly("names", &class_names, "The names of the classes, in the order of the labels.")
      .def_property_readonly("class_ids", &class_ids, "Their ids in the data that the model was trained on.")
      .def_property_readonly(
          "image_size", [](const Model& m) { return m.prepared().image_size; }, "Pixels.")
      .def_property_readonly(
          "threads", [](const Model& m) { return m.prepared().threads; }, "That one image takes.")
      .def_property_readonly(
          "precision", [](const Model& m) { return name_of(m.prepared().precision); },
          "fp32, bf16 or int8: what was taken of \"auto\"")
      .def_property_readonly(
          "architecture", [](const Model& m) { return m.prepared().model.architecture; }, "The network, as data.")
      .def("__repr__", [](const Model& m) { return text_to_python(model_text(m)); });
}

}  // namespace spinenet::python

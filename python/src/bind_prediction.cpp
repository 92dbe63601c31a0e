// spinenet_cpp.Prediction: arrays of what was found, its drawing and its JSON.
#include "arch/task.h"
#include "arrays.h"
#include "base/error.h"
#include "base/format.h"
#include "bindings.h"
#include "image/encode.h"
#include "prediction.h"
#include "text.h"
#include "without_lock.h"

namespace spinenet::python {
namespace {

namespace py = pybind11;
using Objects = std::vector<detect::Detection>;

// Without Python's lock.
image::Image drawn(const Prediction& prediction) {
  image::Image image = read_source(prediction.source);
  const runtime::ImagePrediction& found = prediction.found;
  if (image.height != found.height || image.width != found.width) {
    fail(ErrorKind::usage,
         fmt::format("it has {} x {} pixels (height x width), and had {} x {} when objects were looked for",
                     image.height, image.width, found.height, found.width),
         prediction.source.place, "draw before the image is changed");
  }
  return runtime::draw(std::move(image), found.found, *prediction.classes);
}

py::array plot(const Prediction& prediction, const std::string& color) {
  const auto order = parse_enum<ChannelOrder>(ErrorKind::usage, "order of the channels", color, "color");
  image::Image image;
  {
    const WithoutLock without_lock;
    image = drawn(prediction);
    if (order == ChannelOrder::bgr) {
      for (size_t i = 0; i < image.pixels.size(); i += 3) std::swap(image.pixels[i], image.pixels[i + 2]);
    }
  }
  return array_of(std::move(image.pixels), {image.height, image.width, 3});
}

py::bytes png(const Prediction& prediction) {
  std::string bytes;
  {
    const WithoutLock without_lock;
    bytes = image::encode_png(drawn(prediction));
  }
  return bytes;
}

py::object masks(Prediction& prediction) {
  if (prediction.task != name_of(arch::Task::segment) || !prediction.masks.is_none()) return prediction.masks;
  const auto& objects = std::get<Objects>(prediction.found.found);
  const auto height = prediction.found.height, width = prediction.found.width;
  std::vector<uint8_t> all;
  {
    const WithoutLock without_lock;
    all.reserve(objects.size() * static_cast<size_t>(height) * static_cast<size_t>(width));
    for (const detect::Detection& object : objects) {
      const std::vector<uint8_t> one = detect::decode_mask(object.mask);
      all.insert(all.end(), one.begin(), one.end());
    }
  }
  prediction.masks = bool_array_of(std::move(all), {static_cast<py::ssize_t>(objects.size()), height, width});
  return prediction.masks;
}

py::list found_names(const Prediction& prediction) {
  py::list names;
  const auto labels = prediction.labels.unchecked<int64_t, 1>();
  for (py::ssize_t i = 0; i < labels.shape(0); ++i) {
    names.append(text_to_python((*prediction.classes)[static_cast<size_t>(labels(i))].name));
  }
  return names;
}

py::object to_coco(const Prediction& prediction, std::optional<int64_t> image_id, const py::object& file_name) {
  runtime::ImagePrediction named = prediction.found;
  named.image_id = image_id.value_or(named.image_id);
  if (!file_name.is_none()) named.file_name = path_of(file_name);
  return json_to_python(runtime::to_json({&named, 1}, *prediction.classes));
}

std::string prediction_text(const Prediction& prediction) {
  const auto count = prediction.scores.size();
  const char* what = prediction.is_of_classifier() ? "class" : "object";
  const char* plural = count == 1 ? "" : prediction.is_of_classifier() ? "es" : "s";
  return fmt::format("<Prediction: {}, {} x {} pixels (height x width), {} {}{}>", prediction.task,
                     prediction.found.height, prediction.found.width, count, what, plural);
}

}  // namespace

void bind_prediction(py::module_& module) {
  py::class_<Prediction> type(module, "Prediction", py::is_final(), "What was found in one image.");
  type.attr("__module__") = kPackage;
  type.def_readonly("task", &Prediction::task, "detect, segment or classify")
      .def_property_readonly(
          "height", [](const Prediction& p) { return p.found.height; }, "Pixels of the image.")
      .def_property_readonly(
          "width", [](const Prediction& p) { return p.found.width; }, "Pixels of the image.")
      .def_property_readonly(
          "image_id", [](const Prediction& p) { return p.found.image_id; }, "Counted from 1.")
      .def_property_readonly(
          "file_name", [](const Prediction& p) { return text_to_python(p.found.file_name); },
          "As it was given, or \"\".")
      .def_readonly("boxes", &Prediction::boxes, "float32 [N, 4]: x1, y1, x2, y2 in pixels; None of a classifier.")
      .def_readonly("scores", &Prediction::scores, "float32 [N], in descending order.")
      .def_readonly("labels", &Prediction::labels, "int64 [N]: places in the model's list of classes.")
      .def_readonly("class_ids", &Prediction::ids, "int64 [N]: the ids of the classes in the training data.")
      .def_property_readonly("names", &found_names, "The names of the classes, N of them.")
      .def_property_readonly("masks", &masks, "bool [N, height, width]; None where the model gives no masks.")
      .def_readonly("probabilities", &Prediction::probabilities, "float32 [K] of a classifier's K classes, else None.")
      .def("plot", &plot, "The image with what was found drawn on it: uint8 [height, width, 3].", py::kw_only(),
           py::arg("color") = "rgb")
      .def("to_coco", &to_coco, "The entries that `spinenet predict --json` writes for the image.",
           py::arg("image_id") = py::none(), py::arg("file_name") = py::none())
      .def("_repr_png_", &png)
      .def("__len__", [](const Prediction& p) { return p.scores.size(); })
      .def("__repr__", &prediction_text);
}

}  // namespace spinenet::python

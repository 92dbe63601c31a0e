#include "object_masks.h"

#include "arrays.h"
#include "base/error.h"
#include "base/format.h"
#include "bindings.h"
#include "boxes.h"
#include "graph/lower_two_stage.h"
#include "network_anchors.h"
#include "without_lock.h"

namespace spinenet::python {
namespace {

namespace py = pybind11;
constexpr int kLargestTarget = 1024;
constexpr py::ssize_t kLargestBitmap = 1 << 30;  // pixels of one

ObjectMasks masks_of_bitmaps(const Bools& bitmaps) {
  if (bitmaps.ndim() != 3) fail(ErrorKind::usage, "bitmaps are [M, height, width]", "bitmaps");
  const py::ssize_t height = bitmaps.shape(1), width = bitmaps.shape(2);
  if (height < 1 || width < 1 || height > kLargestBitmap / width) {
    fail(ErrorKind::usage, fmt::format("bitmaps of {} x {} pixels", height, width), "bitmaps");
  }
  std::vector<detect::ObjectMask> masks;
  const auto* at = reinterpret_cast<const uint8_t*>(bitmaps.data());
  const auto pixels = static_cast<size_t>(height * width);
  for (py::ssize_t i = 0; i < bitmaps.shape(0); ++i, at += pixels) {
    masks.push_back({{{}, detect::encode_mask({at, pixels}, height, width)}, {}, {}});
  }
  return ObjectMasks(std::move(masks));
}

py::array present_of(const ObjectMasks& masks) {
  std::vector<uint8_t> present;
  for (size_t i = 0; i < masks.size(); ++i) present.push_back(masks.has(i) ? 1 : 0);
  const auto count = static_cast<py::ssize_t>(present.size());
  return bool_array_of(std::move(present), {count});
}

void check_size(int size, int largest) {
  if (size < 1 || size > largest) {
    fail(ErrorKind::usage, fmt::format("a size of {}", size), "size", fmt::format("use 1 to {}", largest));
  }
}

py::array targets_of_masks(const ObjectMasks& masks, const Labels& objects, const Floats& rois, int size) {
  const std::vector<detect::Box> boxes = boxes_of(rois, "rois");
  check_size(size, kLargestTarget);
  if (objects.size() != static_cast<py::ssize_t>(boxes.size())) {
    fail(ErrorKind::usage, fmt::format("{} ROIs and {} objects", boxes.size(), objects.size()), "objects");
  }
  const std::vector<int64_t> places(objects.data(), objects.data() + objects.size());
  for (const int64_t place : places) {
    if (place < 0 || place >= static_cast<int64_t>(masks.size())) {
      fail(ErrorKind::usage, fmt::format("object {} of {}", place, masks.size()), "objects");
    }
    if (!masks.has(static_cast<size_t>(place))) {
      fail(ErrorKind::usage, fmt::format("object {} has no mask", place), "objects", "choose those that are present");
    }
  }
  std::vector<uint8_t> cells;
  {
    const WithoutLock without_lock;
    for (size_t i = 0; i < boxes.size(); ++i) {
      const std::vector<uint8_t> own = detect::mask_target(masks[static_cast<size_t>(places[i])], boxes[i], size);
      cells.insert(cells.end(), own.begin(), own.end());
    }
  }
  return bool_array_of(std::move(cells), {objects.size(), size, size});
}

py::array masks_over_input(const ObjectMasks& masks, int size) {
  check_size(size, kLargestInput);
  std::vector<uint8_t> pixels;
  {
    const WithoutLock without_lock;
    const auto each = static_cast<size_t>(size) * static_cast<size_t>(size);
    for (size_t i = 0; i < masks.size(); ++i) {
      const std::vector<uint8_t> own =
          masks.has(i) ? detect::decode_mask(detect::mask_over_input(masks[i], size)) : std::vector<uint8_t>(each, 0);
      pixels.insert(pixels.end(), own.begin(), own.end());
    }
  }
  return bool_array_of(std::move(pixels), {static_cast<py::ssize_t>(masks.size()), size, size});
}

}  // namespace

void bind_object_masks(py::module_& module) {
  py::class_<ObjectMasks> type(module, "ObjectMasks", py::is_final(), "The masks of one image's objects.");
  type.attr("__module__") = kPackage;
  type.def(py::init(&masks_of_bitmaps), py::arg("bitmaps"))
      .def("__len__", &ObjectMasks::size)
      .def_property_readonly("present", &present_of, "Which objects have a mask.")
      .def("targets", &targets_of_masks, "What a mask head learns of ROIs.", py::arg("objects"), py::arg("rois"),
           py::arg_v("size", graph::kMaskSize, "28"))
      .def("over_input", &masks_over_input, "The masks as pixels of the network's input.", py::arg("size"));
}

}  // namespace spinenet::python

#include "images.h"

#include <pybind11/numpy.h>

#include "base/error.h"
#include "base/format.h"
#include "bytes.h"
#include "image/decode.h"
#include "text.h"

namespace spinenet::python {
namespace {

namespace py = pybind11;

// What PIL converts to RGB by itself as the decoder of this project would: palettes, and alpha, which is dropped.
constexpr std::array<std::string_view, 8> kConvertedModes = {"1", "P", "PA", "LA", "RGBA", "RGBX", "CMYK", "YCbCr"};

[[noreturn]] void refuse_shape(const py::array& array, const std::string& place) {
  std::vector<py::ssize_t> shape(array.shape(), array.shape() + array.ndim());
  const bool channels_first = shape.size() == 3 && (shape[0] == 3 || shape[0] == 1);
  const bool has_alpha = shape.size() == 3 && shape[2] == 4;
  fail(ErrorKind::usage, fmt::format("an array of the shape [{}] is no image", fmt::join(shape, ", ")), place,
       channels_first ? "bring the channels to the end: numpy.moveaxis(array, 0, -1)"
       : has_alpha    ? "drop the alpha channel: array[..., :3]"
                      : "give [height, width, 3], or [height, width] for grey pixels; for several images a list");
}

int side_of(py::ssize_t side) {
  return static_cast<int>(std::min<py::ssize_t>(side, std::numeric_limits<int>::max()));
}

ImageSource source_of_array(const py::array& array, ChannelOrder order, const std::string& place) {
  const std::string type = py::str(array.attr("dtype").attr("name"));
  if (type != "uint8") {
    fail(ErrorKind::usage, fmt::format("pixels are bytes (uint8), and the array's type is {}", type), place,
         "scale to 0 to 255 and give array.astype(numpy.uint8)");
  }
  const bool gray = array.ndim() == 2;
  if (!gray && (array.ndim() != 3 || array.shape(2) != 3)) refuse_shape(array, place);
  if (array.size() == 0) refuse_shape(array, place);
  const PixelView view{static_cast<const uint8_t*>(array.data()),
                       side_of(array.shape(0)),
                       side_of(array.shape(1)),
                       array.strides(0),
                       array.strides(1),
                       gray ? 0 : array.strides(2),
                       order};
  const std::string objection = image::objection_to({view.height, view.width});
  if (!objection.empty()) fail(ErrorKind::usage, objection, place, "scale it down, or cut it into parts");
  return {place, view, array};
}

bool is_pil_image(const py::handle& object) {
  return py::hasattr(object, "mode") && py::hasattr(object, "convert") && py::hasattr(object, "__array_interface__");
}

// Its pixels as they are: the orientation that a file gives is applied by who opened it.
ImageSource source_of_pil(const py::handle& object, const std::string& place) {
  py::object image = py::reinterpret_borrow<py::object>(object);
  const std::string mode = py::str(object.attr("mode"));
  if (mode != "RGB" && mode != "L") {
    if (std::ranges::find(kConvertedModes, mode) == kConvertedModes.end()) {
      fail(ErrorKind::usage, fmt::format("a PIL image of the mode \"{}\"", mode), place, "convert it to RGB");
    }
    image = object.attr("convert")("RGB");
  }
  return source_of_array(py::module_::import("numpy").attr("asarray")(image), ChannelOrder::rgb, place);
}

image::Image copy_pixels(const PixelView& view) {
  image::Image image = image::make_image(view.height, view.width);
  const std::ptrdiff_t red = view.order == ChannelOrder::bgr ? 2 * view.channel_step : 0;
  const std::ptrdiff_t blue = 2 * view.channel_step - red;
  const bool rows_fit = view.order == ChannelOrder::rgb && view.channel_step == 1 && view.column_step == 3;
  for (int y = 0; y < view.height; ++y) {
    const uint8_t* from = view.data + y * view.row_step;
    uint8_t* to = image.at(y, 0);
    if (rows_fit) {
      std::copy_n(from, std::ptrdiff_t{3} * view.width, to);
      continue;
    }
    for (int x = 0; x < view.width; ++x, from += view.column_step, to += 3) {
      to[0] = from[red];
      to[1] = from[view.channel_step];
      to[2] = from[blue];
    }
  }
  return image;
}

}  // namespace

ImageSource source_of(const py::handle& object, ChannelOrder order, const std::string& place) {
  if (py::isinstance<py::str>(object) || py::hasattr(object, "__fspath__")) {
    const std::string path = path_of(object);
    return {path, std::filesystem::path(path)};
  }
  if (py::isinstance<py::array>(object)) {
    return source_of_array(py::reinterpret_borrow<py::array>(object), order, place);
  }
  if (is_pil_image(object)) return source_of_pil(object, place);
  if (py::hasattr(object, "__array_interface__") || py::hasattr(object, "__array__")) {
    return source_of_array(py::module_::import("numpy").attr("asarray")(object), order, place);
  }
  if (PyObject_CheckBuffer(object.ptr()) != 0) {
    const HeldBytes held = bytes_of(object, place);
    return {place, held.bytes, held.keeper};
  }
  throw py::type_error(
      fmt::format("{}: {} is no image; give a path, the bytes of an image file, a NumPy array "
                  "[height, width, 3] of uint8, or a PIL image",
                  place, Py_TYPE(object.ptr())->tp_name));
}

image::Image read_source(const ImageSource& source) {
  if (const auto* path = std::get_if<std::filesystem::path>(&source.pixels)) return image::read_image(*path);
  if (const auto* view = std::get_if<PixelView>(&source.pixels)) return copy_pixels(*view);
  return image::decode_image(std::get<std::span<const uint8_t>>(source.pixels), source.place);
}

}  // namespace spinenet::python

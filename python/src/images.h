// What Python hands in as an image: a path, the bytes of an image file, or pixels (a NumPy array, a PIL image, anything
// that NumPy makes an array of).
//
// Thread contract: source_of and the life of an ImageSource want Python's lock (the GIL); read_source does without.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <variant>

#include <pybind11/pybind11.h>

#include "base/enum_names.h"
#include "image/image.h"

namespace spinenet::python {

// Of the three samples of a pixel in an array. Files say themselves what they hold.
enum class ChannelOrder { rgb, bgr };
constexpr auto names(ChannelOrder) {
  using enum ChannelOrder;
  return named<ChannelOrder>({{rgb, "rgb"}, {bgr, "bgr"}});
}

// 8-bit samples in memory of Python; steps in bytes, which may be negative or 0.
struct PixelView {
  const uint8_t* data = nullptr;
  int height = 0, width = 0;
  std::ptrdiff_t row_step = 0, column_step = 0;
  std::ptrdiff_t channel_step = 0;  // 0 for grey pixels
  ChannelOrder order = ChannelOrder::rgb;
};

struct ImageSource {
  std::string place;  // in messages: the path, "image" or "image 3"
  std::variant<std::filesystem::path, std::span<const uint8_t>, PixelView> pixels;
  pybind11::object keeper = {};  // of the memory
};

// TypeError where `object` is nothing of these, ErrorKind::usage where its shape or type makes no sense as an image.
ImageSource source_of(const pybind11::handle& object, ChannelOrder order, const std::string& place);
image::Image read_source(const ImageSource& source);

}  // namespace spinenet::python

// Any bytes decode to a whole image of the size the header names, or are refused as bad data.
#include <cstdint>
#include <cstdlib>
#include <span>

#include "base/error.h"
#include "image/decode.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace spinenet;
  const std::span<const uint8_t> bytes(data, size);
  const image::DecodeLimits limits{.max_pixels = 1 << 18, .max_bytes = 1 << 20, .max_scans = 20};
  try {
    const image::Image image = image::decode_image(bytes, "fuzz", limits);
    if (image.pixels.size() != static_cast<size_t>(image.height) * static_cast<size_t>(image.width) * 3) std::abort();
    if (image::image_size(bytes, "fuzz") != image::ImageSize{image.height, image.width}) std::abort();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::bad_data) std::abort();
  }
  try {
    image::image_size(bytes, "fuzz");
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::bad_data) std::abort();
  }
  return 0;
}

// An 8-bit RGB image in memory: rows from the top, pixels interleaved R, G, B.
//
// Invariant: pixels.size() == height * width * 3.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace spinenet::image {

struct Image {
  int height = 0, width = 0;
  std::vector<uint8_t> pixels;

  uint8_t* at(int y, int x) { return pixels.data() + (static_cast<int64_t>(y) * width + x) * 3; }
  const uint8_t* at(int y, int x) const { return pixels.data() + (static_cast<int64_t>(y) * width + x) * 3; }
};

inline Image make_image(int height, int width, uint8_t fill = 0) {
  return {height, width, std::vector<uint8_t>(static_cast<size_t>(height) * width * 3, fill)};
}

}  // namespace spinenet::image

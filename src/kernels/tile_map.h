// The tiles of a map in Winograd's way, and where their pixels lie.
//
// Thread contract: pure functions on the memory that they are given.
#pragma once

#include <algorithm>
#include <array>

#include "kernels/kernels.h"
#include "kernels/parts.h"

namespace spinenet::kernels {

// Between the products of a tile, so that they do not fall on the same lines of the cache.
constexpr int64_t kProductGap = 16;

// Its top left pixel.
struct Tile {
  int64_t image = 0, y = 0, x = 0;
};

inline Tile tile_at(int64_t number, int64_t down, int64_t across) {
  const int64_t at = number % (down * across);
  return {number / (down * across), at / across * kWinogradTile, at % across * kWinogradTile};
}

// A map of [images, height, width, channels].
struct TileMap {
  const float* map = nullptr;
  int64_t height = 0, width = 0, channels = 0;

  // The pixels of a square, row after row, each with its channels rounded up to blocks. What lies outside of the map,
  // or has no whole blocks, lies in `memory`: side * side such pixels.
  std::array<const float*, kWinogradProducts> places(int64_t image, int64_t top, int64_t left, int64_t side,
                                                     float* memory) const {
    std::array<const float*, kWinogradProducts> found{};
    const int64_t floats = rounded_up(channels, kChannelBlock);
    for (int64_t i = 0; i < side; ++i) {
      for (int64_t j = 0; j < side; ++j) {
        const int64_t y = top + i, x = left + j, number = i * side + j;
        const bool inside = y >= 0 && y < height && x >= 0 && x < width;
        const float* pixel = map + ((image * height + y) * width + x) * channels;
        float* const own = memory + number * floats;
        if (!inside || floats != channels) {
          if (inside) std::copy_n(pixel, channels, own);
          std::fill(own + (inside ? channels : 0), own + floats, 0.0F);
          pixel = own;
        }
        found[static_cast<size_t>(number)] = pixel;
      }
    }
    return found;
  }
};

}  // namespace spinenet::kernels

// The plain body of the tile.
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "kernels/tiles.h"

namespace spinenet::kernels {
namespace {

#include "kernels/tile_multiply.inc"

// The processor counts denormal numbers as zero here, whatever the thread's mode.
float without_denormals(float x) {
  return std::abs(x) < std::numeric_limits<float>::min() ? 0 * x : x;
}

float float_of(uint16_t upper) {
  return without_denormals(std::bit_cast<float>(uint32_t{upper} << 16));
}

class PlainTiles {
 public:
  template <int kTile>
  void zero() {
    tiles_[kTile].fill(0);
  }
  template <int kTile>
  void load(const void* from, int64_t stride) {
    for (int64_t r = 0; r < kTileRows; ++r) {
      std::memcpy(tiles_[kTile].data() + r * kTileBytes, static_cast<const char*>(from) + r * stride, kTileBytes);
    }
  }
  template <int kTile>
  void store(void* to, int64_t stride) const {
    for (int64_t r = 0; r < kTileRows; ++r) {
      std::memcpy(static_cast<char*>(to) + r * stride, tiles_[kTile].data() + r * kTileBytes, kTileBytes);
    }
  }

  // The product of two bf16 values is a float, so that adding it rounds once, as the instruction does.
  template <int kC, int kA, int kB>
  void add_bf16() {
    std::array<std::array<float, kWords>, kTileRows> even_b, odd_b;
    for (size_t k = 0; k < kTileRows; ++k) {
      for (size_t n = 0; n < kWords; ++n) {
        even_b[k][n] = float_of(at<uint16_t>(kB, k, 2 * n));
        odd_b[k][n] = float_of(at<uint16_t>(kB, k, 2 * n + 1));
      }
    }
    for (size_t m = 0; m < kTileRows; ++m) {
      std::array<float, kWords> even{}, odd{};
      for (size_t k = 0; k < kTileRows; ++k) {
        const float x = float_of(at<uint16_t>(kA, m, 2 * k)), y = float_of(at<uint16_t>(kA, m, 2 * k + 1));
        for (size_t n = 0; n < kWords; ++n) even[n] = without_denormals(even[n] + x * even_b[k][n]);
        for (size_t n = 0; n < kWords; ++n) odd[n] = without_denormals(odd[n] + y * odd_b[k][n]);
      }
      for (size_t n = 0; n < kWords; ++n) {
        const float sum = without_denormals(even[n] + odd[n]);
        set(kC, m, n, without_denormals(at<float>(kC, m, n) + sum));
      }
    }
  }

  template <int kC, int kA, int kB>
  void add_int8() {
    for (size_t m = 0; m < kTileRows; ++m) {
      std::array<int32_t, kWords> sums{};
      for (size_t k = 0; k < kTileBytes; ++k) {
        const int32_t x = at<uint8_t>(kA, m, k);
        for (size_t n = 0; n < kWords; ++n) sums[n] += x * at<int8_t>(kB, k / 4, 4 * n + k % 4);
      }
      for (size_t n = 0; n < kWords; ++n) set(kC, m, n, at<int32_t>(kC, m, n) + sums[n]);
    }
  }

 private:
  static constexpr size_t kWords = kTileBytes / 4;

  template <class Number>
  Number at(size_t tile, size_t row, size_t index) const {
    Number number;
    std::memcpy(&number, tiles_[tile].data() + row * kTileBytes + index * sizeof(Number), sizeof number);
    return number;
  }
  template <class Number>
  void set(size_t tile, size_t row, size_t index, Number number) {
    std::memcpy(tiles_[tile].data() + row * kTileBytes + index * sizeof(Number), &number, sizeof number);
  }

  std::array<std::array<char, kTileRows * kTileBytes>, 8> tiles_{};
};

bool permit() {
  return true;
}

void nothing() {}

template <class Numbers>
void multiply(const TileProduct& p) {
  PlainTiles tiles;
  multiply_in_tiles<Numbers>(tiles, p);
}

void to_bf16(const float* from, int64_t count, uint16_t* to) {
  for (int64_t i = 0; i < count; ++i) to[i] = rounded_to_bf16(from[i]);
}

}  // namespace

const TileKernels& plain_tile_kernels() {
  static constexpr TileKernels kPlain{permit, nothing, nothing, multiply<Bf16Tiles>, multiply<ByteTiles>, to_bf16};
  return kPlain;
}

}  // namespace spinenet::kernels

// The plain body of the tile.
#include <array>
#include <bit>
#include <cmath>
#include <cstring>

#include "kernels/tiles.h"

namespace spinenet::kernels {
namespace {

#include "kernels/tile_multiply.inc"

// The processor counts denormal numbers as zero here, whatever the thread's mode.
float without_denormals(float x) {
  return std::fpclassify(x) == FP_SUBNORMAL ? std::copysign(0.0F, x) : x;
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

  template <int kC, int kA, int kB>
  void add_bf16() {
    for (int64_t m = 0; m < kTileRows; ++m) {
      for (int64_t n = 0; n < kWords; ++n) {
        float even = 0, odd = 0;
        for (int64_t k = 0; k < kTileRows; ++k) {
          const auto x = at<uint16_t>(kA, m, 2 * k), y = at<uint16_t>(kA, m, 2 * k + 1);
          even = without_denormals(std::fma(float_of(x), float_of(at<uint16_t>(kB, k, 2 * n)), even));
          odd = without_denormals(std::fma(float_of(y), float_of(at<uint16_t>(kB, k, 2 * n + 1)), odd));
        }
        const float sum = without_denormals(without_denormals(even + odd) + at<float>(kC, m, n));
        set(kC, m, n, sum);
      }
    }
  }

  template <int kC, int kA, int kB>
  void add_int8() {
    for (int64_t m = 0; m < kTileRows; ++m) {
      for (int64_t n = 0; n < kWords; ++n) {
        auto sum = at<int32_t>(kC, m, n);
        for (int64_t k = 0; k < kTileBytes; ++k) {
          sum += at<uint8_t>(kA, m, k) * at<int8_t>(kB, k / 4, 4 * n + k % 4);
        }
        set(kC, m, n, sum);
      }
    }
  }

 private:
  static constexpr int64_t kWords = kTileBytes / 4;

  template <class Number>
  Number at(size_t tile, int64_t row, int64_t index) const {
    Number number;
    std::memcpy(&number, tiles_[tile].data() + row * kTileBytes + index * int64_t{sizeof(Number)}, sizeof number);
    return number;
  }
  template <class Number>
  void set(size_t tile, int64_t row, int64_t index, Number number) {
    std::memcpy(tiles_[tile].data() + row * kTileBytes + index * int64_t{sizeof(Number)}, &number, sizeof number);
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

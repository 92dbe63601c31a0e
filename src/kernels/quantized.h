// What the inner loops on maps of bytes take: products in integers, and what turns their sums into bytes or
// floats.
//
// A byte q stands for scale * (q - zero). Layout: as in kernels.h, with bytes for floats; packed weights are
// [panel][k / 4][column][4], so that four steps of k lie together. Sums are exact: 32-bit integers, whatever the
// instruction set. Thread contract: plain data. Source: Jacob et al. 2018 (integer arithmetic with a zero
// point of activations, symmetric weights).
#pragma once

#include <cstdint>
#include <span>

namespace spinenet::kernels {

enum class EpilogueActivation;

// C = A * B for A [rows, k] with row stride a_stride, and columns of packed B from a panel's first on.
struct QuantizedProduct {
  const uint8_t* a = nullptr;
  int64_t a_stride = 0;
  int64_t rows = 0;
  int64_t k = 0;  // a multiple of 16
  const int8_t* b = nullptr;
  int32_t* c = nullptr;
  int64_t c_stride = 0;
  int64_t columns = 0;  // a multiple of kChannelBlock
};

// The same for 16-bit numbers; packed weights are [panel][k / 2][column][2].
struct PairProduct {
  const int16_t* a = nullptr;
  int64_t a_stride = 0;
  int64_t rows = 0;
  int64_t k = 0;  // a multiple of 8
  const int16_t* b = nullptr;
  int32_t* c = nullptr;
  int64_t c_stride = 0;
  int64_t columns = 0;  // a multiple of kChannelBlock
};

// Where numbers come from: bytes, floats or bf16 values; the others are null.
struct NumberSource {
  const uint8_t* bytes = nullptr;
  const float* floats = nullptr;
  const uint16_t* bf16 = nullptr;
  float scale = 1, zero = 0;  // of bytes
};

struct NumberTarget {
  uint8_t* bytes = nullptr;
  float* floats = nullptr;
  uint16_t* bf16 = nullptr;
  float inverse_scale = 1, zero = 0;  // of bytes
};

// One pixel of a product: y = activate(scale * sum + shift + residual), channel by channel.
struct FinishedPixel {
  const int32_t* sums = nullptr;      // or
  const float* float_sums = nullptr;  // the other is null
  int64_t columns = 0;
  const float* scale = nullptr;
  const float* shift = nullptr;
  EpilogueActivation activation{};
  NumberSource residual = {};  // all null: none
  NumberTarget to = {};
};

// Pixels of a product, whose outputs and residuals lie anywhere: the same, with the scale and shift of some channels
// for all pixels before those of the next.
struct FinishedPixels {
  const int32_t* sums = nullptr;      // or
  const float* float_sums = nullptr;  // the other is null
  int64_t sum_stride = 0;             // numbers from pixel to pixel
  int64_t pixels = 0, columns = 0;
  const float* scale = nullptr;
  const float* shift = nullptr;
  EpilogueActivation activation{};
  NumberSource residual = {};            // all null: none
  const int64_t* residual_at = nullptr;  // of each pixel, the first number
  NumberTarget to = {};
  const int64_t* to_at = nullptr;
};

// One row of pixels: y = activate(scale * (sum of terms) + shift); a term's pixel x lies at [x / factor * stride].
struct MixedTerm {
  NumberSource row;
  int factor = 1;
};
struct MixedRow {
  std::span<const MixedTerm> terms = {};
  NumberTarget to = {};
  int64_t pixels = 0, channels = 0;  // channels: the stride
  const float* scale = nullptr;      // null: neither scale nor shift
  const float* shift = nullptr;
  EpilogueActivation activation{};
};

// One tile of Winograd's F(4x4, 3x3): where its 36 inputs lie, null for padding. Makes bytes less `zero` to 16-bit
// numbers.
struct Int8WinogradInput {
  const uint8_t* const* pixels = nullptr;
  int zero = 0;
  int64_t channels = 0;
  int16_t* to = nullptr;  // [36][product_stride]: the tile's row of each product
  int64_t product_stride = 0;
};

struct Int8WinogradOutput {
  const int32_t* from = nullptr;  // [36][product_stride]
  int64_t product_stride = 0;
  const float* product_scales = nullptr;  // [36][scale_stride]: what a sum of 1 is worth
  int64_t scale_stride = 0;
  int64_t channels = 0;
  const float* scale = nullptr;
  const float* shift = nullptr;
  EpilogueActivation activation{};
  NumberTarget to = {};  // top left pixel
  int64_t row_stride = 0, pixel_stride = 0;
  int height = 0, width = 0;             // how much of the 4x4 pixels lies in the image
  NumberSource residual = {};            // both null: none
  const int64_t* residual_at = nullptr;  // of each of the 16 pixels
};

// One pixel: the largest of a window of pixels that lie `pixel_stride` and `row_stride` apart.
template <class Number>
struct WindowOf {
  const Number* from = nullptr;
  int rows = 0, columns = 0;
  int64_t row_stride = 0, pixel_stride = 0;
  int64_t channels = 0;
  Number* to = nullptr;
};
using MaxByteWindow = WindowOf<uint8_t>;
using MaxBf16Window = WindowOf<uint16_t>;

}  // namespace spinenet::kernels

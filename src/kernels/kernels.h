// The inner loops of the engine, once for each instruction set, behind one table of functions.
//
// Layout: activations are [height, width, stride] with the channels last; `stride` is the number of channels rounded up
// to kChannelBlock, and what lies between is finite. Weights are packed in panels of `panel` columns:
// [panel][k][column]. Thread contract: pure functions on the memory that they are given. Source: Goto and van de Geijn
// 2008 (packed products); Lavin and Gray 2016 (Winograd's minimal filtering).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "kernels/bf16.h"
#include "kernels/quantized.h"
#include "kernels/tiles.h"

namespace spinenet::kernels {

constexpr int64_t kChannelBlock = 16;
// The sums of at most so many rows of a product stay in registers, with the instruction set that has the most.
constexpr int kRegisterRows = 14;
// A tile of the Winograd transform F(4x4, 3x3): 6x6 inputs give 4x4 outputs by way of 36 products. Small maps take
// F(2x2, 3x3): 4x4 inputs, 2x2 outputs, 16 products.
constexpr int kWinogradTile = 4, kWinogradInput = 6, kWinogradProducts = 36;
constexpr int kSmallTile = 2;

enum class EpilogueActivation {
  none,
  relu,
  swish,
  hard_swish,
  sigmoid,
  hard_sigmoid,
  mish,
  leaky_relu,
  relu6,
  leaky_relu_001
};

// y = activate(scale * x + shift + residual), channel by channel.
struct Epilogue {
  const float* scale = nullptr;  // one for each column
  const float* shift = nullptr;
  EpilogueActivation activation = EpilogueActivation::none;
};

// C = A * B for A [rows, k] with row stride a_stride, and columns [first_panel * panel, ...) of packed B.
struct Product {
  const float* a = nullptr;
  int64_t a_stride = 0;
  int64_t rows = 0;
  int64_t k = 0;  // a multiple of 4
  const float* b = nullptr;
  int64_t b_stride = 0;  // from panel to panel
  float* c = nullptr;    // at the first column
  int64_t c_stride = 0;
  int64_t columns = 0;                      // a multiple of kChannelBlock
  const Epilogue* epilogue = nullptr;       // at the first column; null: none
  const float* const* residuals = nullptr;  // one row of columns for each row of C, or null
};

// One tile: where its 36 or 16 inputs lie, [stride] channels each (a row of zeros for padding).
struct WinogradInput {
  bool small = false;  // 4x4 inputs
  const float* const* pixels = nullptr;
  int64_t channels = 0;
  float* to = nullptr;  // [products][product_stride]: the tile's row of each product
  int64_t product_stride = 0;
};

struct WinogradOutput {
  bool small = false;           // 2x2 outputs
  const float* from = nullptr;  // [products][product_stride]
  int64_t product_stride = 0;
  int64_t channels = 0;
  float* to = nullptr;  // top left pixel
  int64_t row_stride = 0, pixel_stride = 0;
  int height = 0, width = 0;  // how much of the tile's pixels lies in the image
  Epilogue epilogue;
  const float* const* residuals = nullptr;  // one for each pixel of the tile, or null
};

// One row of pixels: y = activate(scale * (sum of terms) + shift); a term's pixel x lies at row[x / factor * stride].
struct SumTerm {
  const float* row = nullptr;
  int factor = 1;
};
struct SumRow {
  std::span<const SumTerm> terms;
  float* to = nullptr;
  int64_t pixels = 0, channels = 0;  // channels: the stride
  Epilogue epilogue;
};

using MaxWindow = WindowOf<float>;

// One pixel of a depthwise convolution: the sum over a window of pixels, each channel by its own taps.
struct DepthwiseWindow {
  const float* from = nullptr;
  int rows = 0, columns = 0;
  int64_t row_stride = 0, pixel_stride = 0;
  const float* taps = nullptr;  // of the window's first pixel; [row][column][channel]
  int64_t tap_row_stride = 0;
  int64_t channels = 0;
  float* to = nullptr;
  Epilogue epilogue;
  const float* residual = nullptr;  // a pixel, or null
};

// One pixel: the weighted sum of pixels of a map, each `pixel_stride` times its number away.
struct WeighPixels {
  const float* from = nullptr;
  int64_t pixel_stride = 0;
  std::span<const int64_t> pixels;
  std::span<const float> weights;
  int64_t channels = 0;
  float* to = nullptr;
};

// One row of an image whose channels lie in planes: to pixel after pixel, floats or bytes.
struct ImageRow {
  const float* from = nullptr;  // of the first channel
  int64_t plane = 0;            // from channel to channel
  int64_t channels = 0, pixels = 0;
  NumberTarget to;
  int64_t stride = 0;  // from pixel to pixel; channels beyond the image's are zero
};

struct Kernels {
  std::string_view name;  // "amx", "avx512_vnni", "avx512", "avx2", "plain_tiles" or "portable"
  int panel = 0;          // columns of a panel of packed weights
  void (*multiply)(const Product&) = nullptr;
  void (*winograd_input)(const WinogradInput&) = nullptr;
  void (*winograd_output)(const WinogradOutput&) = nullptr;
  void (*sum_row)(const SumRow&) = nullptr;
  void (*max_window)(const MaxWindow&) = nullptr;
  void (*depthwise_window)(const DepthwiseWindow&) = nullptr;
  void (*weigh_pixels)(const WeighPixels&) = nullptr;
  void (*quantized_multiply)(const QuantizedProduct&) = nullptr;
  void (*pair_multiply)(const PairProduct&) = nullptr;
  void (*int8_winograd_input)(const Int8WinogradInput&) = nullptr;
  void (*int8_winograd_output)(const Int8WinogradOutput&) = nullptr;
  void (*finish_pixel)(const FinishedPixel&) = nullptr;
  void (*finish_pixels)(const FinishedPixels&) = nullptr;
  void (*image_row)(const ImageRow&) = nullptr;
  void (*mixed_row)(const MixedRow&) = nullptr;
  void (*max_byte_window)(const MaxByteWindow&) = nullptr;
  void (*max_bf16_window)(const MaxBf16Window&) = nullptr;
  // Null where the processor has no bf16.
  Bf16Multiply bf16_multiply = nullptr;
  ToBf16 to_bf16 = nullptr;
  const TileKernels* tiles = nullptr;  // null: none
  // So many rounds of the most multiply-adds that registers alone allow; gives their number for one round.
  int64_t (*multiply_add_rounds)(int64_t rounds) = nullptr;
};

// Best first; "" is the best. The last but the portable ones, "plain_tiles", multiply in tiles without the
// instructions: they are there to be tested against, and slow.
std::span<const Kernels> all_kernels();
// For products in tiles, too, or not: the system is asked for their registers only where they are wanted, because a
// process that has them needs larger stacks for its signals. ErrorKind::unsupported when this machine has no such
// instructions or the system refuses.
enum class Tiles { unwanted, wanted };
const Kernels& find_kernels(std::string_view name, Tiles tiles = Tiles::unwanted);

}  // namespace spinenet::kernels

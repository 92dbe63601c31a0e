// Where a task of a convolution finds its rows and puts what it makes on the way: the tiles of a step and the layout of
// a thread's scratch, in every number format.
//
// Thread contract: pure functions.
#pragma once

#include <vector>

#include "engine/plan/plan.h"
#include "kernels/parts.h"

namespace spinenet::engine {

using kernels::parts, kernels::rounded_up;

// The most rows that a choice may ask for at a time.
constexpr int64_t kMaxTaskRows = 640;
// Winograd's products for so many panels are made before they are transformed.
constexpr int64_t kPanelsTogether = 2;
// Between the rows of a tile's products, so that they do not fall on the same lines of the cache.
constexpr int64_t kProductGap = 16;
// The sums of a bf16 or int8 product for so many panels are made before they are finished.
constexpr int64_t kSumPanels = 4;
// Floats, and bytes, of a window's line that are copied at once where the line is short (copy_lines.h).
constexpr int64_t kShortLine = 24, kShortByteLine = 32;

inline bool has_tiles(const ConvStep& step) {
  return tile_of(step.choice.algorithm) > 0;
}
// The tiles of one image over all sites, by the step's algorithm.
std::vector<WinogradTile> tiles_of(const ConvStep& step);
// How many of this side that is.
int64_t tile_count(const ConvStep& step, int side);

// So much of the rows of a direct fp32 product at a time that they stay in the second cache while all weights pass by.
constexpr int64_t kDepth = 1024;
inline int64_t parts_of_k(const ConvStep& step) {
  const bool in_parts = step.choice.algorithm == ConvAlgorithm::direct && step.format == NumberFormat::fp32;
  return in_parts ? parts(step.k, kDepth) : 1;
}

// Whether a product takes its rows as they lie in the map. Rows of floats that are a multiple of a page apart would
// fall on the same few lines of the cache: they are copied closer.
inline bool reads_rows_in_place(const ConvStep& step) {
  constexpr int64_t kPageFloats = 1024;
  const bool close = step.format == NumberFormat::int8 || step.k % kPageFloats != 0;
  return step.choice.algorithm == ConvAlgorithm::direct && close;
}

// From pixel to pixel of the sums of an int8 product, some panels of its columns at a time.
int64_t int8_sum_stride(int64_t columns, int panel);
// Of an int8 transposed convolution, for the sums of one row of its input under one tap.
int64_t deconv_scratch_floats(const DeconvStep& step, int panel);

// Floats that a thread needs to run a task of the step with at most so many images.
int64_t scratch_floats(const ConvStep& step, int panel, int64_t images);

// Winograd's transformed inputs of so many tiles, then its products: floats, or bf16 inputs in their place.
struct WinogradScratch {
  int64_t input_stride = 0, output_stride = 0;  // from product to product
  int64_t output_columns = 0;
};
WinogradScratch winograd_scratch(const ConvStep& step, int64_t tiles, int panel);

// The same in int8: inputs as 16-bit integers, then sums.
struct Int8WinogradScratch {
  int64_t input_stride = 0, output_stride = 0;  // from product to product, in numbers
  int64_t output_columns = 0;
  int64_t outputs = 0;  // floats before the sums
  int64_t floats = 0;   // in all
};
Int8WinogradScratch int8_winograd_scratch(const ConvStep& step, int64_t tiles, int panel);

// An int8 product: gathered rows of bytes, then sums.
struct Int8Scratch {
  int64_t row_stride = 0;  // bytes
  int64_t sums = 0;        // floats before the sums
  int64_t sum_stride = 0;
  int64_t floats = 0;  // in all
};
Int8Scratch int8_scratch(const ConvStep& step, int64_t rows, int panel);

}  // namespace spinenet::engine

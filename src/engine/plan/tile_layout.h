// Where the rows of a product in matrix tiles lie (kernels/tiles.h), as bf16 values or bytes.
//
// Two ways. `tile_rows`: each row is a stretch of the map, which is read in place or copied. `tile_strips`: some lines
// of the map are copied with their margin, and each tap of the window, dilated or not, is an offset into that copy, so
// that the same pixels serve all taps. Rows count the pixels of the copied lines: those of the margin are computed and
// thrown away. A stride s takes the map apart into s * s planes, so that neighbouring outputs are neighbouring rows. An
// image of few channels takes a line of the window as one tap, which is rounded up to whole tiles: the numbers behind
// the window meet weights of zero, so a value that is not finite spoils outputs some pixels to its left, too. Thread
// contract: pure functions.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "engine/plan/plan.h"

namespace spinenet::engine {

constexpr int64_t kMostTaps = 64;

// Whether a strip has room for the taps of a convolution of a map with this stride. A tap that is a line of the window
// holds pixels side by side alone.
bool fits_tile_strips(const graph::Conv& conv, int64_t stride);

// Numbers in a row of the product, each tap's rounded up to whole tiles.
int64_t tile_row_length(const ConvStep& step, ConvAlgorithm algorithm);
// The first number of each tap of the window in a row of the product, whatever the algorithm.
std::vector<int64_t> tap_places(const ConvStep& step);

// From pixel to pixel of a copy, or from row to row.
int64_t tile_pixel_bytes(const ConvStep& step, ConvAlgorithm algorithm);

// Some lines of output and what they need of the map. All in bytes but the counts.
struct Strip {
  int64_t width = 0;               // rows of the product in a line of output
  int64_t lines = 0, columns = 0;  // copied, in each plane
  int64_t planes_down = 1, planes_across = 1;
  int64_t step = 1;                         // pixels of the map from column to column
  int64_t pixel = 0, pitch = 0, plane = 0;  // from pixel to pixel, line to line, plane to plane
  int64_t row = 0;                          // from row to row of the product
  int64_t tap_bytes = 0;
  int64_t tap_count = 0;
  std::array<int64_t, kMostTaps> tap_offsets{};

  int64_t size() const { return planes_down * planes_across * plane; }
  std::span<const int64_t> taps() const { return {tap_offsets.data(), static_cast<size_t>(tap_count)}; }
};
Strip strip_of(const ConvStep& step, const ConvSite& site, int64_t output_lines);

// Whether a task takes rows of the map as they are, but for those of a last tile that is not full.
bool reads_tile_rows_in_place(const ConvStep& step, const ConvSite& site);

// A thread's scratch: copied rows, then sums of kTileBlockRows rows.
struct TileScratch {
  int64_t sums = 0;        // floats before the sums
  int64_t sum_stride = 0;  // numbers
  int64_t floats = 0;      // in all
};
TileScratch tile_scratch(const ConvStep& step, int64_t copied_bytes, int panel);
int64_t tile_scratch_floats(const ConvStep& step, int panel, int64_t images);

}  // namespace spinenet::engine

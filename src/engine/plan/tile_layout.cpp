#include "engine/plan/tile_layout.h"

#include <algorithm>

#include "engine/plan/conv_layout.h"
#include "engine/plan/work_partition.h"

namespace spinenet::engine {
namespace {

int64_t product_bytes(const ConvStep& step) {
  return step.format == NumberFormat::bf16 ? sizeof(uint16_t) : sizeof(uint8_t);
}

// Whether a tap is a whole line of the window.
bool takes_lines(int64_t stride) {
  return stride % kernels::kChannelBlock != 0;
}

// Rows that are an even number of cache lines apart fall on half of the first cache.
int64_t apart(int64_t bytes) {
  const int64_t whole = rounded_up(bytes, kernels::kTileBytes);
  return whole / kernels::kTileBytes % 2 == 0 ? whole + kernels::kTileBytes : whole;
}

// Numbers of a tap.
int64_t tap_numbers(const ConvStep& step, ConvAlgorithm algorithm) {
  const int64_t kernel = step.conv.kernel, stride = step.sites.front().in.stride;
  const int64_t in_tile = kernels::kTileBytes / product_bytes(step);
  if (algorithm == ConvAlgorithm::tile_rows) return rounded_up(kernel * kernel * stride, in_tile);
  return rounded_up(takes_lines(stride) ? kernel * stride : stride, in_tile);
}

int64_t tap_count(const ConvStep& step, ConvAlgorithm algorithm) {
  const int64_t kernel = step.conv.kernel;
  if (algorithm == ConvAlgorithm::tile_rows) return 1;
  return takes_lines(step.sites.front().in.stride) ? kernel : kernel * kernel;
}

}  // namespace

bool fits_tile_strips(const graph::Conv& conv, int64_t stride) {
  const int64_t kernel = conv.kernel;
  if (takes_lines(stride)) return conv.groups == 1 && conv.dilation == 1 && kernel <= kMostTaps;
  return conv.groups == 1 && kernel * kernel <= kMostTaps;
}

int64_t tile_row_length(const ConvStep& step, ConvAlgorithm algorithm) {
  return tap_count(step, algorithm) * tap_numbers(step, algorithm);
}

std::vector<int64_t> tap_places(const ConvStep& step) {
  const int64_t kernel = step.conv.kernel, stride = step.sites.front().in.stride;
  const bool in_strips = step.choice.algorithm == ConvAlgorithm::tile_strips;
  const int64_t numbers = in_strips ? tap_numbers(step, step.choice.algorithm) : stride;
  std::vector<int64_t> places;
  for (int64_t i = 0; i < kernel; ++i) {
    for (int64_t j = 0; j < kernel; ++j) {
      const bool by_line = in_strips && takes_lines(stride);
      places.push_back(by_line ? i * numbers + j * stride : (i * kernel + j) * numbers);
    }
  }
  return places;
}

int64_t tile_pixel_bytes(const ConvStep& step, ConvAlgorithm algorithm) {
  const int64_t stride = step.sites.front().in.stride, bytes = product_bytes(step);
  const bool by_line = algorithm == ConvAlgorithm::tile_strips && takes_lines(stride);
  return by_line ? stride * bytes : apart(tap_numbers(step, algorithm) * bytes);
}

Strip strip_of(const ConvStep& step, const ConvSite& site, int64_t output_lines) {
  const int64_t kernel = step.conv.kernel, stride = step.conv.stride, dilation = step.conv.dilation;
  const int64_t reach = (kernel - 1) * dilation;  // from the first tap to the last
  const bool by_line = takes_lines(site.in.stride);
  Strip strip;
  strip.pixel = tile_pixel_bytes(step, ConvAlgorithm::tile_strips);
  strip.tap_bytes = tap_numbers(step, ConvAlgorithm::tile_strips) * product_bytes(step);
  strip.tap_count = tap_count(step, ConvAlgorithm::tile_strips);
  strip.planes_down = std::min(stride, reach + 1);
  strip.planes_across = by_line ? 1 : strip.planes_down;
  strip.width = site.out.shape.width + (by_line ? parts(reach, stride) : reach / stride);
  strip.lines = output_lines + reach / stride;
  strip.step = by_line ? 1 : stride;
  strip.columns = by_line ? strip.width * stride : strip.width;
  strip.pitch = strip.columns * strip.pixel;
  strip.plane = strip.lines * strip.pitch;
  strip.row = by_line ? stride * strip.pixel : strip.pixel;
  for (int64_t t = 0; t < strip.tap_count; ++t) {
    const int64_t i = (by_line ? t : t / kernel) * dilation, j = by_line ? 0 : t % kernel * dilation;
    const int64_t plane = i % stride * strip.planes_across + j % stride;
    strip.tap_offsets[static_cast<size_t>(t)] =
        plane * strip.plane + i / stride * strip.pitch + j / stride * strip.pixel;
  }
  return strip;
}

bool reads_tile_rows_in_place(const ConvStep& step, const ConvSite& site) {
  const int64_t kernel = step.conv.kernel;
  return number_bytes(site.in.quantization) == product_bytes(step) && step.k == kernel * kernel * site.in.stride;
}

TileScratch tile_scratch(const ConvStep& step, int64_t copied_bytes, int panel) {
  constexpr int64_t kFloat = sizeof(float);
  const int64_t row = tile_pixel_bytes(step, step.choice.algorithm) * step.conv.stride;
  TileScratch layout;
  // Whole tiles are read: rows beyond the last, and a last tap beyond its pixels.
  const int64_t read = copied_bytes + kernels::kTileRows * row + kernels::kTileBytes;
  layout.sums = rounded_up(read, kernels::kTileBytes) / kFloat;
  layout.sum_stride = std::min(kSumPanels * panel, step.columns) + kernels::kTileBytes / kFloat;
  layout.floats = layout.sums + kernels::kTileBlockRows * layout.sum_stride + kernels::kTileBytes / kFloat;
  return layout;
}

int64_t tile_scratch_floats(const ConvStep& step, int panel, int64_t images) {
  int64_t bytes = 0;
  for (size_t s = 0; s < step.sites.size(); ++s) {
    const int64_t rows = std::min(rows_at_a_time(step, s), rows_in(step, s, images));
    if (step.choice.algorithm == ConvAlgorithm::tile_strips) {
      bytes = std::max(bytes, strip_of(step, step.sites[s], rows).size());
    } else {
      const int64_t copied = reads_tile_rows_in_place(step, step.sites[s]) ? std::min(rows, kernels::kTileRows) : rows;
      bytes = std::max(bytes, copied * tile_pixel_bytes(step, step.choice.algorithm));
    }
  }
  return tile_scratch(step, bytes, panel).floats;
}

}  // namespace spinenet::engine

#include "engine/plan/conv_layout.h"

#include <algorithm>

#include "engine/plan/tile_layout.h"
#include "engine/plan/work_partition.h"

namespace spinenet::engine {

namespace {

// The first outputs of the tiles along a line, each `apart` from the next.
std::vector<int> tile_starts(int64_t extent, int side, int apart) {
  std::vector<int> starts;
  for (int first = 0; first < std::min<int64_t>(apart, extent); ++first) {
    for (int place = first; place < extent; place += side * apart) starts.push_back(place);
  }
  return starts;
}

}  // namespace

std::vector<WinogradTile> tiles_of(const ConvStep& step) {
  const int side = tile_of(step.choice.algorithm);
  std::vector<WinogradTile> tiles;
  for (size_t s = 0; s < step.sites.size(); ++s) {
    const graph::Shape& out = step.sites[s].out.shape;
    const std::vector<int> columns = tile_starts(out.width, side, step.conv.dilation);
    for (const int y : tile_starts(out.height, side, step.conv.dilation)) {
      for (const int x : columns) tiles.push_back({static_cast<int>(s), y, x});
    }
  }
  return tiles;
}

int64_t tile_count(const ConvStep& step, int side) {
  const auto along = [&](int64_t extent) {
    return static_cast<int64_t>(tile_starts(extent, side, step.conv.dilation).size());
  };
  int64_t count = 0;
  for (const ConvSite& site : step.sites) count += along(site.out.shape.height) * along(site.out.shape.width);
  return count;
}

WinogradScratch winograd_scratch(const ConvStep& step, int64_t tiles, int panel) {
  const int64_t columns = std::min(kPanelsTogether * panel, step.columns);
  return {tiles * step.k + kProductGap, tiles * columns + kProductGap, columns};
}

Int8WinogradScratch int8_winograd_scratch(const ConvStep& step, int64_t tiles, int panel) {
  constexpr int64_t kNumbersInFloat = 2;
  const int64_t columns = std::min(kPanelsTogether * panel, step.columns);
  Int8WinogradScratch layout;
  layout.input_stride = tiles * step.k + kNumbersInFloat * kProductGap;
  layout.output_stride = tiles * columns + kProductGap;
  layout.output_columns = columns;
  layout.outputs = kernels::kWinogradProducts * layout.input_stride / kNumbersInFloat;
  layout.floats = layout.outputs + kernels::kWinogradProducts * layout.output_stride;
  return layout;
}

int64_t int8_sum_stride(int64_t columns, int panel) {
  constexpr int64_t kLine = 64;
  return std::min(kSumPanels * panel, columns) + kLine / int64_t{sizeof(int32_t)};
}

Int8Scratch int8_scratch(const ConvStep& step, int64_t rows, int panel) {
  constexpr int64_t kLine = 64, kFloat = sizeof(float);
  Int8Scratch layout;
  layout.row_stride = rounded_up(step.k, kLine) + kLine;
  layout.sums = reads_rows_in_place(step) ? 0 : rows * layout.row_stride / kFloat;
  layout.sum_stride = int8_sum_stride(step.columns, panel);
  layout.floats = layout.sums + rows * layout.sum_stride + kernels::kChannelBlock;
  return layout;
}

int64_t deconv_scratch_floats(const DeconvStep& step, int panel) {
  return step.in.shape.width * int8_sum_stride(step.out.stride, panel) + kernels::kChannelBlock;
}

int64_t scratch_floats(const ConvStep& step, int panel, int64_t images) {
  if (multiplies_tiles(step.choice.algorithm)) return tile_scratch_floats(step, panel, images);
  int64_t rows = 0;
  for (size_t s = 0; s < stretch_count(step); ++s) rows = std::max(rows, rows_in(step, s, images));
  rows = std::min(rows, step.choice.rows);
  if (step.format == NumberFormat::int8) {
    return has_tiles(step) ? int8_winograd_scratch(step, rows, panel).floats : int8_scratch(step, rows, panel).floats;
  }
  if (has_tiles(step)) {
    const WinogradScratch layout = winograd_scratch(step, rows, panel);
    return products_of(step.choice.algorithm) * (layout.input_stride + layout.output_stride);
  }
  const int64_t sums = step.format == NumberFormat::bf16 ? kSumPanels * panel + kernels::kChannelBlock : 0;
  return rows * ((parts_of_k(step) == 1 ? step.k : kDepth) + kernels::kChannelBlock + sums) + kShortLine;
}

}  // namespace spinenet::engine

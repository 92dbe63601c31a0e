#include "engine/run/int8_winograd.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "engine/compile/convolution_plan.h"
#include "engine/run/byte_maps.h"

namespace spinenet::engine {
namespace {

constexpr int64_t kShortsInFloat = 2;

// How many times as large as a byte a transformed one can be: sums of a row of the transform.
double growth(size_t product) {
  constexpr std::array<double, 6> kLine{10, 10, 10, 6, 6, 10};
  return kLine[product / 6] * kLine[product % 6];
}

// One column of one product: [k] floats `panel` apart to numbers that lie in pairs.
float pack_column(const float* from, int64_t k, int64_t panel, size_t product, int16_t* to) {
  constexpr double kMostSum = 0.9 * 2147483648.0, kMostNumber = 32767, kMostByte = 255;
  double sum = 0, largest = 0;
  for (int64_t c = 0; c < k; ++c) {
    const double size = std::abs(static_cast<double>(from[c * panel]));
    sum += size;
    largest = std::max(largest, size);
  }
  const double scale = std::max(sum * kMostByte * growth(product) / kMostSum, largest / kMostNumber);
  if (scale <= 0) return 0;
  for (int64_t c = 0; c < k; ++c) {
    to[c / 2 * 2 * panel + c % 2] = static_cast<int16_t>(std::lround(static_cast<double>(from[c * panel]) / scale));
  }
  return static_cast<float>(scale);
}

struct TileAt {
  int64_t image = 0;
  const WinogradTile& tile;
};

TileAt tile_at(const Int8Winograd& winograd, int64_t row) {
  const auto tiles = static_cast<int64_t>(winograd.tiles.size());
  return {row / tiles, winograd.tiles[static_cast<size_t>(row % tiles)]};
}

void transform_inputs(const CompiledPlan& plan, const QuantizedConvStep& step, const ConvTask& task,
                      const StepMemory& memory, const Int8WinogradScratch& layout) {
  std::array<const uint8_t*, kernels::kWinogradProducts> pixels;
  auto* inputs = reinterpret_cast<int16_t*>(memory.scratch);
  for (int64_t t = 0; t < task.rows; ++t) {
    const auto [image, tile] = tile_at(*step.winograd, task.first_row + t);
    const Map& in = step.sites[static_cast<size_t>(tile.site)].in;
    const uint8_t* first = bytes_at(in, memory, image * image_numbers(in));
    for (int i = 0; i < kernels::kWinogradInput; ++i) {
      for (int j = 0; j < kernels::kWinogradInput; ++j) {
        const int64_t y = tile.y + i - 1, x = tile.x + j - 1;
        const bool inside = y >= 0 && y < in.shape.height && x >= 0 && x < in.shape.width;
        pixels[static_cast<size_t>(i * kernels::kWinogradInput + j)] =
            inside ? first + (y * in.shape.width + x) * in.stride : nullptr;
      }
    }
    plan.kernels->int8_winograd_input(
        {pixels.data(), in.quantization.zero, step.k, inputs + t * step.k, layout.input_stride});
  }
}

// What the outputs of a task are made of: `columns` of them from `column` on.
struct Columns {
  int64_t column = 0, columns = 0;
};

using ResidualPlaces = std::array<int64_t, kernels::kWinogradTile * kernels::kWinogradTile>;

// Of the pixels of a tile in the residual's map.
void find_residuals(const ConvSite& site, const TileAt& at, int64_t column, ResidualPlaces& places) {
  const Map& map = site.residual;
  for (int i = 0; i < kernels::kWinogradTile; ++i) {
    for (int j = 0; j < kernels::kWinogradTile; ++j) {
      const int64_t y = (at.tile.y + i) / site.residual_factor, x = (at.tile.x + j) / site.residual_factor;
      places[static_cast<size_t>(i * kernels::kWinogradTile + j)] =
          at.image * image_numbers(map) + (y * map.shape.width + x) * map.stride + column;
    }
  }
}

void transform_outputs(const CompiledPlan& plan, const QuantizedConvStep& step, const ConvTask& task,
                       const StepMemory& memory, const Int8WinogradScratch& layout, const Columns& part) {
  const auto* sums = reinterpret_cast<const int32_t*>(memory.scratch + layout.outputs);
  const auto scale_stride = static_cast<int64_t>(step.winograd->scales.size()) / kernels::kWinogradProducts;
  ResidualPlaces residuals{};
  for (int64_t t = 0; t < task.rows; ++t) {
    const TileAt at = tile_at(*step.winograd, task.first_row + t);
    const ConvSite& site = step.sites[static_cast<size_t>(at.tile.site)];
    const Map& out = site.out;
    const int64_t pixel = at.tile.y * out.shape.width + at.tile.x;
    kernels::Int8WinogradOutput tile{
        .from = sums + t * layout.output_columns,
        .product_stride = layout.output_stride,
        .product_scales = step.winograd->scales.data() + part.column,
        .scale_stride = scale_stride,
        .channels = part.columns,
        .scale = site.affine.scale.data() + part.column,
        .shift = site.affine.shift.data() + part.column,
        .activation = site.affine.activation,
        .to = target_at(out, memory, at.image * image_numbers(out) + pixel * out.stride + part.column),
        .row_stride = out.shape.width * out.stride,
        .pixel_stride = out.stride,
        .height = static_cast<int>(std::min<int64_t>(kernels::kWinogradTile, out.shape.height - at.tile.y)),
        .width = static_cast<int>(std::min<int64_t>(kernels::kWinogradTile, out.shape.width - at.tile.x))};
    if (site.residual_factor > 0) {
      find_residuals(site, at, part.column, residuals);
      tile.residual = source_at(site.residual, memory, 0);
      tile.residual_at = residuals.data();
    }
    plan.kernels->int8_winograd_output(tile);
  }
}

}  // namespace

Int8Winograd pack_int8_winograd(const float* packed, int64_t k, int64_t columns, int panel) {
  const int64_t panels = (columns + panel - 1) / panel, numbers = panels * kernels::kWinogradProducts * k * panel;
  const auto bytes = aligned_bytes(numbers * static_cast<int64_t>(sizeof(int16_t)));
  const std::shared_ptr<int16_t[]> weights(bytes, reinterpret_cast<int16_t*>(bytes.get()));
  std::fill_n(weights.get(), numbers, int16_t{0});
  Int8Winograd found;
  found.scales.resize(static_cast<size_t>(kernels::kWinogradProducts * panels * panel));
  for (int64_t q = 0; q < panels; ++q) {
    for (int64_t p = 0; p < kernels::kWinogradProducts; ++p) {
      const int64_t block = (q * kernels::kWinogradProducts + p) * k * panel;
      for (int64_t o = 0; o < panel; ++o) {
        found.scales[static_cast<size_t>((p * panels + q) * panel + o)] =
            pack_column(packed + block + o, k, panel, static_cast<size_t>(p), weights.get() + block + 2 * o);
      }
    }
  }
  found.weights = weights;
  return found;
}

int64_t int8_winograd_floats(const Int8Winograd& winograd, int64_t k) {
  return static_cast<int64_t>(winograd.scales.size()) * k / kShortsInFloat;
}

bool suits_int8_winograd(int64_t tiles, int64_t k, int64_t columns) {
  constexpr int64_t kLeastTiles = 64, kLeastChannels = 64;
  return tiles >= kLeastTiles && k >= kLeastChannels && columns >= kLeastChannels;
}

Int8WinogradScratch int8_winograd_scratch(const QuantizedConvStep& step, int64_t tiles, int panel) {
  const int64_t columns = std::min(kPanelsTogether * panel, step.columns);
  Int8WinogradScratch layout;
  layout.input_stride = tiles * step.k + kShortsInFloat * kProductGap;
  layout.output_stride = tiles * columns + kProductGap;
  layout.output_columns = columns;
  layout.outputs = kernels::kWinogradProducts * layout.input_stride / kShortsInFloat;
  layout.floats = layout.outputs + kernels::kWinogradProducts * layout.output_stride;
  return layout;
}

void run_int8_winograd(const CompiledPlan& plan, const QuantizedConvStep& step, const ConvTask& task,
                       const StepMemory& memory) {
  const int64_t panel = plan.kernels->panel;
  const Int8WinogradScratch layout = int8_winograd_scratch(step, task.rows, plan.kernels->panel);
  transform_inputs(plan, step, task, memory, layout);
  const auto* inputs = reinterpret_cast<const int16_t*>(memory.scratch);
  auto* sums = reinterpret_cast<int32_t*>(memory.scratch + layout.outputs);
  for (int64_t first = task.first_panel; first < task.first_panel + task.panels; first += kPanelsTogether) {
    const int64_t end = std::min(first + kPanelsTogether, task.first_panel + task.panels);
    const Columns part{first * panel, std::min(end * panel, step.columns) - first * panel};
    for (int64_t p = 0; p < kernels::kWinogradProducts; ++p) {
      for (int64_t q = first; q < end; ++q) {
        plan.kernels->pair_multiply(
            {.a = inputs + p * layout.input_stride,
             .a_stride = step.k,
             .rows = task.rows,
             .k = step.k,
             .b = step.winograd->weights.get() + (q * kernels::kWinogradProducts + p) * step.k * panel,
             .c = sums + p * layout.output_stride + (q - first) * panel,
             .c_stride = layout.output_columns,
             .columns = std::min(panel, step.columns - q * panel)});
      }
    }
    transform_outputs(plan, step, task, memory, layout, part);
  }
}

}  // namespace spinenet::engine

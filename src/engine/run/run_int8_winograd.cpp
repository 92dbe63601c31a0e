// A task of an int8 convolution through Winograd's F(4x4, 3x3).

#include <algorithm>
#include <array>

#include "engine/plan/conv_layout.h"
#include "engine/run/byte_maps.h"
#include "engine/run/run_convolution.h"

namespace spinenet::engine {
namespace {

void transform_inputs(const CompiledPlan& plan, const ConvStep& step, const ConvTask& task, const StepMemory& memory,
                      const Int8WinogradScratch& layout) {
  std::array<const uint8_t*, kernels::kWinogradProducts> pixels;
  auto* inputs = reinterpret_cast<int16_t*>(memory.scratch);
  const int apart = step.conv.dilation;
  for (int64_t t = 0; t < task.rows; ++t) {
    const auto [image, tile] = tile_at(step, task.first_row + t);
    const Map& in = step.sites[static_cast<size_t>(tile.site)].in;
    const uint8_t* first = bytes_at(in, memory, image * image_numbers(in));
    for (int i = 0; i < kernels::kWinogradInput; ++i) {
      for (int j = 0; j < kernels::kWinogradInput; ++j) {
        const int64_t y = tile.y + (i - 1) * apart, x = tile.x + (j - 1) * apart;
        const bool inside = y >= 0 && y < in.shape.height && x >= 0 && x < in.shape.width;
        pixels[static_cast<size_t>(i * kernels::kWinogradInput + j)] =
            inside ? first + (y * in.shape.width + x) * in.stride : nullptr;
      }
    }
    plan.kernels->int8_winograd_input(
        {pixels.data(), in.quantization.zero, step.k, inputs + t * step.k, layout.input_stride});
  }
}

using ResidualPlaces = std::array<int64_t, kernels::kWinogradTile * kernels::kWinogradTile>;

// Of the pixels of a tile in the residual's map.
void find_residuals(const ConvSite& site, const TileAt& at, int apart, int64_t column, ResidualPlaces& places) {
  const Map& map = site.residual;
  for (int i = 0; i < kernels::kWinogradTile; ++i) {
    for (int j = 0; j < kernels::kWinogradTile; ++j) {
      const int64_t y = (at.tile.y + i * apart) / site.residual_factor,
                    x = (at.tile.x + j * apart) / site.residual_factor;
      places[static_cast<size_t>(i * kernels::kWinogradTile + j)] =
          at.image * image_numbers(map) + (y * map.shape.width + x) * map.stride + column;
    }
  }
}

void transform_outputs(const CompiledPlan& plan, const ConvStep& step, const ConvTask& task, const StepMemory& memory,
                       const Int8WinogradScratch& layout, const Columns& part) {
  const auto* sums = reinterpret_cast<const int32_t*>(memory.scratch + layout.outputs);
  const float* scales = std::get<Int8WinogradWeights>(step.weights).scales.get();
  const int64_t scale_stride = rounded_up(step.columns, plan.kernels->panel);
  const int apart = step.conv.dilation;
  ResidualPlaces residuals{};
  for (int64_t t = 0; t < task.rows; ++t) {
    const TileAt at = tile_at(step, task.first_row + t);
    const ConvSite& site = step.sites[static_cast<size_t>(at.tile.site)];
    const Map& out = site.out;
    const int64_t pixel = at.tile.y * out.shape.width + at.tile.x;
    const int64_t rows = parts(out.shape.height - at.tile.y, apart),
                  columns = parts(out.shape.width - at.tile.x, apart);
    kernels::Int8WinogradOutput tile{
        .from = sums + t * layout.output_columns,
        .product_stride = layout.output_stride,
        .product_scales = scales + part.column,
        .scale_stride = scale_stride,
        .channels = part.columns,
        .scale = site.affine.scale.data() + part.column,
        .shift = site.affine.shift.data() + part.column,
        .activation = site.affine.activation,
        .to = target_at(out, memory, at.image * image_numbers(out) + pixel * out.stride + part.column),
        .row_stride = apart * out.shape.width * out.stride,
        .pixel_stride = apart * out.stride,
        .height = static_cast<int>(std::min<int64_t>(kernels::kWinogradTile, rows)),
        .width = static_cast<int>(std::min<int64_t>(kernels::kWinogradTile, columns))};
    if (site.residual_factor > 0) {
      find_residuals(site, at, apart, part.column, residuals);
      tile.residual = source_at(site.residual, memory, 0);
      tile.residual_at = residuals.data();
    }
    plan.kernels->int8_winograd_output(tile);
  }
}

}  // namespace

void run_int8_winograd(const CompiledPlan& plan, const ConvStep& step, const ConvTask& task, const StepMemory& memory) {
  const int64_t panel = plan.kernels->panel;
  const Int8WinogradScratch layout = int8_winograd_scratch(step, task.rows, plan.kernels->panel);
  transform_inputs(plan, step, task, memory, layout);
  const auto* inputs = reinterpret_cast<const int16_t*>(memory.scratch);
  auto* sums = reinterpret_cast<int32_t*>(memory.scratch + layout.outputs);
  const int16_t* weights = std::get<Int8WinogradWeights>(step.weights).values.get();
  for (int64_t first = task.first_panel; first < task.first_panel + task.panels; first += kPanelsTogether) {
    const int64_t end = std::min(first + kPanelsTogether, task.first_panel + task.panels);
    const Columns part{first * panel, std::min(end * panel, step.columns) - first * panel};
    for (int64_t p = 0; p < kernels::kWinogradProducts; ++p) {
      for (int64_t q = first; q < end; ++q) {
        plan.kernels->pair_multiply({.a = inputs + p * layout.input_stride,
                                     .a_stride = step.k,
                                     .rows = task.rows,
                                     .k = step.k,
                                     .b = weights + (q * kernels::kWinogradProducts + p) * step.k * panel,
                                     .c = sums + p * layout.output_stride + (q - first) * panel,
                                     .c_stride = layout.output_columns,
                                     .columns = std::min(panel, step.columns - q * panel)});
      }
    }
    transform_outputs(plan, step, task, memory, layout, part);
  }
}

}  // namespace spinenet::engine

#include "engine/run/run_convolution.h"

#include <algorithm>
#include <array>

#include "engine/plan/conv_layout.h"
#include "engine/run/copy_lines.h"
#include "engine/run/gather_taps.h"

namespace spinenet::engine {
namespace {

kernels::Epilogue epilogue_at(const ChannelAffine& affine, int64_t column) {
  return {affine.scale.data() + column, affine.shift.data() + column, affine.activation};
}

// A place among the images of a batch.
struct Place {
  int64_t image = 0, y = 0, x = 0;
};

Place place_of(int64_t pixel, const graph::Shape& shape) {
  const int64_t line = pixel / shape.width;
  return {line / shape.height, line % shape.height, pixel % shape.width};
}

const float* residual_pixel(const ConvSite& site, const StepMemory& memory, const Place& at) {
  const Map& map = site.residual;
  const int64_t y = at.y / site.residual_factor, x = at.x / site.residual_factor;
  return image_of(map, at.image, memory) + (y * map.shape.width + x) * map.stride;
}

// Copies the window of an output pixel to a row of the product. `in`: its image.
void gather_window(const ConvStep& step, const ConvSite& site, const float* in, const Place& at, float* to) {
  const int64_t kernel = step.conv.kernel, stride = site.in.stride;
  const int64_t top = at.y * step.conv.stride - step.conv.pad_before;
  const int64_t left = at.x * step.conv.stride - step.conv.pad_before;
  const int64_t first = std::clamp<int64_t>(-left, 0, kernel);
  const int64_t end = std::clamp<int64_t>(site.in.shape.width - left, first, kernel);
  const auto fill_tail = [&] { std::fill(to + kernel * kernel * stride, to + step.k, 0.0F); };
  if (step.conv.dilation > 1) {
    gather_taps(window_of(step.conv, at.y, at.x), site.in, in, 0.0F, to);
    return fill_tail();
  }
  if (end - first == kernel && top >= 0 && top + kernel <= site.in.shape.height) {
    const int64_t line = site.in.shape.width * stride;
    const float* from = in + top * line + left * stride;
    copy_lines<kShortLine>(from, line, in + image_numbers(site.in), {kernel, kernel * stride}, to);
    return fill_tail();
  }
  for (int64_t i = 0; i < kernel; ++i) {
    float* line = to + i * kernel * stride;
    if (top + i < 0 || top + i >= site.in.shape.height) {
      std::fill_n(line, kernel * stride, 0.0F);
      continue;
    }
    const float* from = in + ((top + i) * site.in.shape.width + left) * stride;
    std::fill_n(line, first * stride, 0.0F);
    std::copy_n(from + first * stride, (end - first) * stride, line + first * stride);
    std::fill_n(line + end * stride, (kernel - end) * stride, 0.0F);
  }
  fill_tail();
}

struct Rows {
  const float* at = nullptr;
  int64_t stride = 0;
};

// A part of k.
struct Depth {
  int64_t first = 0, k = 0;
};

Depth depth_of(const ConvStep& step, int64_t part) {
  const int64_t first = part * kDepth;
  return {first, parts_of_k(step) == 1 ? step.k : std::min(kDepth, step.k - first)};
}

Rows rows_of(const ConvStep& step, const ConvTask& task, const Depth& depth, const StepMemory& memory) {
  const ConvSite& site = step.sites[static_cast<size_t>(task.site)];
  const bool direct = step.choice.algorithm == ConvAlgorithm::direct;
  const float* in = memory.maps + site.in.offset + task.first_row * step.k + depth.first;
  if (reads_rows_in_place(step)) return {in, step.k};
  const int64_t stride = depth.k + kernels::kChannelBlock;
  for (int64_t r = 0; r < task.rows; ++r) {
    float* to = memory.scratch + r * stride;
    if (direct) {
      std::copy_n(in + r * step.k, depth.k, to);
    } else {
      const Place at = place_of(task.first_row + r, site.out.shape);
      gather_window(step, site, image_of(site.in, at.image, memory), at, to);
    }
  }
  return {memory.scratch, stride};
}

// The rows of C that a part of k adds to: the residual's, then what the parts before have left.
using Addends = std::array<const float*, kMaxTaskRows>;

void add_residuals(const ConvSite& site, const ConvTask& task, int64_t column, const StepMemory& memory,
                   Addends& addends) {
  for (int64_t r = 0; r < task.rows; ++r) {
    const Place at = place_of(task.first_row + r, site.out.shape);
    addends[static_cast<size_t>(r)] = residual_pixel(site, memory, at) + column;
  }
}

// Rows as bf16 values at the start of the scratch, where floats may have lain.
void round_rows(const CompiledPlan& plan, const ConvStep& step, const Rows& rows, int64_t count, uint16_t* to) {
  for (int64_t r = 0; r < count; ++r) {
    plan.kernels->to_bf16(rows.at + r * rows.stride, step.k, to + r * (step.k + kernels::kChannelBlock));
  }
}

void run_bf16_product(const CompiledPlan& plan, const ConvStep& step, const ConvTask& task, const StepMemory& memory) {
  const ConvSite& site = step.sites[static_cast<size_t>(task.site)];
  const int64_t panel = plan.kernels->panel, row_stride = step.k + kernels::kChannelBlock;
  auto* values = reinterpret_cast<uint16_t*>(memory.scratch);
  float* sums = memory.scratch + task.rows * row_stride;
  const uint16_t* weights = std::get<Bf16Weights>(step.weights).get();
  round_rows(plan, step, rows_of(step, task, {0, step.k}, memory), task.rows, values);
  for (int64_t first = task.first_panel; first < task.first_panel + task.panels; first += kSumPanels) {
    const int64_t end = std::min(first + kSumPanels, task.first_panel + task.panels);
    const int64_t column = first * panel, columns = std::min(end * panel, step.columns) - column;
    plan.kernels->bf16_multiply({.a = values,
                                 .a_stride = row_stride,
                                 .rows = task.rows,
                                 .k = step.k,
                                 .b = weights + column * step.k,
                                 .c = sums,
                                 .c_stride = columns,
                                 .columns = columns});
    Addends addends;
    if (site.residual_factor > 0) add_residuals(site, task, column, memory, addends);
    for (int64_t r = 0; r < task.rows; ++r) {
      kernels::FinishedPixel pixel{.float_sums = sums + r * columns,
                                   .columns = columns,
                                   .scale = site.affine.scale.data() + column,
                                   .shift = site.affine.shift.data() + column,
                                   .activation = site.affine.activation};
      if (site.residual_factor > 0) pixel.residual.floats = addends[static_cast<size_t>(r)];
      pixel.to.floats = memory.maps + site.out.offset + (task.first_row + r) * site.out.stride + column;
      plan.kernels->finish_pixel(pixel);
    }
  }
}

void run_product(const CompiledPlan& plan, const ConvStep& step, const ConvTask& task, const StepMemory& memory) {
  if (step.format == NumberFormat::bf16) return run_bf16_product(plan, step, task, memory);
  const ConvSite& site = step.sites[static_cast<size_t>(task.site)];
  const int64_t panel = plan.kernels->panel, column = task.first_panel * panel, parts = parts_of_k(step);
  float* c = memory.maps + site.out.offset + task.first_row * site.out.stride + column;
  const float* weights = std::get<Fp32Weights>(step.weights).get();
  kernels::Epilogue epilogue = epilogue_at(site.affine, column);
  Addends addends;
  if (site.residual_factor > 0) add_residuals(site, task, column, memory, addends);
  for (int64_t part = 0; part < parts; ++part) {
    if (part == 1) {
      epilogue.shift = plan.zeros.data();
      for (int64_t r = 0; r < task.rows; ++r) addends[static_cast<size_t>(r)] = c + r * site.out.stride;
    }
    epilogue.activation = part + 1 == parts ? site.affine.activation : kernels::EpilogueActivation::none;
    const Depth depth = depth_of(step, part);
    const Rows rows = rows_of(step, task, depth, memory);
    plan.kernels->multiply({.a = rows.at,
                            .a_stride = rows.stride,
                            .rows = task.rows,
                            .k = depth.k,
                            .b = weights + column * step.k + depth.first * panel,
                            .b_stride = step.k * panel,
                            .c = c,
                            .c_stride = site.out.stride,
                            .columns = std::min(task.panels * panel, step.columns - column),
                            .epilogue = &epilogue,
                            .residuals = site.residual_factor > 0 || part > 0 ? addends.data() : nullptr});
  }
}

void transform_inputs(const CompiledPlan& plan, const ConvStep& step, const ConvTask& task, const StepMemory& memory,
                      const WinogradScratch& layout) {
  std::array<const float*, kernels::kWinogradProducts> pixels;
  const int side = tile_of(step.choice.algorithm), inputs = side + 2, apart = step.conv.dilation;
  for (int64_t t = 0; t < task.rows; ++t) {
    const auto [image, tile] = tile_at(step, task.first_row + t);
    const Map& in = step.sites[static_cast<size_t>(tile.site)].in;
    const float* from = image_of(in, image, memory);
    for (int i = 0; i < inputs; ++i) {
      for (int j = 0; j < inputs; ++j) {
        const int64_t y = tile.y + (i - 1) * apart, x = tile.x + (j - 1) * apart;
        const bool inside = y >= 0 && y < in.shape.height && x >= 0 && x < in.shape.width;
        pixels[static_cast<size_t>(i * inputs + j)] =
            inside ? from + (y * in.shape.width + x) * in.stride : plan.zeros.data();
      }
    }
    plan.kernels->winograd_input(
        {side == kernels::kSmallTile, pixels.data(), step.k, memory.scratch + t * step.k, layout.input_stride});
  }
}

void transform_outputs(const CompiledPlan& plan, const ConvStep& step, const ConvTask& task, const StepMemory& memory,
                       const WinogradScratch& layout, const Columns& part) {
  const int side = tile_of(step.choice.algorithm), apart = step.conv.dilation;
  const float* products = memory.scratch + products_of(step.choice.algorithm) * layout.input_stride;
  std::array<const float*, kernels::kWinogradTile * kernels::kWinogradTile> residuals;
  for (int64_t t = 0; t < task.rows; ++t) {
    const auto [image, tile] = tile_at(step, task.first_row + t);
    const ConvSite& site = step.sites[static_cast<size_t>(tile.site)];
    const Map& out = site.out;
    const int height = static_cast<int>(std::min<int64_t>(side, parts(out.shape.height - tile.y, apart)));
    const int width = static_cast<int>(std::min<int64_t>(side, parts(out.shape.width - tile.x, apart)));
    if (site.residual_factor > 0) {
      for (int i = 0; i < height; ++i) {
        for (int j = 0; j < width; ++j) {
          residuals[static_cast<size_t>(i * side + j)] =
              residual_pixel(site, memory, {image, tile.y + i * apart, tile.x + j * apart}) + part.column;
        }
      }
    }
    plan.kernels->winograd_output(
        {.small = side == kernels::kSmallTile,
         .from = products + t * layout.output_columns,
         .product_stride = layout.output_stride,
         .channels = part.columns,
         .to = image_of(out, image, memory) + (tile.y * out.shape.width + tile.x) * out.stride + part.column,
         .row_stride = apart * out.shape.width * out.stride,
         .pixel_stride = apart * out.stride,
         .height = height,
         .width = width,
         .epilogue = epilogue_at(site.affine, part.column),
         .residuals = site.residual_factor > 0 ? residuals.data() : nullptr});
  }
}

// One product of a block of tiles and a panel of columns.
struct TileProduct {
  const float* inputs = nullptr;  // of all products
  int64_t product = 0, panel = 0;
  float* to = nullptr;
};

void multiply_tiles(const CompiledPlan& plan, const ConvStep& step, const ConvTask& task, const WinogradScratch& layout,
                    const TileProduct& p) {
  const int64_t panel = plan.kernels->panel, a = p.product * layout.input_stride;
  const int64_t b = (p.panel * products_of(step.choice.algorithm) + p.product) * step.k * panel;
  const int64_t columns = std::min(panel, step.columns - p.panel * panel);
  if (step.format == NumberFormat::bf16) {
    plan.kernels->bf16_multiply({reinterpret_cast<const uint16_t*>(p.inputs) + a, step.k, task.rows, step.k,
                                 std::get<Bf16Weights>(step.weights).get() + b, p.to, layout.output_columns, columns});
    return;
  }
  plan.kernels->multiply({.a = p.inputs + a,
                          .a_stride = step.k,
                          .rows = task.rows,
                          .k = step.k,
                          .b = std::get<Fp32Weights>(step.weights).get() + b,
                          .b_stride = step.k * panel,
                          .c = p.to,
                          .c_stride = layout.output_columns,
                          .columns = columns});
}

void run_winograd(const CompiledPlan& plan, const ConvStep& step, const ConvTask& task, const StepMemory& memory) {
  const int64_t panel = plan.kernels->panel, product_count = products_of(step.choice.algorithm);
  const WinogradScratch layout = winograd_scratch(step, task.rows, plan.kernels->panel);
  transform_inputs(plan, step, task, memory, layout);
  if (step.format == NumberFormat::bf16) {
    const int64_t count = product_count * layout.input_stride;
    plan.kernels->to_bf16(memory.scratch, count, reinterpret_cast<uint16_t*>(memory.scratch));
  }
  float* products = memory.scratch + product_count * layout.input_stride;
  for (int64_t first = task.first_panel; first < task.first_panel + task.panels; first += kPanelsTogether) {
    const int64_t end = std::min(first + kPanelsTogether, task.first_panel + task.panels);
    const Columns part{first * panel, std::min(end * panel, step.columns) - first * panel};
    for (int64_t p = 0; p < product_count; ++p) {
      for (int64_t q = first; q < end; ++q) {
        float* to = products + p * layout.output_stride + (q - first) * panel;
        multiply_tiles(plan, step, task, layout, {memory.scratch, p, q, to});
      }
    }
    transform_outputs(plan, step, task, memory, layout, part);
  }
}

void run_block(const CompiledPlan& plan, const ConvStep& step, const ConvTask& block, const StepMemory& memory) {
  if (multiplies_tiles(step.choice.algorithm)) return run_in_tiles(plan, step, block, memory);
  switch (step.format) {
    case NumberFormat::fp32:
    case NumberFormat::bf16:
      return has_tiles(step) ? run_winograd(plan, step, block, memory) : run_product(plan, step, block, memory);
    case NumberFormat::int8:
      return has_tiles(step) ? run_int8_winograd(plan, step, block, memory)
                             : run_int8_product(plan, step, block, memory);
  }
}

}  // namespace

void run_convolution(const CompiledPlan& plan, const ConvStep& step, const ConvTask& task, const StepMemory& memory) {
  const int64_t blocks = parts(task.rows, rows_at_a_time(step, static_cast<size_t>(task.site)));
  for (int64_t i = 0; i < blocks; ++i) {
    ConvTask block = task;
    block.first_row += i * task.rows / blocks;
    block.rows = (i + 1) * task.rows / blocks - i * task.rows / blocks;
    run_block(plan, step, block, memory);
  }
}

}  // namespace spinenet::engine

// A task of an int8 convolution through a product; rows of sums that read or write bytes or bf16 values.
#include <algorithm>
#include <array>
#include <cstring>

#include "engine/plan/conv_layout.h"
#include "engine/run/byte_maps.h"
#include "engine/run/copy_lines.h"
#include "engine/run/gather_taps.h"
#include "engine/run/run_convolution.h"
#include "engine/run/run_step.h"

namespace spinenet::engine {
namespace {

// Copies the window of output pixel (y, x) to a row of the product; what lies outside is zero, as a byte. What a row
// has beyond the window meets weights of zero.
void gather_window(const ConvStep& step, const Map& map, const uint8_t* in, int64_t y, int64_t x, uint8_t* to) {
  if (step.conv.dilation > 1) {
    return gather_taps(window_of(step.conv, y, x), map, in, static_cast<uint8_t>(map.quantization.zero), to);
  }
  const int64_t kernel = step.conv.kernel, stride = map.stride, width = map.shape.width;
  const int64_t top = y * step.conv.stride - step.conv.pad_before;
  const int64_t left = x * step.conv.stride - step.conv.pad_before;
  const int64_t first = std::clamp<int64_t>(-left, 0, kernel);
  const int64_t end = std::clamp<int64_t>(width - left, first, kernel);
  if (end - first == kernel && top >= 0 && top + kernel <= map.shape.height) {
    const uint8_t* from = in + (top * width + left) * stride;
    return copy_lines<kShortByteLine>(from, width * stride, in + image_numbers(map), {kernel, kernel * stride}, to);
  }
  for (int64_t i = 0; i < kernel; ++i) {
    uint8_t* line = to + i * kernel * stride;
    const bool inside = top + i >= 0 && top + i < map.shape.height;
    const int64_t before = inside ? first : kernel, filled = inside ? end : kernel;
    std::memset(line, map.quantization.zero, static_cast<size_t>(before * stride));
    if (filled > before) {
      std::memcpy(line + before * stride, in + ((top + i) * width + left + before) * stride,
                  static_cast<size_t>((filled - before) * stride));
    }
    std::memset(line + filled * stride, map.quantization.zero, static_cast<size_t>((kernel - filled) * stride));
  }
}

struct ByteRows {
  const uint8_t* at = nullptr;
  int64_t stride = 0;
};

ByteRows rows_of(const ConvStep& step, const ConvTask& task, const StepMemory& memory, int64_t row_stride) {
  const ConvSite& site = step.sites[static_cast<size_t>(task.site)];
  if (reads_rows_in_place(step)) return {bytes_at(site.in, memory, task.first_row * step.k), step.k};
  auto* rows = reinterpret_cast<uint8_t*>(memory.scratch);
  const int64_t width = site.out.shape.width, pixels = site.out.shape.height * width;
  for (int64_t r = 0; r < task.rows; ++r) {
    const int64_t image = (task.first_row + r) / pixels, pixel = (task.first_row + r) % pixels;
    const uint8_t* in = bytes_at(site.in, memory, image * image_numbers(site.in));
    gather_window(step, site.in, in, pixel / width, pixel % width, rows + r * row_stride);
  }
  return {rows, row_stride};
}

// The sums of `columns` columns become the outputs from `column` on.
struct SumBlock {
  const int32_t* sums = nullptr;
  int64_t stride = 0, column = 0, columns = 0;
};

void finish(const CompiledPlan& plan, const ConvSite& site, const ConvTask& task, const StepMemory& memory,
            const SumBlock& block) {
  const int64_t width = site.out.shape.width, pixels = site.out.shape.height * width;
  kernels::FinishedPixel pixel{.columns = block.columns,
                               .scale = site.affine.scale.data() + block.column,
                               .shift = site.affine.shift.data() + block.column,
                               .activation = site.affine.activation};
  for (int64_t r = 0; r < task.rows; ++r) {
    const int64_t at = task.first_row + r;
    pixel.sums = block.sums + r * block.stride;
    pixel.to = target_at(site.out, memory, at * site.out.stride + block.column);
    if (site.residual_factor > 0) {
      const Map& map = site.residual;
      const int64_t y = at % pixels / width / site.residual_factor, x = at % width / site.residual_factor;
      const int64_t first = at / pixels * image_numbers(map) + block.column;
      pixel.residual = source_at(map, memory, first + (y * map.shape.width + x) * map.stride);
    }
    plan.kernels->finish_pixel(pixel);
  }
}

}  // namespace

void run_int8_product(const CompiledPlan& plan, const ConvStep& step, const ConvTask& task, const StepMemory& memory) {
  const int64_t panel = plan.kernels->panel;
  const Int8Scratch layout = int8_scratch(step, task.rows, plan.kernels->panel);
  const ByteRows rows = rows_of(step, task, memory, layout.row_stride);
  auto* sums = reinterpret_cast<int32_t*>(memory.scratch + layout.sums);
  const int8_t* weights = std::get<Int8Weights>(step.weights).get();
  for (int64_t first = task.first_panel; first < task.first_panel + task.panels; first += kSumPanels) {
    const int64_t end = std::min(first + kSumPanels, task.first_panel + task.panels);
    const int64_t column = first * panel, columns = std::min(end * panel, step.columns) - column;
    plan.kernels->quantized_multiply({.a = rows.at,
                                      .a_stride = rows.stride,
                                      .rows = task.rows,
                                      .k = step.k,
                                      .b = weights + column * step.k,
                                      .c = sums,
                                      .c_stride = layout.sum_stride,
                                      .columns = columns});
    finish(plan, step.sites[static_cast<size_t>(task.site)], task, memory, {sums, layout.sum_stride, column, columns});
  }
}

void run_int8_deconv_row(const CompiledPlan& plan, const DeconvStep& step, const DeconvRow& row,
                         const StepMemory& memory) {
  const int64_t panel = plan.kernels->panel, width = step.in.shape.width;
  const int64_t sum_stride = int8_sum_stride(step.out.stride, plan.kernels->panel);
  const ChannelAffine& affine = row.tap.affine;
  const int8_t* weights = std::get<Int8Weights>(row.tap.weights).get();
  auto* sums = reinterpret_cast<int32_t*>(memory.scratch);
  for (int64_t column = 0; column < step.out.stride; column += kSumPanels * panel) {
    const int64_t columns = std::min(kSumPanels * panel, step.out.stride - column);
    plan.kernels->quantized_multiply({.a = bytes_at(step.in, memory, row.y * width * step.in.stride),
                                      .a_stride = step.in.stride,
                                      .rows = width,
                                      .k = step.k,
                                      .b = weights + column * step.k,
                                      .c = sums,
                                      .c_stride = sum_stride,
                                      .columns = columns});
    kernels::FinishedPixel pixel{.columns = columns,
                                 .scale = affine.scale.data() + column,
                                 .shift = affine.shift.data() + column,
                                 .activation = affine.activation};
    for (int64_t x = 0; x < width; ++x) {
      pixel.sums = sums + x * sum_stride;
      pixel.to = target_at(step.out, memory, (row.first_pixel + x * step.deconv.stride) * step.out.stride + column);
      plan.kernels->finish_pixel(pixel);
    }
  }
}

void run_mixed_row(const CompiledPlan& plan, const SumStep& step, int64_t image, int64_t y, const StepMemory& memory) {
  std::array<kernels::MixedTerm, kMostMixedTerms> terms;
  for (size_t t = 0; t < step.terms.size(); ++t) {
    const SumStep::Term& term = step.terms[t];
    const int64_t row = y / term.factor * term.map.shape.width * term.map.stride;
    terms[t] = {source_at(term.map, memory, image * image_numbers(term.map) + row), term.factor};
  }
  kernels::MixedRow row{
      .terms = std::span(terms.data(), step.terms.size()),
      .to = target_at(step.out, memory, image * image_numbers(step.out) + y * step.out.shape.width * step.out.stride),
      .pixels = step.out.shape.width,
      .channels = step.out.stride,
      .activation = step.affine.activation};
  if (!step.affine.scale.empty()) {
    row.scale = step.affine.scale.data();
    row.shift = step.affine.shift.data();
  }
  plan.kernels->mixed_row(row);
}

}  // namespace spinenet::engine

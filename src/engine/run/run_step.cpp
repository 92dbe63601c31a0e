#include "engine/run/run_step.h"

#include <algorithm>
#include <array>

#include "engine/plan/conv_layout.h"
#include "engine/run/byte_maps.h"
#include "engine/run/run_convolution.h"

namespace spinenet::engine {
namespace {

// Terms of a sum beyond these go in rounds.
constexpr size_t kTermsAtOnce = 8;

// A row of one image.
struct Line {
  int64_t image = 0, y = 0;
};

bool has_floats_alone(const SumStep& step) {
  return is_float(step.out.quantization) && std::all_of(step.terms.begin(), step.terms.end(), [](const auto& term) {
           return is_float(term.map.quantization);
         });
}

// One row of the output.
void run_row(const CompiledPlan& plan, const SumStep& step, const Line& at, const StepMemory& memory) {
  if (!has_floats_alone(step)) return run_mixed_row(plan, step, at.image, at.y, memory);
  std::array<kernels::SumTerm, kTermsAtOnce> terms;
  const auto row_of = [&](const Map& map, int64_t row) {
    return image_of(map, at.image, memory) + row * map.shape.width * map.stride;
  };
  float* to = row_of(step.out, at.y);
  size_t first = 0;
  while (first < step.terms.size()) {
    size_t count = 0;
    if (first > 0) terms[count++] = {to, 1};
    while (count < terms.size() && first < step.terms.size()) {
      const SumStep::Term& term = step.terms[first++];
      terms[count++] = {row_of(term.map, at.y / term.factor), term.factor};
    }
    kernels::SumRow row{std::span(terms.data(), count), to, step.out.shape.width, step.out.stride, {}};
    if (first == step.terms.size()) {
      row.epilogue.activation = step.affine.activation;
      if (!step.affine.scale.empty()) {
        row.epilogue.scale = step.affine.scale.data();
        row.epilogue.shift = step.affine.shift.data();
      }
    }
    plan.kernels->sum_row(row);
  }
}

template <class Number>
void run_pool_row(void (*max_window)(const kernels::WindowOf<Number>&), const PoolStep& step, int64_t y,
                  const Number* from, Number* to) {
  const graph::Shape& in = step.in.shape;
  const int64_t top = y * step.pool.stride - step.pool.pad_before;
  const int64_t first_row = std::max<int64_t>(top, 0), end_row = std::min(top + step.pool.kernel, in.height);
  for (int64_t x = 0; x < step.out.shape.width; ++x) {
    const int64_t left = x * step.pool.stride - step.pool.pad_before;
    const int64_t first = std::max<int64_t>(left, 0), end = std::min(left + step.pool.kernel, in.width);
    max_window({.from = from + (first_row * in.width + first) * step.in.stride,
                .rows = static_cast<int>(end_row - first_row),
                .columns = static_cast<int>(end - first),
                .row_stride = in.width * step.in.stride,
                .pixel_stride = step.in.stride,
                .channels = step.in.stride,
                .to = to + (y * step.out.shape.width + x) * step.out.stride});
  }
}

void run_row(const CompiledPlan& plan, const PoolStep& step, const Line& at, const StepMemory& memory) {
  const int64_t from = at.image * image_numbers(step.in), to = at.image * image_numbers(step.out);
  if (is_bytes(step.in.quantization)) {
    const uint8_t* bytes = bytes_at(step.in, memory, from);
    return run_pool_row(plan.kernels->max_byte_window, step, at.y, bytes, bytes_at(step.out, memory, to));
  }
  if (step.in.quantization.is_bf16) {
    const uint16_t* values = bf16_at(step.in, memory, from);
    return run_pool_row(plan.kernels->max_bf16_window, step, at.y, values, bf16_at(step.out, memory, to));
  }
  const float* floats = image_of(step.in, at.image, memory);
  run_pool_row(plan.kernels->max_window, step, at.y, floats, image_of(step.out, at.image, memory));
}

// A window that may hang over the edge: the first of its pixels that lies in the map, how many do, and how many come
// before the map.
struct Window {
  int64_t first = 0, count = 0, skipped = 0;
};

Window window_at(int64_t place, const graph::Conv& conv, int64_t extent) {
  const int64_t begin = place * conv.stride - conv.pad_before, dilation = conv.dilation;
  const int64_t skipped = begin < 0 ? std::min<int64_t>(parts(-begin, dilation), conv.kernel) : 0;
  const int64_t first = begin + skipped * dilation;
  const int64_t inside = first < extent ? parts(extent - first, dilation) : 0;
  return {first, std::min(inside, conv.kernel - skipped), skipped};
}

void run_row(const CompiledPlan& plan, const DepthwiseStep& step, const Line& at, const StepMemory& memory) {
  const Map &in = step.site.in, &out = step.site.out, &residual = step.site.residual;
  const Window rows = window_at(at.y, step.conv, in.shape.height);
  const ChannelAffine& affine = step.site.affine;
  const int64_t factor = step.site.residual_factor;
  const float* from = image_of(in, at.image, memory);
  float* to = image_of(out, at.image, memory) + at.y * out.shape.width * out.stride;
  for (int64_t x = 0; x < out.shape.width; ++x) {
    const Window columns = window_at(x, step.conv, in.shape.width);
    kernels::DepthwiseWindow window{
        .from = from + (rows.first * in.shape.width + columns.first) * in.stride,
        .rows = static_cast<int>(rows.count),
        .columns = static_cast<int>(columns.count),
        .row_stride = step.conv.dilation * in.shape.width * in.stride,
        .pixel_stride = step.conv.dilation * in.stride,
        .taps = step.weights.get() + (rows.skipped * step.conv.kernel + columns.skipped) * out.stride,
        .tap_row_stride = step.conv.kernel * out.stride,
        .channels = out.stride,
        .to = to + x * out.stride,
        .epilogue = {affine.scale.data(), affine.shift.data(), affine.activation}};
    if (factor > 0) {
      const int64_t pixel = at.y / factor * residual.shape.width + x / factor;
      window.residual = image_of(residual, at.image, memory) + pixel * residual.stride;
    }
    plan.kernels->depthwise_window(window);
  }
}

// So many rows of pixels under one tap before the next: its weights stay in the cache.
constexpr int64_t kDeconvRows = 8;

int64_t deconv_tasks(const DeconvStep& step, int64_t images) {
  return (images * step.in.shape.height + kDeconvRows - 1) / kDeconvRows;
}

void run_deconv_row(const CompiledPlan& plan, const DeconvStep& step, const DeconvRow& row, const StepMemory& memory) {
  const kernels::Epilogue epilogue{row.tap.affine.scale.data(), row.tap.affine.shift.data(), row.tap.affine.activation};
  plan.kernels->multiply({.a = memory.maps + step.in.offset + row.y * step.in.shape.width * step.in.stride,
                          .a_stride = step.in.stride,
                          .rows = step.in.shape.width,
                          .k = step.k,
                          .b = std::get<Fp32Weights>(row.tap.weights).get(),
                          .b_stride = step.k * plan.kernels->panel,
                          .c = memory.maps + step.out.offset + row.first_pixel * step.out.stride,
                          .c_stride = step.deconv.stride * step.out.stride,
                          .columns = step.out.stride,
                          .epilogue = &epilogue});
}

void run_rows(const CompiledPlan& plan, const DeconvStep& step, int64_t task, const StepMemory& memory) {
  const int64_t stride = step.deconv.stride, kernel = step.deconv.kernel;
  const int64_t first = task * kDeconvRows, end = std::min(first + kDeconvRows, memory.images * step.in.shape.height);
  for (size_t tap = 0; tap < step.taps.size(); ++tap) {
    const int64_t below = static_cast<int64_t>(tap) / kernel, beside = static_cast<int64_t>(tap) % kernel;
    // The rows of all images lie one after the other, before and after.
    for (int64_t y = first; y < end; ++y) {
      const DeconvRow row{step.taps[tap], y, (y * stride + below) * step.out.shape.width + beside};
      if (step.format == NumberFormat::int8) {
        run_int8_deconv_row(plan, step, row, memory);
      } else {
        run_deconv_row(plan, step, row, memory);
      }
    }
  }
}

void run_row(const CompiledPlan& plan, const GateStep& step, const Line& at, const StepMemory& memory) {
  const int64_t row = at.y * step.out.shape.width * step.out.stride;
  const kernels::SumTerm term{image_of(step.in, at.image, memory) + row, 1};
  plan.kernels->sum_row({std::span(&term, 1),
                         image_of(step.out, at.image, memory) + row,
                         step.out.shape.width,
                         step.out.stride,
                         {image_of(step.gate, at.image, memory), plan.zeros.data(), step.activation}});
}

// What lies between the channels of two pixels is set, too: products read it.
void run_row(const CompiledPlan&, const ConcatStep& step, const Line& at, const StepMemory& memory) {
  const int64_t width = step.out.shape.width;
  float* const to = image_of(step.out, at.image, memory) + at.y * width * step.out.stride;
  int64_t channel = 0;
  for (const Map& map : step.terms) {
    const float* from = image_of(map, at.image, memory) + at.y * width * map.stride;
    for (int64_t x = 0; x < width; ++x) {
      std::copy_n(from + x * map.stride, map.shape.channels, to + x * step.out.stride + channel);
    }
    channel += map.shape.channels;
  }
  for (int64_t x = 0; x < width; ++x) std::fill_n(to + x * step.out.stride + channel, step.out.stride - channel, 0.0F);
}

template <class Number>
void slice_row(const SliceStep& step, int64_t y, const Number* from, Number* to) {
  const int64_t width = step.out.shape.width, count = step.slice.count;
  from += y * width * step.in.stride + step.slice.first;
  to += y * width * step.out.stride;
  for (int64_t x = 0; x < width; ++x, from += step.in.stride, to += step.out.stride) {
    std::copy_n(from, count, to);
    std::fill_n(to + count, step.out.stride - count, Number{0});
  }
}

void run_row(const CompiledPlan&, const SliceStep& step, const Line& at, const StepMemory& memory) {
  const int64_t from = at.image * image_numbers(step.in), to = at.image * image_numbers(step.out);
  if (is_bytes(step.in.quantization)) {
    return slice_row<uint8_t>(step, at.y, bytes_at(step.in, memory, from), bytes_at(step.out, memory, to));
  }
  if (step.in.quantization.is_bf16) {
    return slice_row<uint16_t>(step, at.y, bf16_at(step.in, memory, from), bf16_at(step.out, memory, to));
  }
  slice_row<float>(step, at.y, image_of(step.in, at.image, memory), image_of(step.out, at.image, memory));
}

void run_row(const CompiledPlan& plan, const AveragePoolStep& step, const Line& at, const StepMemory& memory) {
  const int64_t width = step.in.shape.width, stride = step.pool.stride;
  const float* from = image_of(step.in, at.image, memory) + at.y * stride * width * step.in.stride;
  float* to = image_of(step.out, at.image, memory) + at.y * step.out.shape.width * step.out.stride;
  for (int64_t x = 0; x < step.out.shape.width; ++x) {
    plan.kernels->weigh_pixels({.from = from + x * stride * step.in.stride,
                                .pixel_stride = step.in.stride,
                                .pixels = step.pixels,
                                .weights = step.weights,
                                .channels = step.in.stride,
                                .to = to + x * step.out.stride});
  }
}

// Between two pixels of a line, with the share of the second.
struct Between {
  int64_t first = 0, second = 0;
  float share = 0;
};

// Where pixel `place` of a line that is `factor` times as long lies; beyond its ends a line goes on as there. Counted
// in halves of that line's pixels, which are whole numbers.
Between between(int64_t place, int64_t factor, int64_t extent) {
  const int64_t pixel = 2 * factor, at = std::clamp<int64_t>(2 * place + 1 - factor, 0, pixel * (extent - 1));
  const int64_t first = at / pixel;
  return {first, std::min(first + 1, extent - 1), static_cast<float>(at % pixel) / static_cast<float>(pixel)};
}

void run_row(const CompiledPlan& plan, const BilinearStep& step, const Line& at, const StepMemory& memory) {
  const int64_t width = step.in.shape.width;
  const Between rows = between(at.y, step.factor, step.in.shape.height);
  const float* from = image_of(step.in, at.image, memory);
  float* to = image_of(step.out, at.image, memory) + at.y * step.out.shape.width * step.out.stride;
  for (int64_t x = 0; x < step.out.shape.width; ++x) {
    const Between columns = between(x, step.factor, width);
    const std::array<int64_t, 4> pixels{rows.first * width + columns.first, rows.first * width + columns.second,
                                        rows.second * width + columns.first, rows.second * width + columns.second};
    const float above = 1 - rows.share, left = 1 - columns.share;
    const std::array<float, 4> weights{above * left, above * columns.share, rows.share * left,
                                       rows.share * columns.share};
    plan.kernels->weigh_pixels({.from = from,
                                .pixel_stride = step.in.stride,
                                .pixels = pixels,
                                .weights = weights,
                                .channels = step.in.stride,
                                .to = to + x * step.out.stride});
  }
}

int64_t blocks_of(const GlobalPoolStep& step) {
  return step.in.stride / kernels::kChannelBlock;
}

// A block of channels over a whole map.
void run_block(const GlobalPoolStep& step, int64_t task, const StepMemory& memory) {
  const int64_t image = task / blocks_of(step), first = task % blocks_of(step) * kernels::kChannelBlock;
  const float* from = image_of(step.in, image, memory) + first;
  const int64_t pixels = step.in.shape.height * step.in.shape.width;
  std::array<double, kernels::kChannelBlock> found{};
  std::copy_n(from, kernels::kChannelBlock, found.begin());
  for (int64_t p = 1; p < pixels; ++p) {
    const float* pixel = from + p * step.in.stride;
    for (size_t c = 0; c < found.size(); ++c) {
      const auto x = static_cast<double>(pixel[c]);
      found[c] = step.kind == graph::PoolKind::maximum ? std::max(found[c], x) : found[c] + x;
    }
  }
  float* to = image_of(step.out, image, memory) + first;
  const double share = step.kind == graph::PoolKind::maximum ? 1 : static_cast<double>(pixels);
  for (size_t c = 0; c < found.size(); ++c) to[c] = static_cast<float>(found[c] / share);
}

// Steps whose tasks are the rows of their output.
template <class T>
concept RowStep =
    graph::OneOf<T, DepthwiseStep, SumStep, GateStep, ConcatStep, SliceStep, PoolStep, AveragePoolStep, BilinearStep>;

int64_t height_of(const DepthwiseStep& step) {
  return step.site.out.shape.height;
}

int64_t height_of(
    const graph::OneOf<SumStep, GateStep, ConcatStep, SliceStep, PoolStep, AveragePoolStep, BilinearStep> auto& step) {
  return step.out.shape.height;
}

}  // namespace

int64_t task_count(const CompiledPlan& plan, const Step& step, int64_t images) {
  return std::visit(graph::Overloaded{[&](const ConvStep& s) {
                                        return task_count(s, {plan.kernels->panel, plan.threads, images});
                                      },
                                      [&](const DeconvStep& s) { return deconv_tasks(s, images); },
                                      [&](const GlobalPoolStep& s) { return images * blocks_of(s); },
                                      [&](const RowStep auto& s) { return images * height_of(s); }},
                    step);
}

void run_task(const CompiledPlan& plan, const Step& step, int64_t task, const StepMemory& memory) {
  std::visit(graph::Overloaded{[&](const ConvStep& s) {
                                 const WorkScope scope{plan.kernels->panel, plan.threads, memory.images};
                                 run_convolution(plan, s, task_at(s, scope, task), memory);
                               },
                               [&](const DeconvStep& s) { run_rows(plan, s, task, memory); },
                               [&](const GlobalPoolStep& s) { run_block(s, task, memory); },
                               [&](const RowStep auto& s) {
                                 run_row(plan, s, {task / height_of(s), task % height_of(s)}, memory);
                               }},
             step);
}

}  // namespace spinenet::engine

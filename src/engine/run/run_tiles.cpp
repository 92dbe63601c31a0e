// A task of a convolution through a product in matrix tiles, in bf16 or bytes.
#include <algorithm>
#include <array>
#include <cstring>

#include "engine/plan/conv_layout.h"
#include "engine/plan/tile_layout.h"
#include "engine/run/byte_maps.h"
#include "engine/run/run_convolution.h"

namespace spinenet::engine {
namespace {

// The numbers of a map on their way into a product.
struct FloatPixels {
  using Number = uint16_t;
  const kernels::TileKernels& tiles;

  static const float* at(const Map& map, const StepMemory& memory, int64_t number) {
    return memory.maps + map.offset + number;
  }
  // Any count; the kernel rounds whole blocks.
  void copy(const float* from, int64_t count, uint16_t* to) const {
    const int64_t whole = count / kernels::kChannelBlock * kernels::kChannelBlock;
    if (whole > 0) tiles.to_bf16(from, whole, to);
    for (int64_t i = whole; i < count; ++i) to[i] = kernels::rounded_to_bf16(from[i]);
  }
  static int outside(const Map&) { return 0; }
};
struct BytePixels {
  using Number = uint8_t;

  static const uint8_t* at(const Map& map, const StepMemory& memory, int64_t number) {
    return bytes_at(map, memory, number);
  }
  static void copy(const uint8_t* from, int64_t count, uint8_t* to) {
    std::memcpy(to, from, static_cast<size_t>(count));
  }
  static int outside(const Map& map) { return map.quantization.zero; }
};

struct Bf16Pixels {
  using Number = uint16_t;

  static const uint16_t* at(const Map& map, const StepMemory& memory, int64_t number) {
    return bf16_at(map, memory, number);
  }
  static void copy(const uint16_t* from, int64_t count, uint16_t* to) {
    std::memcpy(to, from, static_cast<size_t>(count) * sizeof(uint16_t));
  }
  static int outside(const Map&) { return 0; }
};

// A line of a strip's plane: the line of the map, over all images, that it is made of, or -1, and the map's pixel
// under its first column.
struct StripLine {
  int64_t line = -1;
  int64_t left = 0;
};

template <class Pixels>
class StripFiller {
 public:
  using Number = typename Pixels::Number;

  StripFiller(const Pixels& pixels, const Map& map, const Strip& strip)
      : pixels_(pixels), map_(map), strip_(strip), pixel_(strip.pixel / kBytes) {}

  void fill(const StepMemory& memory, const StripLine& line, char* bytes) const {
    auto* const to = reinterpret_cast<Number*>(bytes);
    // Columns of the plane whose pixel lies in the map.
    int64_t first = strip_.columns, end = strip_.columns;
    if (line.line >= 0) {
      const int64_t width = map_.shape.width;
      first = std::clamp<int64_t>(parts(-line.left, strip_.step), 0, strip_.columns);
      end = std::clamp<int64_t>(parts(width - line.left, strip_.step), first, strip_.columns);
      const int64_t pixel = line.line * width + line.left + first * strip_.step;
      copy(pixels_.at(map_, memory, pixel * map_.stride), end - first, to + first * pixel_);
    }
    set(to, first);
    set(to + end * pixel_, strip_.columns - end);
  }

 private:
  static constexpr int64_t kBytes = sizeof(Number);

  // What lies outside the map, the gaps between pixels included.
  void set(Number* to, int64_t columns) const {
    std::memset(to, pixels_.outside(map_), static_cast<size_t>(columns * strip_.pixel));
  }
  template <class From>
  void copy(const From* from, int64_t columns, Number* to) const {
    if (strip_.step == 1 && map_.stride == pixel_) return pixels_.copy(from, columns * pixel_, to);
    const int64_t gap = strip_.tap_bytes / kBytes - map_.stride, step = strip_.step * map_.stride;
    for (int64_t i = 0; i < columns; ++i, from += step, to += pixel_) {
      pixels_.copy(from, map_.stride, to);
      if (gap > 0) std::memset(to + map_.stride, 0, static_cast<size_t>(gap * kBytes));
    }
  }

  const Pixels& pixels_;
  const Map& map_;
  const Strip& strip_;
  int64_t pixel_;  // numbers
};

// Rows of a product and the outputs that they are: row r is column r % width of line r / width, counted from `line`
// over all images. Columns beyond the map's width are a strip's margin.
struct OutputRows {
  int64_t first = 0, count = 0;
  int64_t width = 0;
  int64_t line = 0;
};

struct TileSums {
  const char* at = nullptr;
  int64_t row_bytes = 0;
  int64_t column = 0, columns = 0;
};

class TileTask {
 public:
  TileTask(const CompiledPlan& plan, const ConvStep& step, const ConvTask& task, const StepMemory& memory)
      : plan_(plan),
        step_(step),
        task_(task),
        site_(step.sites[static_cast<size_t>(task.site)]),
        memory_(memory),
        scratch_(reinterpret_cast<char*>(memory.scratch)) {}

  template <class Pixels>
  void run(const Pixels& pixels) const {
    step_.choice.algorithm == ConvAlgorithm::tile_strips ? run_strips(pixels) : run_rows(pixels);
  }

 private:
  bool is_bf16() const { return step_.format == NumberFormat::bf16; }

  // Image after image.
  template <class Pixels>
  void run_strips(const Pixels& pixels) const {
    const int64_t height = site_.out.shape.height, end = task_.first_row + task_.rows;
    for (int64_t line = task_.first_row; line < end;) {
      const int64_t count = std::min(end, (line / height + 1) * height) - line;
      const Strip strip = strip_of(step_, site_, count);
      fill(pixels, strip, line);
      // The margin behind the last line is not needed.
      const OutputRows rows{0, (count - 1) * strip.width + site_.out.shape.width, strip.width, line};
      multiply({.a = scratch_, .row_bytes = strip.row, .taps = strip.taps(), .tap_bytes = strip.tap_bytes}, rows,
               tile_scratch(step_, strip.size(), plan_.kernels->panel));
      line += count;
    }
  }

  template <class Pixels>
  void fill(const Pixels& pixels, const Strip& strip, int64_t output_line) const {
    const int64_t stride = step_.conv.stride, before = step_.conv.pad_before;
    const int64_t height = site_.in.shape.height, first = output_line % site_.out.shape.height * stride - before;
    const int64_t image = output_line / site_.out.shape.height;
    const StripFiller<Pixels> filler(pixels, site_.in, strip);
    char* to = scratch_;
    for (int64_t a = 0; a < strip.planes_down; ++a) {
      for (int64_t b = 0; b < strip.planes_across; ++b) {
        for (int64_t u = 0; u < strip.lines; ++u, to += strip.pitch) {
          const int64_t y = first + u * stride + a;
          filler.fill(memory_, {y >= 0 && y < height ? image * height + y : -1, b - before}, to);
        }
      }
    }
    // A tap of the last pixels may reach so far, where it meets weights of zero.
    std::memset(to, 0, static_cast<size_t>(kernels::kTileBytes));
  }

  template <class Pixels>
  void run_rows(const Pixels& pixels) const {
    using Number = typename Pixels::Number;
    constexpr int64_t kBytes = sizeof(Number), kNoTap = 0;
    const int64_t numbers = int64_t{step_.conv.kernel} * step_.conv.kernel * site_.in.stride;
    const auto* from = pixels.at(site_.in, memory_, task_.first_row * numbers);
    kernels::TileProduct product{
        .a = from, .row_bytes = numbers * kBytes, .taps = {&kNoTap, 1}, .tap_bytes = step_.k * kBytes};
    // Whole tiles are read: in place only as many as the task has, so that nothing behind the map is touched.
    const int64_t in_place =
        reads_tile_rows_in_place(step_, site_) ? task_.rows / kernels::kTileRows * kernels::kTileRows : 0;
    const int64_t copied = task_.rows - in_place, width = site_.out.shape.width;
    const int64_t row_bytes = tile_pixel_bytes(step_, ConvAlgorithm::tile_rows);
    const TileScratch layout = tile_scratch(step_, copied * row_bytes, plan_.kernels->panel);
    if (in_place > 0) multiply(product, {task_.first_row, in_place, width, 0}, layout);
    if (copied == 0) return;
    product.row_bytes = row_bytes;
    product.a = scratch_;
    for (int64_t r = 0; r < copied; ++r) {
      auto* to = reinterpret_cast<Number*>(scratch_ + r * row_bytes);
      pixels.copy(from + (in_place + r) * numbers, numbers, to);
      std::fill(to + numbers, to + step_.k, Number{0});
    }
    multiply(product, {task_.first_row + in_place, copied, width, 0}, layout);
  }

  const void* weights_from(int64_t number) const {
    if (is_bf16()) return std::get<Bf16Weights>(step_.weights).get() + number;
    return std::get<Int8Weights>(step_.weights).get() + number;
  }

  // Multiplies rows that lie ready by all panels of the task, some at a time, and finishes the sums while they are
  // near.
  void multiply(kernels::TileProduct product, const OutputRows& rows, const TileScratch& layout) const {
    const kernels::TileKernels& tiles = *plan_.kernels->tiles;
    const auto multiply = is_bf16() ? tiles.multiply_bf16 : tiles.multiply_int8;
    const int64_t panel = plan_.kernels->panel;
    const auto* const a = static_cast<const char*>(product.a);
    char* const sums = scratch_ + layout.sums * kWord;
    product.b_stride = step_.k * panel * static_cast<int64_t>(is_bf16() ? sizeof(uint16_t) : sizeof(int8_t));
    product.panel = panel;
    product.c = sums;
    product.c_stride = layout.sum_stride;
    for (int64_t first = task_.first_panel; first < task_.first_panel + task_.panels; first += kSumPanels) {
      const int64_t end = std::min(first + kSumPanels, task_.first_panel + task_.panels), column = first * panel;
      product.b = weights_from(column * step_.k);
      product.columns = std::min(end * panel, step_.columns) - column;
      for (int64_t row = 0; row < rows.count; row += kernels::kTileBlockRows) {
        product.a = a + row * product.row_bytes;
        product.rows = std::min(kernels::kTileBlockRows, rows.count - row);
        multiply(product);
        finish({rows.first + row, product.rows, rows.width, rows.line},
               {sums, layout.sum_stride * kWord, column, product.columns});
      }
    }
  }

  void finish(const OutputRows& rows, const TileSums& sums) const {
    const int64_t width = site_.out.shape.width;
    std::array<int64_t, kernels::kTileBlockRows> to_at, residual_at;
    // Runs of rows that are outputs: a strip's margin lies between.
    int64_t line = rows.line + rows.first / rows.width, x = rows.first % rows.width;
    for (int64_t r = 0; r < rows.count;) {
      const int64_t end = std::min(rows.count, r + rows.width - x);
      const int64_t outputs = std::clamp<int64_t>(width - x, 0, end - r);
      for (int64_t i = 0; i < outputs; ++i) {
        const auto at = static_cast<size_t>(i);
        to_at[at] = (line * width + x + i) * site_.out.stride + sums.column;
        if (site_.residual_factor > 0) residual_at[at] = residual_number(line, x + i) + sums.column;
      }
      if (outputs > 0) finish_run(sums, r, outputs, to_at.data(), residual_at.data());
      r = end;
      x = 0;
      ++line;
    }
  }

  void finish_run(const TileSums& sums, int64_t first, int64_t count, const int64_t* to_at,
                  const int64_t* residual_at) const {
    kernels::FinishedPixels pixels{.sum_stride = sums.row_bytes / kWord,
                                   .pixels = count,
                                   .columns = sums.columns,
                                   .scale = site_.affine.scale.data() + sums.column,
                                   .shift = site_.affine.shift.data() + sums.column,
                                   .activation = site_.affine.activation,
                                   .residual_at = residual_at,
                                   .to = target_at(site_.out, memory_, 0),
                                   .to_at = to_at};
    const char* from = sums.at + first * sums.row_bytes;
    if (is_bf16()) {
      pixels.float_sums = reinterpret_cast<const float*>(from);
    } else {
      pixels.sums = reinterpret_cast<const int32_t*>(from);
    }
    if (site_.residual_factor > 0) pixels.residual = source_at(site_.residual, memory_, 0);
    plan_.kernels->finish_pixels(pixels);
  }

  // The first number of the residual's pixel.
  int64_t residual_number(int64_t line, int64_t x) const {
    const Map& map = site_.residual;
    const int64_t height = site_.out.shape.height, factor = site_.residual_factor;
    const int64_t pixel = line % height / factor * map.shape.width + x / factor;
    return line / height * image_numbers(map) + pixel * map.stride;
  }

  static constexpr int64_t kWord = 4;  // bytes of a sum

  const CompiledPlan& plan_;
  const ConvStep& step_;
  const ConvTask& task_;
  const ConvSite& site_;
  const StepMemory& memory_;
  char* scratch_;
};

}  // namespace

void run_in_tiles(const CompiledPlan& plan, const ConvStep& step, const ConvTask& task, const StepMemory& memory) {
  const kernels::TileKernels& tiles = *plan.kernels->tiles;
  const TileTask run(plan, step, task, memory);
  tiles.begin();
  const Quantization& in = step.sites[static_cast<size_t>(task.site)].in.quantization;
  if (is_bytes(in)) {
    run.run(BytePixels());
  } else {
    in.is_bf16 ? run.run(Bf16Pixels()) : run.run(FloatPixels{tiles});
  }
  tiles.end();
}

}  // namespace spinenet::engine

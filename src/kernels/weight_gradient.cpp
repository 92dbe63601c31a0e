#include "kernels/weight_gradient.h"

#include <algorithm>

#include "kernels/scratch.h"
#include "kernels/tile_map.h"

namespace spinenet::kernels {
namespace {

// Floats of x and of the gradient that are used for all taps before the next: they stay in the second cache.
constexpr int64_t kChunkFloats = 48 << 10, kLeastPixels = 128, kMostPixels = 1024;
constexpr int64_t kTileFloats = 192 << 10, kLeastTiles = 16, kMostTiles = 256;
// Of a convolution of one tap with so many weights, so many pixels and rows are copied together.
constexpr int64_t kManyNumbers = 64 << 10, kPixelsTogether = 256, kRowsTogether = 4 * kRegisterRows;
// What is worth a group with sums of its own: multiply-adds, and pixels or tiles. How many groups there are at most,
// and floats of all their sums.
constexpr int64_t kGroupWork = 4 << 20, kGroupPixels = 256, kGroupTiles = 64, kMostGroups = 8, kMostSums = 4 << 20;
// Channels of the input whose weights are finished together.
constexpr int64_t kFinishedChannels = 8;

// Some numbers of rows that lie `stride` apart.
struct Rows {
  const float* at = nullptr;
  int64_t stride = 0, count = 0, numbers = 0;
};

// One after the other, each with zeros up to `room`.
void copy_rows(const Rows& rows, int64_t room, float* to) {
  const float* from = rows.at;
  for (int64_t i = 0; i < rows.count; ++i, from += rows.stride, to += room) {
    std::copy_n(from, rows.numbers, to);
    std::fill(to + rows.numbers, to + room, 0.0F);
  }
}

}  // namespace

WeightGradient::WeightGradient(const Convolution& conv, const ConvolutionKernels& kernels, ConvolutionWay way)
    : conv_(conv), kernels_(kernels) {
  winograd_ = goes_in_tiles(conv, way);
  const int64_t height = conv.out_height(), width = conv.out_width();
  items_ = conv.images * (winograd_ ? parts(height, kWinogradTile) * parts(width, kWinogradTile) : height * width);
  const int64_t sums = products() * conv_.channels * columns(), work = items_ * sums;
  groups_ = std::min({work / kGroupWork, kMostSums / sums, items_ / (winograd_ ? kGroupTiles : kGroupPixels)});
  groups_ = std::clamp(groups_, int64_t{1}, kMostGroups);
  if (!winograd_) {
    slices_ =
        std::clamp(std::min(kMostGroups / groups_, conv_.channels / (2 * kRegisterRows)), int64_t{1}, kMostGroups);
  }
  sums_ = aligned_floats(groups_ * sums);
}

int64_t WeightGradient::products() const {
  return winograd_ ? kWinogradProducts : conv_.kernel * conv_.kernel;
}

int64_t WeightGradient::columns() const {
  return rounded_up(conv_.outputs, kChannelBlock);
}

void WeightGradient::run(int64_t piece, const float* x, const float* gradient) {
  const int64_t group = piece / slices_, slice = piece % slices_;
  Part part{.x = x,
            .first = group * items_ / groups_,
            .end = (group + 1) * items_ / groups_,
            .first_row = slice * conv_.channels / slices_,
            .sums = sums_.get() + group * products() * conv_.channels * columns()};
  part.rows = (slice + 1) * conv_.channels / slices_ - part.first_row;
  for (int64_t p = 0; p < products(); ++p) {
    std::fill_n(part.sums + (p * conv_.channels + part.first_row) * columns(), part.rows * columns(), 0.0F);
  }
  if (winograd_) return run_winograd(part, gradient);
  if (conv_.kernel == 1 && conv_.stride == 1 && conv_.padding == 0 && conv_.channels * columns() >= kManyNumbers) {
    return run_pixels(part, gradient);
  }
  run_plain(part, gradient);
}

// Pixels of one tap and many channels: rows of x and of the gradient lie so far apart that they push each other out of
// the cache. Some numbers of each are copied together, which all of the others then use.
void WeightGradient::run_pixels(const Part& part, const float* gradient) const {
  const int64_t channels = conv_.channels, wide = columns(), outputs = conv_.outputs;
  const int64_t panel = kernels_.products->panel;
  float* const panels = scratch(kPixelsTogether * (rounded_up(wide, panel) + kRowsTogether));
  float* const rows = panels + kPixelsTogether * rounded_up(wide, panel);
  for (int64_t first = part.first; first < part.end; first += kPixelsTogether) {
    const int64_t count = std::min(kPixelsTogether, part.end - first);
    for (int64_t column = 0; column < wide; column += panel) {
      const int64_t numbers = std::clamp<int64_t>(outputs - column, 0, panel);
      copy_rows({gradient + first * outputs + column, outputs, count, numbers}, panel,
                panels + column * kPixelsTogether);
    }
    for (int64_t row = part.first_row; row < part.first_row + part.rows; row += kRowsTogether) {
      const int64_t together = std::min(kRowsTogether, part.first_row + part.rows - row);
      copy_rows({part.x + first * channels + row, channels, count, together}, kRowsTogether, rows);
      for (int64_t column = 0; column < wide; column += panel) {
        const RowPairs pairs{rows, panels + column * kPixelsTogether, count};
        kernels_.gradients->add_outer_products({.pairs = {&pairs, 1},
                                                .a_stride = kRowsTogether,
                                                .b_stride = panel,
                                                .rows = together,
                                                .columns = std::min(panel, wide - column),
                                                .c = part.sums + row * wide + column,
                                                .c_stride = wide});
      }
    }
  }
}

void WeightGradient::run_plain(const Part& part, const float* gradient) const {
  const int64_t width = conv_.out_width(), wide = columns(), outputs = conv_.outputs;
  const int64_t chunk = std::clamp(kChunkFloats / (conv_.channels + wide), kLeastPixels, kMostPixels);
  std::vector<Line> lines;
  for (int64_t first = part.first; first < part.end; first += chunk) {
    const int64_t end = std::min(first + chunk, part.end);
    float* const memory = scratch(wide == outputs ? 0 : chunk * wide);
    lines.clear();
    for (int64_t at = first; at < end;) {
      const int64_t line = at / width, from = at % width;
      const int64_t count = std::min(width - from, end - at);
      lines.push_back({line / conv_.out_height(), line % conv_.out_height(), from, count, gradient + at * outputs});
      if (wide != outputs) {
        float* const to = memory + (at - first) * wide;
        copy_rows({gradient + at * outputs, outputs, count, outputs}, wide, to);
        lines.back().gradient = to;
      }
      at += count;
    }
    add_taps(part, lines);
  }
}

void WeightGradient::add_taps(const Part& part, const std::vector<Line>& lines) const {
  // The windows of most pixels lie in one piece of each line of x, all channels of a tap beside those of the next.
  const bool whole = conv_.dilation == 1 && slices_ == 1;
  const Span inner = whole ? Span{parts(conv_.padding, conv_.stride), reach(conv_.kernel - 1 - conv_.padding)} : Span{};
  std::vector<RowPairs> pairs;
  for (int64_t i = 0; i < conv_.kernel; ++i) {
    const int64_t down = i * conv_.dilation - conv_.padding;
    pairs.clear();
    for (const Line& line : lines) add_pairs(part, line, {down, -conv_.padding}, inner, pairs);
    add_products(part, pairs, i * conv_.kernel, conv_.kernel * part.rows);
    for (int64_t j = 0; j < conv_.kernel; ++j) {
      const Offset offset{down, j * conv_.dilation - conv_.padding};
      const Span all{offset.right >= 0 ? 0 : parts(-offset.right, conv_.stride), reach(offset.right)};
      pairs.clear();
      for (const Line& line : lines) {
        if (inner.begin >= inner.end) {
          add_pairs(part, line, offset, all, pairs);
          continue;
        }
        add_pairs(part, line, offset, {all.begin, std::min(all.end, inner.begin)}, pairs);
        add_pairs(part, line, offset, {std::max(all.begin, inner.end), all.end}, pairs);
      }
      add_products(part, pairs, i * conv_.kernel + j, part.rows);
    }
  }
}

// The first pixel of a line of the output whose source, so far to the right, lies beyond the line of x.
int64_t WeightGradient::reach(int64_t right) const {
  return right >= conv_.width ? 0 : parts(conv_.width - right, conv_.stride);
}

// The pixels of a line of the output that lie in the span, with their sources.
void WeightGradient::add_pairs(const Part& part, const Line& line, const Offset& offset, const Span& span,
                               std::vector<RowPairs>& pairs) const {
  const int64_t y = line.y * conv_.stride + offset.down;
  const int64_t from = std::max(line.x, span.begin), count = std::min(line.x + line.count, span.end) - from;
  if (y < 0 || y >= conv_.height || count <= 0) return;
  const int64_t source = (line.image * conv_.height + y) * conv_.width + from * conv_.stride + offset.right;
  pairs.push_back(
      {part.x + source * conv_.channels + part.first_row, line.gradient + (from - line.x) * columns(), count});
}

void WeightGradient::add_products(const Part& part, const std::vector<RowPairs>& pairs, int64_t tap,
                                  int64_t rows) const {
  if (pairs.empty()) return;
  kernels_.gradients->add_outer_products({.pairs = pairs,
                                          .a_stride = conv_.stride * conv_.channels,
                                          .b_stride = columns(),
                                          .rows = rows,
                                          .columns = columns(),
                                          .c = part.sums + (tap * conv_.channels + part.first_row) * columns(),
                                          .c_stride = columns()});
}

void WeightGradient::run_winograd(const Part& part, const float* gradient) const {
  const int64_t depth = rounded_up(conv_.channels, kChannelBlock), wide = columns();
  const int64_t height = conv_.out_height(), width = conv_.out_width();
  const int64_t down = parts(height, kWinogradTile), across = parts(width, kWinogradTile);
  const int64_t chunk = std::clamp(kTileFloats / (kWinogradProducts * (depth + wide)), kLeastTiles, kMostTiles);
  const int64_t x_stride = chunk * depth + kProductGap, gradient_stride = chunk * wide + kProductGap;
  float* const window = scratch(kWinogradProducts * (std::max(depth, wide) + x_stride + gradient_stride));
  float* const inputs = window + kWinogradProducts * std::max(depth, wide);
  float* const gradients = inputs + kWinogradProducts * x_stride;
  const TileMap source{part.x, height, width, conv_.channels}, of_y{gradient, height, width, conv_.outputs};
  for (int64_t first = part.first; first < part.end; first += chunk) {
    const int64_t count = std::min(chunk, part.end - first);
    for (int64_t t = 0; t < count; ++t) {
      const Tile tile = tile_at(first + t, down, across);
      const auto pixels = source.places(tile.image, tile.y - 1, tile.x - 1, kWinogradInput, window);
      kernels_.products->winograd_input(
          {.pixels = pixels.data(), .channels = depth, .to = inputs + t * depth, .product_stride = x_stride});
      const auto of_tile = of_y.places(tile.image, tile.y, tile.x, kWinogradTile, window);
      kernels_.gradients->winograd_gradient(
          {.pixels = of_tile.data(), .channels = wide, .to = gradients + t * wide, .product_stride = gradient_stride});
    }
    for (int64_t p = 0; p < kWinogradProducts; ++p) {
      const RowPairs pairs{inputs + p * x_stride, gradients + p * gradient_stride, count};
      kernels_.gradients->add_outer_products({.pairs = {&pairs, 1},
                                              .a_stride = depth,
                                              .b_stride = wide,
                                              .rows = conv_.channels,
                                              .columns = wide,
                                              .c = part.sums + p * conv_.channels * wide,
                                              .c_stride = wide});
    }
  }
}

int64_t WeightGradient::finishing_pieces() const {
  return parts(conv_.channels, kFinishedChannels);
}

// The sums of all groups for some channels of the input, as taps, and turned so that an output's weights lie together.
void WeightGradient::finish(int64_t piece, float* weights) {
  const int64_t first = piece * kFinishedChannels, channels = std::min(kFinishedChannels, conv_.channels - first);
  const int64_t taps = conv_.kernel * conv_.kernel, numbers = winograd_ ? kWinogradProducts : taps;
  const int64_t wide = columns(), floats = channels * wide, group = numbers * conv_.channels * wide;
  float* const sums = scratch((numbers + (winograd_ ? taps : 0)) * floats);
  for (int64_t p = 0; p < numbers; ++p) {
    const float* from = sums_.get() + (p * conv_.channels + first) * wide;
    float* const sum = sums + p * floats;
    std::copy_n(from, floats, sum);
    for (int64_t g = 1; g < groups_; ++g) {
      from += group;
      for (int64_t i = 0; i < floats; ++i) sum[i] += from[i];
    }
  }
  float* of_taps = sums;
  if (winograd_) {
    of_taps += numbers * floats;
    kernels_.gradients->winograd_weight_gradient(
        {.from = sums, .to = of_taps, .tap_stride = floats, .product_stride = floats, .columns = floats});
  }
  for (int64_t o = 0; o < conv_.outputs; ++o) {
    float* to = weights + (o * conv_.channels + first) * taps;
    for (int64_t c = 0; c < channels; ++c) {
      for (int64_t t = 0; t < taps; ++t) *to++ = of_taps[t * floats + c * wide + o];
    }
  }
}

}  // namespace spinenet::kernels

#include "kernels/convolution.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "kernels/scratch.h"
#include "kernels/tile_map.h"

namespace spinenet::kernels {
namespace {

// Floats of a piece's gathered rows, and of a piece's tiles: they stay in the second cache.
constexpr int64_t kRowFloats = 48 << 10, kTileFloats = 160 << 10;
constexpr int64_t kMostRows = 8 * kRegisterRows;
// Winograd's products for so many panels are made before they are transformed.
constexpr int64_t kPanelsTogether = 2;
// A run of at most so many floats is copied in steps.
constexpr int64_t kShortRun = 64, kCopyStep = 8;

int64_t whole_blocks(int64_t rows, int64_t most) {
  return std::clamp(rows / kRegisterRows, int64_t{1}, most / kRegisterRows) * kRegisterRows;
}

// Of a convolution that Winograd can compute.
bool is_better_in_tiles(const Convolution& conv) {
  // In multiply-adds of a channel of the input with one of the output: those of a pixel's nine taps, those of a tile's
  // products with what its transforms take, and the transform of the weights.
  constexpr double kPixel = 9, kTile = 42, kWeights = 300;
  const int64_t height = conv.out_height(), width = conv.out_width();
  const int64_t tiles = conv.images * parts(height, kWinogradTile) * parts(width, kWinogradTile);
  const int64_t channels = conv.channels * conv.outputs;
  const int64_t whole = rounded_up(conv.channels, kChannelBlock) * rounded_up(conv.outputs, kChannelBlock);
  return kPixel * static_cast<double>(conv.images * height * width * channels) >
         (kTile * static_cast<double>(tiles) + kWeights) * static_cast<double>(whole);
}

}  // namespace

ConvolutionKernels best_convolution_kernels() {
  return {&find_kernels(""), &all_gradient_kernels().front()};
}

bool takes_winograd(const Convolution& conv) {
  return conv.kernel == 3 && conv.stride == 1 && conv.padding == 1 && conv.dilation == 1;
}

bool goes_in_tiles(const Convolution& conv, ConvolutionWay way) {
  return takes_winograd(conv) &&
         (way == ConvolutionWay::best ? is_better_in_tiles(conv) : way == ConvolutionWay::winograd);
}

ConvolutionPass ConvolutionPass::forward(const Convolution& conv, const ConvolutionKernels& kernels,
                                         ConvolutionWay way) {
  return {conv, kernels, false, way};
}

ConvolutionPass ConvolutionPass::input_gradient(const Convolution& conv, const ConvolutionKernels& kernels,
                                                ConvolutionWay way) {
  return {conv, kernels, true, way};
}

ConvolutionPass::ConvolutionPass(const Convolution& conv, const ConvolutionKernels& kernels, bool reversed,
                                 ConvolutionWay way)
    : kernels_(kernels),
      images_(conv.images),
      taps_(conv.kernel * conv.kernel),
      from_{conv.height, conv.width, conv.channels},
      to_{conv.out_height(), conv.out_width(), conv.outputs},
      reversed_(reversed),
      source_step_(conv.stride) {
  if (reversed) {
    std::swap(from_, to_);
    std::swap(source_step_, target_step_);
  }
  winograd_ = goes_in_tiles(conv, way);
  if (!winograd_) {
    make_sweeps(conv);
    return;
  }
  tiles_down_ = parts(to_.height, kWinogradTile);
  tiles_across_ = parts(to_.width, kWinogradTile);
  const int64_t together = std::min(kPanelsTogether * kernels_.products->panel, columns());
  tiles_of_piece_ = whole_blocks(kTileFloats / (kWinogradProducts * (depth() + together)), kMostRows);
  pieces_ = parts(images_ * tiles_down_ * tiles_across_, tiles_of_piece_);
  weights_ = aligned_floats(panels() * kWinogradProducts * product_floats());
}

int64_t ConvolutionPass::columns() const {
  return rounded_up(to_.channels, kChannelBlock);
}

int64_t ConvolutionPass::panels() const {
  return parts(columns(), kernels_.products->panel);
}

// Channels of the source in a tile's products.
int64_t ConvolutionPass::depth() const {
  return rounded_up(from_.channels, kChannelBlock);
}

// From one of a panel's packed products to the next.
int64_t ConvolutionPass::product_floats() const {
  return depth() * kernels_.products->panel + kProductGap;
}

std::vector<ConvolutionPass::Tap> ConvolutionPass::taps_of(const Convolution& conv, int64_t y, int64_t x) const {
  std::vector<Tap> taps;
  for (int64_t i = 0; i < taps_; ++i) {
    // The last first where the gradients go back, so that the sources follow each other in memory.
    const int64_t tap = reversed_ ? taps_ - 1 - i : i;
    const int64_t down = tap / conv.kernel * conv.dilation - conv.padding,
                  right = tap % conv.kernel * conv.dilation - conv.padding;
    if (!reversed_) {
      taps.push_back({down, right, tap});
    } else if ((y - down) % conv.stride == 0 && (x - right) % conv.stride == 0) {
      taps.push_back({(y - down) / conv.stride, (x - right) / conv.stride, tap});
    }
  }
  return taps;
}

// Taps whose sources follow each other in memory, and the pixels whose sources all lie within the map.
void ConvolutionPass::find_runs(Sweep& sweep) const {
  sweep.inner_bottom = from_.height;
  sweep.inner_right = from_.width;
  const Tap* last = nullptr;
  for (const Tap& tap : sweep.taps) {
    sweep.inner_top = std::max(sweep.inner_top, -tap.dy);
    sweep.inner_left = std::max(sweep.inner_left, -tap.dx);
    sweep.inner_bottom = std::min(sweep.inner_bottom, from_.height - tap.dy);
    sweep.inner_right = std::min(sweep.inner_right, from_.width - tap.dx);
    if (last == nullptr || tap.dy != last->dy || tap.dx != last->dx + 1) {
      sweep.runs.push_back({(tap.dy * from_.width + tap.dx) * from_.channels, 0});
    }
    sweep.runs.back().floats += from_.channels;
    last = &tap;
  }
}

void ConvolutionPass::make_sweeps(const Convolution& conv) {
  int64_t floats = 0;
  for (int64_t y = 0; y < std::min(target_step_, to_.height); ++y) {
    for (int64_t x = 0; x < std::min(target_step_, to_.width); ++x) {
      Sweep sweep;
      sweep.first_y = y;
      sweep.first_x = x;
      sweep.rows = parts(to_.height - y, target_step_);
      sweep.columns = parts(to_.width - x, target_step_);
      sweep.taps = taps_of(conv, y, x);
      find_runs(sweep);
      sweep.k = rounded_up(static_cast<int64_t>(sweep.taps.size()) * from_.channels, 4);
      sweep.weights = floats;
      floats += panels() * kernels_.products->panel * sweep.k;
      sweep.pixels_of_piece = whole_blocks(kRowFloats / std::max(sweep.k, columns()), kMostRows);
      sweep.first_piece = pieces_;
      sweep.pieces = parts(images_ * sweep.pixels(), sweep.pixels_of_piece);
      pieces_ += sweep.pieces;
      sweeps_.push_back(std::move(sweep));
    }
  }
  weights_ = aligned_floats(floats);
}

// --- Weights

int64_t ConvolutionPass::weight_place(int64_t from_channel, int64_t to_channel, int64_t tap) const {
  const int64_t output = reversed_ ? from_channel : to_channel, input = reversed_ ? to_channel : from_channel;
  return (output * (reversed_ ? to_.channels : from_.channels) + input) * taps_ + tap;
}

int64_t ConvolutionPass::packing_pieces() const {
  return panels();
}

void ConvolutionPass::pack(int64_t piece, const float* weights) {
  if (winograd_) return pack_winograd(piece, weights);
  for (const Sweep& sweep : sweeps_) pack_panel(sweep, piece, weights);
}

void ConvolutionPass::pack_panel(const Sweep& sweep, int64_t panel, const float* weights) {
  const int64_t width = kernels_.products->panel, first = panel * width;
  const int64_t count = std::clamp<int64_t>(to_.channels - first, 0, width);
  const int64_t apart = weight_place(0, 1, 0);
  float* to = weights_.get() + sweep.weights + panel * sweep.k * width;
  float* const end = to + sweep.k * width;
  for (const Tap& tap : sweep.taps) {
    for (int64_t c = 0; c < from_.channels; ++c, to += width) {
      const float* at = weights + weight_place(c, first, tap.weight);
      for (int64_t o = 0; o < count; ++o) to[o] = at[o * apart];
      std::fill(to + count, to + width, 0.0F);
    }
  }
  std::fill(to, end, 0.0F);
}

void ConvolutionPass::pack_winograd(int64_t panel, const float* weights) {
  const int64_t width = kernels_.products->panel, first = panel * width;
  const int64_t count = std::clamp<int64_t>(to_.channels - first, 0, width);
  const int64_t apart = weight_place(0, 1, 0);
  float* const taps = scratch(taps_ * width);
  std::fill_n(taps, taps_ * width, 0.0F);
  float* const products = weights_.get() + panel * kWinogradProducts * product_floats();
  for (int64_t c = 0; c < from_.channels; ++c) {
    const float* at = weights + weight_place(c, first, 0);
    for (int64_t o = 0; o < count; ++o, at += apart) {
      for (int64_t t = 0; t < taps_; ++t) taps[t * width + o] = at[reversed_ ? taps_ - 1 - t : t];
    }
    kernels_.gradients->winograd_weights({.from = taps,
                                          .to = products + c * width,
                                          .tap_stride = width,
                                          .product_stride = product_floats(),
                                          .columns = width});
  }
  for (int64_t p = 0; p < kWinogradProducts; ++p) {
    std::fill_n(products + p * product_floats() + from_.channels * width, (depth() - from_.channels) * width, 0.0F);
  }
}

// --- Pieces

namespace {

// Scale and shift, [columns] each, in the memory.
Epilogue epilogue_of(const float* bias, int64_t channels, int64_t columns, float* memory) {
  std::fill_n(memory, columns, 1.0F);
  float* const shift = memory + columns;
  std::fill_n(shift, columns, 0.0F);
  if (bias != nullptr) std::copy_n(bias, channels, shift);
  return {memory, shift, EpilogueActivation::none};
}

}  // namespace

void ConvolutionPass::run(int64_t piece, const float* from, const float* bias, float* to) const {
  if (winograd_) return run_winograd(piece, from, bias, to);
  for (const Sweep& sweep : sweeps_) {
    if (piece < sweep.first_piece + sweep.pieces) return run_sweep(sweep, piece - sweep.first_piece, from, bias, to);
  }
}

// Whether the rows of the product are the pixels of the source.
bool ConvolutionPass::in_place(const Sweep& sweep) const {
  return sweep.taps.size() == 1 && sweep.k == from_.channels && source_step_ == 1 && sweep.taps[0].dy == 0 &&
         sweep.taps[0].dx == 0 && sweep.rows == from_.height && sweep.columns == from_.width;
}

void ConvolutionPass::run_sweep(const Sweep& sweep, int64_t piece, const float* from, const float* bias,
                                float* to) const {
  const int64_t first = piece * sweep.pixels_of_piece;
  const int64_t count = std::min(sweep.pixels_of_piece, images_ * sweep.pixels() - first);
  const int64_t wide = columns(), row_stride = sweep.k + kProductGap;
  float* const memory = scratch(2 * wide + count * (row_stride + wide));
  float* const rows = memory + 2 * wide;
  float* const sums = rows + count * row_stride;
  const Epilogue epilogue = bias == nullptr ? Epilogue() : epilogue_of(bias, to_.channels, wide, memory);
  const bool straight = target_step_ == 1 && wide == to_.channels;
  Product product{.a = rows,
                  .a_stride = row_stride,
                  .rows = count,
                  .k = sweep.k,
                  .b = weights_.get() + sweep.weights,
                  .b_stride = sweep.k * kernels_.products->panel,
                  .c = straight ? to + first * wide : sums,
                  .c_stride = wide,
                  .columns = wide,
                  .epilogue = bias == nullptr ? nullptr : &epilogue};
  if (in_place(sweep)) {
    product.a = from + first * sweep.k;
    product.a_stride = sweep.k;
  } else {
    gather(sweep, from, first, {rows, count, row_stride});
  }
  kernels_.products->multiply(product);
  if (!straight) scatter(sweep, first, count, sums, to);
}

// The sources of some of the target's pixels, tap after tap.
void ConvolutionPass::gather(const Sweep& sweep, const float* from, int64_t first, const GatheredRows& rows) const {
  const int64_t image_floats = from_.pixels() * from_.channels;
  const float* const end = from + images_ * image_floats;
  int64_t image = first / sweep.pixels(), y = first % sweep.pixels() / sweep.columns,
          x = first % sweep.pixels() % sweep.columns;
  float* row = rows.at;
  for (int64_t r = 0; r < rows.count; ++r, row += rows.stride) {
    const int64_t top = y * source_step_, left = x * source_step_;
    const float* const source = from + image * image_floats;
    if (top >= sweep.inner_top && top < sweep.inner_bottom && left >= sweep.inner_left && left < sweep.inner_right) {
      copy_runs(sweep.runs, source + (top * from_.width + left) * from_.channels, end, row);
    } else {
      gather_edge(sweep, source, top, left, row);
    }
    std::fill(row + static_cast<int64_t>(sweep.taps.size()) * from_.channels, row + sweep.k, 0.0F);
    if (++x < sweep.columns) continue;
    x = 0;
    if (++y < sweep.rows) continue;
    y = 0;
    ++image;
  }
}

// Short runs are copied in whole steps, which is faster than to count: what is too much comes before the next run, or
// behind the row, where there is room for it.
void ConvolutionPass::copy_runs(const std::vector<Run>& runs, const float* pixel, const float* end, float* row) {
  for (const Run& run : runs) {
    const float* const from = pixel + run.offset;
    if (run.floats <= kShortRun && end - from >= kShortRun) {
      for (int64_t i = 0; i < run.floats; i += kCopyStep) std::memcpy(row + i, from + i, kCopyStep * sizeof(float));
    } else {
      std::memcpy(row, from, static_cast<size_t>(run.floats) * sizeof(float));
    }
    row += run.floats;
  }
}

void ConvolutionPass::gather_edge(const Sweep& sweep, const float* source, int64_t top, int64_t left,
                                  float* row) const {
  for (const Tap& tap : sweep.taps) {
    const int64_t y = top + tap.dy, x = left + tap.dx;
    if (y >= 0 && y < from_.height && x >= 0 && x < from_.width) {
      std::copy_n(source + (y * from_.width + x) * from_.channels, from_.channels, row);
    } else {
      std::fill_n(row, from_.channels, 0.0F);
    }
    row += from_.channels;
  }
}

void ConvolutionPass::scatter(const Sweep& sweep, int64_t first, int64_t count, const float* rows, float* to) const {
  for (int64_t r = 0; r < count; ++r) {
    const int64_t image = (first + r) / sweep.pixels(), at = (first + r) % sweep.pixels();
    const int64_t y = sweep.first_y + at / sweep.columns * target_step_,
                  x = sweep.first_x + at % sweep.columns * target_step_;
    std::copy_n(rows + r * columns(), to_.channels, to + ((image * to_.height + y) * to_.width + x) * to_.channels);
  }
}

void ConvolutionPass::run_winograd(int64_t piece, const float* from, const float* bias, float* to) const {
  const int64_t tiles = images_ * tiles_down_ * tiles_across_, wide = columns(), k = depth();
  TilePart part;
  part.first = piece * tiles_of_piece_;
  part.count = std::min(tiles_of_piece_, tiles - part.first);
  part.together = std::min<int64_t>(kPanelsTogether * kernels_.products->panel, wide);
  part.input_stride = part.count * k + kProductGap;
  part.sum_stride = part.count * part.together + kProductGap;
  float* memory = scratch(2 * wide + kWinogradProducts * (k + part.input_stride + part.sum_stride) +
                          kWinogradTile * kWinogradTile * part.together);
  part.epilogue = epilogue_of(bias, to_.channels, wide, memory);
  part.window = memory += 2 * wide;
  part.inputs = memory += kWinogradProducts * k;
  part.sums = memory += kWinogradProducts * part.input_stride;
  part.pixels = memory + kWinogradProducts * part.sum_stride;
  transform_tiles(part, from);
  for (int64_t column = 0; column < wide; column += part.together) {
    const int64_t columns = std::min(part.together, wide - column);
    multiply_tiles(part, column, columns);
    finish_tiles(part, column, columns, to);
  }
}

void ConvolutionPass::transform_tiles(const TilePart& part, const float* from) const {
  const TileMap source{from, from_.height, from_.width, from_.channels};
  for (int64_t t = 0; t < part.count; ++t) {
    const Tile tile = tile_at(part.first + t, tiles_down_, tiles_across_);
    const auto places = source.places(tile.image, tile.y - 1, tile.x - 1, kWinogradInput, part.window);
    kernels_.products->winograd_input({.pixels = places.data(),
                                       .channels = depth(),
                                       .to = part.inputs + t * depth(),
                                       .product_stride = part.input_stride});
  }
}

void ConvolutionPass::multiply_tiles(const TilePart& part, int64_t column, int64_t columns) const {
  const int64_t k = depth(), panel = kernels_.products->panel;
  for (int64_t p = 0; p < kWinogradProducts; ++p) {
    for (int64_t q = column; q < column + columns; q += panel) {
      kernels_.products->multiply({.a = part.inputs + p * part.input_stride,
                                   .a_stride = k,
                                   .rows = part.count,
                                   .k = k,
                                   .b = weights_.get() + (q / panel * kWinogradProducts + p) * product_floats(),
                                   .b_stride = product_floats(),
                                   .c = part.sums + p * part.sum_stride + (q - column),
                                   .c_stride = part.together,
                                   .columns = std::min(panel, column + columns - q)});
    }
  }
}

// Tiles go straight to the target, or by way of `pixels` where its channels are no whole blocks.
void ConvolutionPass::finish_tiles(const TilePart& part, int64_t column, int64_t columns, float* to) const {
  const int64_t channels = to_.channels, numbers = std::min(columns, channels - column);
  const bool straight = this->columns() == channels;
  for (int64_t t = 0; t < part.count; ++t) {
    const Tile tile = tile_at(part.first + t, tiles_down_, tiles_across_);
    const int64_t height = std::min<int64_t>(kWinogradTile, to_.height - tile.y),
                  width = std::min<int64_t>(kWinogradTile, to_.width - tile.x);
    float* const target = to + ((tile.image * to_.height + tile.y) * to_.width + tile.x) * channels + column;
    kernels_.products->winograd_output({.from = part.sums + t * part.together,
                                        .product_stride = part.sum_stride,
                                        .channels = columns,
                                        .to = straight ? target : part.pixels,
                                        .row_stride = straight ? to_.width * channels : kWinogradTile * columns,
                                        .pixel_stride = straight ? channels : columns,
                                        .height = static_cast<int>(height),
                                        .width = static_cast<int>(width),
                                        .epilogue = {part.epilogue.scale + column, part.epilogue.shift + column}});
    for (int64_t i = 0; i < (straight ? 0 : height * width); ++i) {
      const int64_t y = i / width, x = i % width;
      std::copy_n(part.pixels + (y * kWinogradTile + x) * columns, numbers, target + (y * to_.width + x) * channels);
    }
  }
}

}  // namespace spinenet::kernels

#include "engine/compile/pack_weights.h"

#include <algorithm>
#include <array>

#include "engine/plan/conv_layout.h"
#include "engine/plan/tile_layout.h"

namespace spinenet::engine {
namespace {

// G of Lavin and Gray: three taps of a line to as many products as a tile has inputs.
void weight_line(double a, double b, double c, std::array<double, 6>& to) {
  constexpr double kSixth = 1.0 / 6, kTwentyFourth = 1.0 / 24;
  const double even = a + c, far = (a + 4 * c) * kTwentyFourth, odd = b * (2 * kTwentyFourth);
  to = {a / 4, -(even + b) * kSixth, -(even - b) * kSixth, far + odd, far - odd, c};
}
void weight_line(double a, double b, double c, std::array<double, 4>& to) {
  to = {a, (a + b + c) / 2, (a - b + c) / 2, c};
}

// The nine taps of each output of a panel, [9][panel], to its products, [products][panel].
template <size_t kInput>
void winograd_weights(const float* __restrict taps, int64_t panel, float* __restrict to) {
  for (int64_t o = 0; o < panel; ++o) {
    std::array<std::array<double, kInput>, 3> lines;
    for (int64_t i = 0; i < 3; ++i) {
      const float* line = taps + i * 3 * panel + o;
      weight_line(line[0], line[panel], line[2 * panel], lines[static_cast<size_t>(i)]);
    }
    for (size_t j = 0; j < kInput; ++j) {
      std::array<double, kInput> column;
      weight_line(lines[0][j], lines[1][j], lines[2][j], column);
      for (size_t i = 0; i < kInput; ++i) {
        to[static_cast<int64_t>(i * kInput + j) * panel + o] = static_cast<float>(column[i]);
      }
    }
  }
}

// The places of one input's products are so far apart, and by such round numbers, that they push each other out of the
// cache: some inputs are computed in a small buffer and copied out together.
template <int kTile>
void pack_winograd(const TensorView& weight, const ConvStep& step, int64_t panel, int64_t first, float* to) {
  constexpr int64_t kBlock = 16, kProducts = int64_t{kTile + 2} * (kTile + 2);
  const int64_t inputs = weight.shape[1], columns = std::min(panel, weight.shape[0] - first);
  std::vector<float> taps(static_cast<size_t>(9 * panel)), products(static_cast<size_t>(kBlock * kProducts * panel));
  for (int64_t c0 = 0; c0 < inputs; c0 += kBlock) {
    const int64_t count = std::min(kBlock, inputs - c0);
    for (int64_t c = 0; c < count; ++c) {
      for (int64_t o = 0; o < columns; ++o) {
        const float* from = weight.data.data() + ((first + o) * inputs + c0 + c) * 9;
        for (int64_t t = 0; t < 9; ++t) taps[static_cast<size_t>(t * panel + o)] = from[t];
      }
      winograd_weights<kTile + 2>(taps.data(), panel, products.data() + c * kProducts * panel);
    }
    for (int64_t p = 0; p < kProducts; ++p) {
      float* row = to + (p * step.k + c0) * panel;
      for (int64_t c = 0; c < count; ++c, row += panel) {
        std::copy_n(products.data() + (c * kProducts + p) * panel, panel, row);
      }
    }
  }
}

void pack_plain(const TensorView& weight, const ConvStep& step, int64_t panel, int64_t first, float* to) {
  const int64_t inputs = weight.shape[1], taps = weight.shape[2] * weight.shape[3];
  const int64_t columns = std::min(panel, weight.shape[0] - first);
  const std::vector<int64_t> places = tap_places(step);
  for (int64_t o = 0; o < columns; ++o) {
    const float* from = weight.data.data() + (first + o) * inputs * taps;
    for (int64_t c = 0; c < inputs; ++c) {
      for (int64_t t = 0; t < taps; ++t) to[(places[static_cast<size_t>(t)] + c) * panel + o] = *from++;
    }
  }
}

}  // namespace

int64_t packed_floats(const ConvStep& step, int panel) {
  return rounded_up(step.columns, panel) * step.k * products_of(step.choice.algorithm);
}

int64_t int8_scales_offset(const ConvStep& step, int panel) {
  const int64_t in_float = has_tiles(step) ? sizeof(float) / sizeof(int16_t) : sizeof(float) / sizeof(int8_t);
  return parts(packed_floats(step, panel), in_float);
}

int64_t weight_floats(const ConvStep& step, int panel) {
  constexpr int64_t kBf16InFloat = 2, kScaleAndSum = 2;
  const int64_t columns = rounded_up(step.columns, panel);
  switch (step.format) {
    case NumberFormat::fp32:
      break;
    case NumberFormat::bf16:
      return packed_floats(step, panel) / kBf16InFloat;
    case NumberFormat::int8:
      return int8_scales_offset(step, panel) +
             columns * (has_tiles(step) ? products_of(step.choice.algorithm) : kScaleAndSum);
  }
  return packed_floats(step, panel);
}

ConvWeights weights_at(const ConvStep& step, int panel, const std::shared_ptr<const float[]>& owner, const float* at) {
  switch (step.format) {
    case NumberFormat::fp32:
      break;
    case NumberFormat::bf16:
      return Bf16Weights(owner, reinterpret_cast<const uint16_t*>(at));
    case NumberFormat::int8:
      if (!has_tiles(step)) return Int8Weights(owner, reinterpret_cast<const int8_t*>(at));
      return Int8WinogradWeights{{owner, reinterpret_cast<const int16_t*>(at)},
                                 {owner, at + int8_scales_offset(step, panel)}};
  }
  return Fp32Weights(owner, at);
}

void pack_panel(const TensorView& weight, const ConvStep& step, int64_t panel, int64_t first, float* to) {
  std::fill_n(to, products_of(step.choice.algorithm) * step.k * panel, 0.0F);
  if (first >= weight.shape[0]) return;
  switch (step.choice.algorithm) {
    case ConvAlgorithm::direct:
    case ConvAlgorithm::gathered:
    case ConvAlgorithm::tile_rows:
    case ConvAlgorithm::tile_strips:
      return pack_plain(weight, step, panel, first, to);
    case ConvAlgorithm::winograd:
      return pack_winograd<kernels::kWinogradTile>(weight, step, panel, first, to);
    case ConvAlgorithm::small_winograd:
      return pack_winograd<kernels::kSmallTile>(weight, step, panel, first, to);
  }
}

void pack_fp32(const TensorView& weight, const ConvStep& step, int panel, float* to) {
  const int64_t size = products_of(step.choice.algorithm) * step.k * panel;
  for (int64_t first = 0; first < step.columns; first += panel, to += size) pack_panel(weight, step, panel, first, to);
}

void pack_bf16(const TensorView& weight, const ConvStep& step, const kernels::Kernels& kernels, uint16_t* to) {
  const int64_t panel = kernels.panel, rows = products_of(step.choice.algorithm) * step.k;
  const kernels::ToBf16 to_bf16 = kernels.tiles != nullptr ? kernels.tiles->to_bf16 : kernels.to_bf16;
  std::vector<float> floats(static_cast<size_t>(rows * panel));
  std::vector<uint16_t> row(static_cast<size_t>(panel));
  int64_t k = 0;  // row of all panels
  for (int64_t first = 0; first < step.columns; first += panel) {
    pack_panel(weight, step, panel, first, floats.data());
    for (int64_t i = 0; i < rows; ++i, ++k) {
      to_bf16(floats.data() + i * panel, panel, row.data());
      uint16_t* pairs = to + k / 2 * 2 * panel + k % 2;
      for (int64_t o = 0; o < panel; ++o) pairs[2 * o] = row[static_cast<size_t>(o)];
    }
  }
}

AlignedFloats pack_depthwise(const TensorView& weight, int64_t stride) {
  const int64_t channels = weight.shape[0], taps = weight.shape[2] * weight.shape[3];
  AlignedFloats packed = aligned_floats(taps * stride);
  std::fill_n(packed.get(), taps * stride, 0.0F);
  for (int64_t c = 0; c < channels; ++c) {
    for (int64_t t = 0; t < taps; ++t) packed[t * stride + c] = weight.data[static_cast<size_t>(c * taps + t)];
  }
  return packed;
}

HostTensor tap_weights(const TensorView& weight, int64_t tap) {
  const int64_t inputs = weight.shape[0], outputs = weight.shape[1], taps = weight.shape[2] * weight.shape[3];
  HostTensor found{{outputs, inputs, 1, 1}, {}};
  found.data.reserve(static_cast<size_t>(outputs * inputs));
  for (int64_t o = 0; o < outputs; ++o) {
    for (int64_t c = 0; c < inputs; ++c) {
      found.data.push_back(weight.data[static_cast<size_t>((c * outputs + o) * taps + tap)]);
    }
  }
  return found;
}

ConvStep product_of_taps(const DeconvStep& step) {
  ConvStep product;
  product.format = step.format;
  product.k = step.k;
  product.columns = step.out.stride;
  product.sites.emplace_back().in = step.in;
  return product;
}

std::vector<DeconvTap> pack_deconv(const TensorView& weight, const DeconvStep& step, int panel) {
  const ConvStep product = product_of_taps(step);
  std::vector<DeconvTap> taps;
  for (int64_t t = 0; t < weight.shape[2] * weight.shape[3]; ++t) {
    AlignedFloats packed = aligned_floats(packed_floats(product, panel));
    pack_fp32(tap_weights(weight, t), product, panel, packed.get());
    taps.push_back({Fp32Weights(std::move(packed)), step.affine});
  }
  return taps;
}

}  // namespace spinenet::engine

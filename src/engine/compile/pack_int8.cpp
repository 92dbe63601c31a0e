#include "engine/compile/pack_int8.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "engine/compile/pack_weights.h"
#include "engine/plan/conv_layout.h"
#include "engine/plan/tile_layout.h"

namespace spinenet::engine {
namespace {

constexpr float kMaxWeight = 127;

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

}  // namespace

QuantizedWeights quantize_weights(const TensorView& weight) {
  const auto outputs = static_cast<size_t>(weight.shape[0]);
  const size_t row = weight.data.size() / outputs;
  QuantizedWeights found{std::vector<int8_t>(weight.data.size()), {}, {}};
  for (size_t o = 0; o < outputs; ++o) {
    float largest = 0;
    for (size_t i = 0; i < row; ++i) largest = std::max(largest, std::abs(weight.data[o * row + i]));
    const float share = largest / kMaxWeight;
    const float scale = share > 0 ? share : 1;  // the least of all floats have no share
    int32_t sum = 0;
    for (size_t i = o * row; i < (o + 1) * row; ++i) {
      found.numbers[i] = static_cast<int8_t>(std::clamp(std::round(weight.data[i] / scale), -kMaxWeight, kMaxWeight));
      sum += found.numbers[i];
    }
    found.scales.push_back(scale);
    found.sums.push_back(sum);
  }
  return found;
}

void pack_int8(const QuantizedWeights& weights, const std::vector<int64_t>& shape, const ConvStep& step, int panel,
               int8_t* to) {
  const int64_t outputs = shape[0], inputs = shape[1], taps = shape[2] * shape[3];
  const std::vector<int64_t> places = tap_places(step);
  std::fill_n(to, packed_floats(step, panel), int8_t{0});
  for (int64_t o = 0; o < outputs; ++o) {
    int8_t* column = to + o / panel * panel * step.k + o % panel * 4;
    for (int64_t c = 0; c < inputs; ++c) {
      for (int64_t t = 0; t < taps; ++t) {
        const int64_t k = places[static_cast<size_t>(t)] + c;
        column[k / 4 * 4 * panel + k % 4] = weights.numbers[static_cast<size_t>((o * inputs + c) * taps + t)];
      }
    }
  }
}

std::vector<DeconvTap> pack_int8_taps(const TensorView& weight, const DeconvStep& step, int panel) {
  const ConvStep product = product_of_taps(step);
  std::vector<DeconvTap> taps;
  for (int64_t t = 0; t < weight.shape[2] * weight.shape[3]; ++t) {
    const HostTensor tap = tap_weights(weight, t);
    const QuantizedWeights quantized = quantize_weights(tap);
    AlignedFloats memory = aligned_floats(parts(packed_floats(product, panel), int64_t{sizeof(float)}));
    auto* numbers = reinterpret_cast<int8_t*>(memory.get());
    pack_int8(quantized, tap.shape, product, panel, numbers);
    taps.push_back({Int8Weights(std::shared_ptr<const float[]>(std::move(memory)), numbers),
                    affine_of_sums(step.affine, quantized.scales, quantized.sums, step.in.quantization)});
  }
  return taps;
}

void pack_int8_winograd(const TensorView& weight, const ConvStep& step, int panel, int16_t* to, float* scales) {
  const int64_t panels = parts(step.columns, panel), product = step.k * panel;
  std::vector<float> floats(static_cast<size_t>(kernels::kWinogradProducts * product));
  std::fill_n(to, packed_floats(step, panel), int16_t{0});
  for (int64_t q = 0; q < panels; ++q) {
    pack_panel(weight, step, panel, q * panel, floats.data());
    for (int64_t p = 0; p < kernels::kWinogradProducts; ++p) {
      int16_t* const block = to + (q * kernels::kWinogradProducts + p) * product;
      for (int64_t o = 0; o < panel; ++o) {
        scales[(p * panels + q) * panel + o] =
            pack_column(floats.data() + p * product + o, step.k, panel, static_cast<size_t>(p), block + 2 * o);
      }
    }
  }
}

ChannelAffine affine_of_winograd_sums(const ChannelAffine& affine, const Quantization& in) {
  ChannelAffine found = affine;
  for (float& scale : found.scale) scale *= in.scale;
  return found;
}

ChannelAffine affine_of_sums(const ChannelAffine& affine, std::span<const float> scales, std::span<const int32_t> sums,
                             const Quantization& in) {
  ChannelAffine found = affine;
  for (size_t c = 0; c < scales.size(); ++c) {
    found.scale[c] = affine.scale[c] * scales[c] * in.scale;
    found.shift[c] = affine.shift[c] - found.scale[c] * static_cast<float>(in.zero * sums[c]);
  }
  return found;
}

}  // namespace spinenet::engine

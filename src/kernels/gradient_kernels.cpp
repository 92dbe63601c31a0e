// Compiles the loops for AVX-512, AVX2 and what every machine has, and finds which of them this machine can run.
#include "kernels/gradient_kernels.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "kernels/compiled_sets.h"
#include "kernels/processor.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/gradient_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/multiply_inl.h"

HWY_BEFORE_NAMESPACE();
namespace spinenet::kernels::HWY_NAMESPACE {
namespace {

template <int kR, int kV>
HWY_NOINLINE void outer_block(const OuterProducts& p, int64_t row, int64_t column) {
  const Floats d;
  const int64_t n = lanes(), a_stride = p.a_stride, b_stride = p.b_stride;
  Vector sums[kR][kV];
  HWY_UNROLL(16)
  for (int r = 0; r < kR; ++r) {
    HWY_UNROLL(2)
    for (int v = 0; v < kV; ++v) sums[r][v] = hn::Zero(d);
  }
  for (const RowPairs& pairs : p.pairs) {
    const float* HWY_RESTRICT a = pairs.a + row;
    const float* HWY_RESTRICT b = pairs.b + column;
    for (int64_t i = 0; i < pairs.count; ++i, a += a_stride, b += b_stride) {
      Vector columns[kV];
      HWY_UNROLL(2)
      for (int v = 0; v < kV; ++v) columns[v] = hn::LoadU(d, b + v * n);
      HWY_UNROLL(16)
      for (int r = 0; r < kR; ++r) {
        const Vector x = hn::Set(d, a[r]);
        HWY_UNROLL(2)
        for (int v = 0; v < kV; ++v) sums[r][v] = add_product(x, columns[v], sums[r][v]);
      }
    }
  }
  HWY_UNROLL(16)
  for (int r = 0; r < kR; ++r) {
    float* to = p.c + (row + r) * p.c_stride + column;
    HWY_UNROLL(2)
    for (int v = 0; v < kV; ++v) hn::StoreU(hn::Add(hn::LoadU(d, to + v * n), sums[r][v]), d, to + v * n);
  }
}

using OuterBlock = void (*)(const OuterProducts&, int64_t row, int64_t column);

template <int kV, int... kR>
constexpr std::array<OuterBlock, sizeof...(kR)> outer_blocks_of(std::integer_sequence<int, kR...>) {
  return {outer_block<kR + 1, kV>...};
}

void add_outer_products(const OuterProducts& p) {
  static constexpr auto kWide = outer_blocks_of<kPanelVectors>(std::make_integer_sequence<int, kRows>());
  static constexpr auto kNarrow = outer_blocks_of<1>(std::make_integer_sequence<int, kRows>());
  const int64_t panel = panel_columns(), n = lanes();
  const int64_t blocks = (p.rows + kRows - 1) / kRows;
  for (int64_t column = 0; column < p.columns; column += panel) {
    for (int64_t i = 0; i < blocks; ++i) {
      const int64_t row = i * p.rows / blocks;
      const auto block = static_cast<size_t>((i + 1) * p.rows / blocks - row - 1);
      if (column + panel <= p.columns) {
        kWide[block](p, row, column);
      } else {
        for (int64_t part = column; part < p.columns; part += n) kNarrow[block](p, row, part);
      }
    }
  }
}

// Three taps of a line, times G of the source.
HWY_INLINE void weight_line(const Vector (&x)[3], Vector (&y)[6]) {
  const Floats d;
  const Vector sixth = hn::Set(d, -1.0F / 6), quarter = hn::Set(d, 0.25F), twelfth = hn::Set(d, 1.0F / 12),
               twenty_fourth = hn::Set(d, 1.0F / 24);
  const Vector even = hn::Add(x[0], x[2]);
  const Vector far = hn::Mul(hn::MulAdd(hn::Set(d, 4.0F), x[2], x[0]), twenty_fourth), odd = hn::Mul(x[1], twelfth);
  y[0] = hn::Mul(x[0], quarter);
  y[1] = hn::Mul(hn::Add(even, x[1]), sixth);
  y[2] = hn::Mul(hn::Sub(even, x[1]), sixth);
  y[3] = hn::Add(far, odd);
  y[4] = hn::Sub(far, odd);
  y[5] = x[2];
}

// Six products of a line, times the transposed G.
HWY_INLINE void weight_gradient_line(const Vector (&x)[6], Vector (&y)[3]) {
  const Floats d;
  const Vector sixth = hn::Set(d, -1.0F / 6), quarter = hn::Set(d, 0.25F), twelfth = hn::Set(d, 1.0F / 12),
               twenty_fourth = hn::Set(d, 1.0F / 24);
  const Vector near = hn::Mul(hn::Add(x[1], x[2]), sixth), far = hn::Add(x[3], x[4]);
  y[0] = hn::MulAdd(x[0], quarter, hn::MulAdd(far, twenty_fourth, near));
  y[1] = hn::MulAdd(hn::Sub(x[1], x[2]), sixth, hn::Mul(hn::Sub(x[3], x[4]), twelfth));
  y[2] = hn::Add(hn::NegMulAdd(far, sixth, near), x[5]);
}

// Four gradients of a line, times A of the source.
HWY_INLINE void gradient_line(const Vector (&x)[4], Vector (&y)[6]) {
  const Floats d;
  const Vector two = hn::Set(d, 2.0F), four = hn::Set(d, 4.0F), eight = hn::Set(d, 8.0F);
  const Vector even = hn::Add(x[0], x[2]), odd = hn::Add(x[1], x[3]);
  const Vector far_even = hn::MulAdd(four, x[2], x[0]);
  const Vector far_odd = hn::MulAdd(eight, x[3], hn::Mul(two, x[1]));
  y[0] = x[0];
  y[1] = hn::Add(even, odd);
  y[2] = hn::Sub(even, odd);
  y[3] = hn::Add(far_even, far_odd);
  y[4] = hn::Sub(far_even, far_odd);
  y[5] = x[3];
}

// Columns first, then rows: kFrom x kFrom numbers to kTo x kTo.
template <int kFrom, int kTo, class Load, class Line, class Store>
HWY_INLINE void both_lines(const Load& load, const Line& line, const Store& store) {
  Vector columns[kFrom][kTo];
  HWY_UNROLL(6)
  for (int j = 0; j < kFrom; ++j) {
    Vector x[kFrom];
    HWY_UNROLL(6)
    for (int i = 0; i < kFrom; ++i) x[i] = load(i * kFrom + j);
    line(x, columns[j]);
  }
  HWY_UNROLL(6)
  for (int i = 0; i < kTo; ++i) {
    Vector x[kFrom], y[kTo];
    HWY_UNROLL(6)
    for (int j = 0; j < kFrom; ++j) x[j] = columns[j][i];
    line(x, y);
    HWY_UNROLL(6)
    for (int j = 0; j < kTo; ++j) store(i * kTo + j, y[j]);
  }
}

void winograd_weights(const WinogradWeights& w) {
  const Floats d;
  for (int64_t c = 0; c < w.columns; c += lanes()) {
    both_lines<3, 6>([&](int i) HWY_ATTR { return hn::LoadU(d, w.from + i * w.tap_stride + c); },
                     [](const Vector(&x)[3], Vector(&y)[6]) HWY_ATTR { weight_line(x, y); },
                     [&](int i, Vector y) HWY_ATTR { hn::StoreU(y, d, w.to + i * w.product_stride + c); });
  }
}

void winograd_weight_gradient(const WinogradWeights& w) {
  const Floats d;
  for (int64_t c = 0; c < w.columns; c += lanes()) {
    both_lines<6, 3>([&](int i) HWY_ATTR { return hn::LoadU(d, w.from + i * w.product_stride + c); },
                     [](const Vector(&x)[6], Vector(&y)[3]) HWY_ATTR { weight_gradient_line(x, y); },
                     [&](int i, Vector y) HWY_ATTR { hn::StoreU(y, d, w.to + i * w.tap_stride + c); });
  }
}

void winograd_gradient(const WinogradGradient& tile) {
  const Floats d;
  for (int64_t c = 0; c < tile.channels; c += lanes()) {
    both_lines<4, 6>([&](int i) HWY_ATTR { return hn::LoadU(d, tile.pixels[i] + c); },
                     [](const Vector(&x)[4], Vector(&y)[6]) HWY_ATTR { gradient_line(x, y); },
                     [&](int i, Vector y) HWY_ATTR { hn::StoreU(y, d, tile.to + i * tile.product_stride + c); });
  }
}

}  // namespace

GradientKernels gradient_table() {
  constexpr std::string_view kName = HWY_TARGET == HWY_AVX3 ? "avx512" : HWY_TARGET == HWY_AVX2 ? "avx2" : "portable";
  return {.name = kName,
          .add_outer_products = add_outer_products,
          .winograd_weights = winograd_weights,
          .winograd_weight_gradient = winograd_weight_gradient,
          .winograd_gradient = winograd_gradient};
}

}  // namespace spinenet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace spinenet::kernels {
namespace {

std::vector<GradientKernels> supported_kernels() {
  std::vector<GradientKernels> found;
  [[maybe_unused]] const InstructionSets& supported = instruction_sets();
#if HWY_TARGETS & HWY_AVX3
  if (supported.avx512) found.push_back(N_AVX3::gradient_table());
#endif
#if HWY_TARGETS & HWY_AVX2
  if (supported.avx2) found.push_back(N_AVX2::gradient_table());
#endif
  const GradientKernels portable = HWY_NAMESPACE::gradient_table();
  if (found.empty() || found.back().name != portable.name) found.push_back(portable);
  return found;
}

}  // namespace

std::span<const GradientKernels> all_gradient_kernels() {
  static const std::vector<GradientKernels> all = supported_kernels();
  return all;
}

}  // namespace spinenet::kernels
#endif

// The product of 16-bit numbers with packed weights, two steps of k at a time: what Winograd's transform makes of
// bytes. Machines with VNNI have a loop of their own (vnni.h).
//
// Included once for each instruction set (Highway's foreach_target), so it has Highway's own guard.
#if defined(SPINENET_KERNELS_PAIR_MULTIPLY_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef SPINENET_KERNELS_PAIR_MULTIPLY_INL
#undef SPINENET_KERNELS_PAIR_MULTIPLY_INL
#else
#define SPINENET_KERNELS_PAIR_MULTIPLY_INL
#endif

#include <array>
#include <cstring>
#include <utility>

#include "kernels/multiply_inl.h"
#include "kernels/quantized.h"

HWY_BEFORE_NAMESPACE();
namespace spinenet::kernels::HWY_NAMESPACE {

using PairSums = hn::RebindToSigned<Floats>;
using PairVector = hn::Vec<PairSums>;

constexpr int kPairRows = HWY_TARGET <= HWY_AVX3 ? 12 : 5;

// Both factors hold a pair in each lane.
HWY_INLINE PairVector add_pair_product(PairVector x, PairVector w, PairVector sum) {
  const PairSums d;
#if HWY_TARGET <= HWY_AVX2
  const hn::Repartition<int16_t, PairSums> pairs;
  PairVector rest = hn::Zero(d);  // stays so: x86 adds neighbours into the first sum
  return hn::ReorderWidenMulAccumulate(d, hn::BitCast(pairs, x), hn::BitCast(pairs, w), sum, rest);
#else
  const auto low = [](PairVector v) { return hn::ShiftRight<16>(hn::ShiftLeft<16>(v)); };
  (void)d;
  sum = hn::Add(sum, hn::Mul(low(x), low(w)));
  return hn::Add(sum, hn::Mul(hn::ShiftRight<16>(x), hn::ShiftRight<16>(w)));
#endif
}

template <int kR, int kV>
HWY_NOINLINE void pair_block(const PairProduct& p, int64_t row, const int16_t* HWY_RESTRICT b, int64_t column) {
  const PairSums d;
  const int64_t n = lanes(), step = 2 * panel_columns();
  PairVector sums[kR][kV];
  HWY_UNROLL(16)
  for (int r = 0; r < kR; ++r) {
    HWY_UNROLL(2)
    for (int v = 0; v < kV; ++v) sums[r][v] = hn::Zero(d);
  }
  const int16_t* HWY_RESTRICT a = p.a + row * p.a_stride;
  for (int64_t k = 0; k < p.k; k += 2, b += step, a += 2) {
    PairVector columns[kV];
    HWY_UNROLL(2)
    for (int v = 0; v < kV; ++v) columns[v] = hn::LoadU(d, reinterpret_cast<const int32_t*>(b + v * 2 * n));
    HWY_UNROLL(16)
    for (int r = 0; r < kR; ++r) {
      int32_t pair;
      std::memcpy(&pair, a + r * p.a_stride, sizeof pair);
      const PairVector x = hn::Set(d, pair);
      HWY_UNROLL(2)
      for (int v = 0; v < kV; ++v) sums[r][v] = add_pair_product(x, columns[v], sums[r][v]);
    }
  }
  HWY_UNROLL(16)
  for (int r = 0; r < kR; ++r) {
    HWY_UNROLL(2)
    for (int v = 0; v < kV; ++v) hn::StoreU(sums[r][v], d, p.c + (row + r) * p.c_stride + column + v * n);
  }
}

using PairBlock = void (*)(const PairProduct&, int64_t row, const int16_t* b, int64_t column);

template <int kV, int... kR>
constexpr std::array<PairBlock, sizeof...(kR)> pair_blocks_of(std::integer_sequence<int, kR...>) {
  return {pair_block<kR + 1, kV>...};
}

HWY_INLINE void pair_multiply(const PairProduct& p) {
  static constexpr auto kWide = pair_blocks_of<kPanelVectors>(std::make_integer_sequence<int, kPairRows>());
  static constexpr auto kNarrow = pair_blocks_of<1>(std::make_integer_sequence<int, kPairRows>());
  multiply_panels<2>(p, kWide, kNarrow);
}

}  // namespace spinenet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif

// The product of bytes with packed weights. x86 multiplies pairs of 16-bit numbers, exactly; every other machine one
// byte after the other. Machines with VNNI have a loop of their own (vnni.h).
//
// Included once for each instruction set (Highway's foreach_target), so it has Highway's own guard.
#if defined(SPINENET_KERNELS_QUANTIZED_MULTIPLY_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef SPINENET_KERNELS_QUANTIZED_MULTIPLY_INL
#undef SPINENET_KERNELS_QUANTIZED_MULTIPLY_INL
#else
#define SPINENET_KERNELS_QUANTIZED_MULTIPLY_INL
#endif

#include <array>
#include <cstring>
#include <utility>

#include "kernels/multiply_inl.h"
#include "kernels/quantized.h"

HWY_BEFORE_NAMESPACE();
namespace spinenet::kernels::HWY_NAMESPACE {

using Ints = hn::RebindToSigned<Floats>;
using IntVector = hn::Vec<Ints>;

// As many sums as the registers hold beside two vectors of columns, each as pairs twice.
constexpr int kQuantizedRows = HWY_TARGET <= HWY_AVX3 ? 12 : 4;

// Four bytes of a row in every lane, or the weights of a column in its lane.
#if HWY_TARGET <= HWY_AVX2
struct Quads {
  hn::Vec<hn::Repartition<int16_t, Ints>> even, odd;
};
#else
using Quads = IntVector;
#endif

HWY_INLINE Quads weight_quads(const int8_t* b) {
  const Ints d;
#if HWY_TARGET <= HWY_AVX2
  const hn::Repartition<int16_t, Ints> pairs;
  const auto w = hn::BitCast(pairs, hn::LoadU(d, reinterpret_cast<const int32_t*>(b)));
  return {hn::ShiftRight<8>(hn::ShiftLeft<8>(w)), hn::ShiftRight<8>(w)};
#else
  return hn::LoadU(d, reinterpret_cast<const int32_t*>(b));
#endif
}

HWY_INLINE Quads row_quads(const uint8_t* a) {
  const Ints d;
  int32_t four;
  std::memcpy(&four, a, sizeof four);
#if HWY_TARGET <= HWY_AVX2
  const hn::Repartition<int16_t, Ints> pairs;
  const hn::Repartition<uint16_t, Ints> unsigned_pairs;
  const auto bytes = hn::BitCast(unsigned_pairs, hn::Set(d, four));
  return {hn::BitCast(pairs, hn::And(bytes, hn::Set(unsigned_pairs, 0x00FF))),
          hn::BitCast(pairs, hn::ShiftRight<8>(bytes))};
#else
  return hn::Set(d, four);
#endif
}

#if HWY_TARGET > HWY_AVX2
template <int kByte>
HWY_INLINE IntVector byte_product(Quads x, Quads w) {
  const Ints d;
  const IntVector weight = hn::ShiftRight<24>(hn::ShiftLeft<24 - 8 * kByte>(w));
  const IntVector value = hn::And(hn::ShiftRight<8 * kByte>(x), hn::Set(d, 0xFF));
  return hn::Mul(value, weight);
}
#endif

HWY_INLINE IntVector add_product(const Quads& x, const Quads& w, IntVector sum) {
#if HWY_TARGET <= HWY_AVX2
  const Ints d;
  IntVector rest = hn::Zero(d);  // stays so: x86 adds neighbours into the first sum
  sum = hn::ReorderWidenMulAccumulate(d, x.even, w.even, sum, rest);
  return hn::ReorderWidenMulAccumulate(d, x.odd, w.odd, sum, rest);
#else
  return hn::Add(hn::Add(sum, hn::Add(byte_product<0>(x, w), byte_product<1>(x, w))),
                 hn::Add(byte_product<2>(x, w), byte_product<3>(x, w)));
#endif
}

template <int kR, int kV>
HWY_NOINLINE void quantized_block(const QuantizedProduct& p, int64_t row, const int8_t* HWY_RESTRICT b,
                                  int64_t column) {
  const Ints d;
  const int64_t n = lanes(), step = 4 * panel_columns();
  IntVector sums[kR][kV];
  HWY_UNROLL(16)
  for (int r = 0; r < kR; ++r) {
    HWY_UNROLL(2)
    for (int v = 0; v < kV; ++v) sums[r][v] = hn::Zero(d);
  }
  const uint8_t* HWY_RESTRICT a = p.a + row * p.a_stride;
  for (int64_t k = 0; k < p.k; k += 4, b += step, a += 4) {
    Quads columns[kV];
    HWY_UNROLL(2)
    for (int v = 0; v < kV; ++v) columns[v] = weight_quads(b + v * 4 * n);
    HWY_UNROLL(16)
    for (int r = 0; r < kR; ++r) {
      const Quads x = row_quads(a + r * p.a_stride);
      HWY_UNROLL(2)
      for (int v = 0; v < kV; ++v) sums[r][v] = add_product(x, columns[v], sums[r][v]);
    }
  }
  HWY_UNROLL(16)
  for (int r = 0; r < kR; ++r) {
    HWY_UNROLL(2)
    for (int v = 0; v < kV; ++v) hn::StoreU(sums[r][v], d, p.c + (row + r) * p.c_stride + column + v * n);
  }
}

using QuantizedBlock = void (*)(const QuantizedProduct&, int64_t row, const int8_t* b, int64_t column);

template <int kV, int... kR>
constexpr std::array<QuantizedBlock, sizeof...(kR)> quantized_blocks_of(std::integer_sequence<int, kR...>) {
  return {quantized_block<kR + 1, kV>...};
}

HWY_INLINE void quantized_multiply(const QuantizedProduct& p) {
  static constexpr auto kWide = quantized_blocks_of<kPanelVectors>(std::make_integer_sequence<int, kQuantizedRows>());
  static constexpr auto kNarrow = quantized_blocks_of<1>(std::make_integer_sequence<int, kQuantizedRows>());
  multiply_panels<4>(p, kWide, kNarrow);
}

}  // namespace spinenet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif

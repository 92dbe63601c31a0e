#include "engine/kernels/vnni.h"

#if defined(__x86_64__)

#include <array>
#include <cstring>
#include <utility>

#include <hwy/highway.h>
#include <immintrin.h>

HWY_PUSH_ATTRIBUTES("avx512f,avx512bw,avx512vl,avx512vnni")
namespace spinenet {
namespace {

constexpr int kRows = 14, kLanes = 16;
constexpr int64_t kPanel = 32;
// Bytes of a panel for four steps of k.
constexpr int64_t kStep = 4 * kPanel;
constexpr int64_t kLine = 64;

// Weights that come next: each sixteen steps of k ask for two lines of the cache and go `step` further.
struct Ahead {
  const int8_t* b = nullptr;
  int64_t step = 0;
};

template <int kR, int kV>
HWY_NOINLINE void block(const QuantizedProduct& p, int64_t row, const int8_t* HWY_RESTRICT b, int64_t column,
                        Ahead ahead) {
  __m512i sums[kR][kV];
  HWY_UNROLL(16)
  for (int r = 0; r < kR; ++r) {
    HWY_UNROLL(2)
    for (int v = 0; v < kV; ++v) sums[r][v] = _mm512_setzero_si512();
  }
  const uint8_t* HWY_RESTRICT a = p.a + row * p.a_stride;
  const int64_t a_stride = p.a_stride;
  for (int64_t k = 0; k < p.k; k += 16) {
    __builtin_prefetch(ahead.b, 0, 2);
    __builtin_prefetch(ahead.b + kLine, 0, 2);
    ahead.b += ahead.step;
    HWY_UNROLL(4)
    for (int i = 0; i < 4; ++i) {
      __m512i columns[kV];
      HWY_UNROLL(2)
      for (int v = 0; v < kV; ++v) columns[v] = _mm512_loadu_si512(b + v * 4 * kLanes);
      b += kStep;
      HWY_UNROLL(16)
      for (int r = 0; r < kR; ++r) {
        int32_t four;
        std::memcpy(&four, a + r * a_stride + 4 * i, sizeof four);
        const __m512i x = _mm512_set1_epi32(four);
        HWY_UNROLL(2)
        for (int v = 0; v < kV; ++v) sums[r][v] = _mm512_dpbusd_epi32(sums[r][v], x, columns[v]);
      }
    }
    a += 16;
  }
  HWY_UNROLL(16)
  for (int r = 0; r < kR; ++r) {
    HWY_UNROLL(2)
    for (int v = 0; v < kV; ++v) _mm512_storeu_si512(p.c + (row + r) * p.c_stride + column + v * kLanes, sums[r][v]);
  }
}

using Block = void (*)(const QuantizedProduct&, int64_t row, const int8_t* b, int64_t column, Ahead ahead);

template <int kV, int... kR>
constexpr std::array<Block, sizeof...(kR)> blocks_of(std::integer_sequence<int, kR...>) {
  return {block<kR + 1, kV>...};
}

void multiply(const QuantizedProduct& p) {
  static constexpr auto kWide = blocks_of<2>(std::make_integer_sequence<int, kRows>());
  static constexpr auto kNarrow = blocks_of<1>(std::make_integer_sequence<int, kRows>());
  const int64_t blocks = (p.rows + kRows - 1) / kRows;
  const int64_t step = (4 * kStep / kLine + blocks - 1) / blocks * kLine;
  for (int64_t column = 0; column < p.columns; column += kPanel) {
    const int8_t* b = p.b + column * p.k;
    for (int64_t i = 0; i < blocks; ++i) {
      const int64_t row = i * p.rows / blocks, rows = (i + 1) * p.rows / blocks - row;
      const auto size = static_cast<size_t>(rows - 1);
      if (column + kPanel <= p.columns) {
        kWide[size](p, row, b, column, {b + kPanel * p.k + i * step * (p.k / 16), step});
      } else {
        kNarrow[size](p, row, b, column, {b, 0});
      }
    }
  }
}

}  // namespace
}  // namespace spinenet
HWY_POP_ATTRIBUTES

namespace spinenet {

QuantizedMultiply find_vnni_multiply() {
  const bool has = __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
                   __builtin_cpu_supports("avx512vl") != 0 && __builtin_cpu_supports("avx512vnni") != 0;
  return has ? multiply : nullptr;
}

}  // namespace spinenet

#else

namespace spinenet {

QuantizedMultiply find_vnni_multiply() {
  return nullptr;
}

}  // namespace spinenet

#endif

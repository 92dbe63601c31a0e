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
constexpr int64_t kLine = 64;

// Either product in words of four bytes or a pair of 16-bit numbers: k is in words, strides of A in bytes.
struct WordProduct {
  const char* a = nullptr;
  int64_t a_stride = 0;
  int64_t rows = 0;
  int64_t k = 0;
  const char* b = nullptr;
  int32_t* c = nullptr;
  int64_t c_stride = 0;
  int64_t columns = 0;
};

struct Bytes {
  static __m512i add(__m512i sum, __m512i x, __m512i w) { return _mm512_dpbusd_epi32(sum, x, w); }
};
struct Pairs {
  static __m512i add(__m512i sum, __m512i x, __m512i w) { return _mm512_dpwssd_epi32(sum, x, w); }
};

// Weights that come next: each four words of k ask for two lines of the cache and go `step` further.
struct Ahead {
  const char* b = nullptr;
  int64_t step = 0;
};

template <class Numbers, int kR, int kV>
HWY_NOINLINE void block(const WordProduct& p, int64_t row, const char* HWY_RESTRICT b, int64_t column, Ahead ahead) {
  __m512i sums[kR][kV];
  HWY_UNROLL(16)
  for (int r = 0; r < kR; ++r) {
    HWY_UNROLL(2)
    for (int v = 0; v < kV; ++v) sums[r][v] = _mm512_setzero_si512();
  }
  const char* HWY_RESTRICT a = p.a + row * p.a_stride;
  const int64_t a_stride = p.a_stride;
  for (int64_t k = 0; k < p.k; k += 4) {
    __builtin_prefetch(ahead.b, 0, 2);
    __builtin_prefetch(ahead.b + kLine, 0, 2);
    ahead.b += ahead.step;
    HWY_UNROLL(4)
    for (int i = 0; i < 4; ++i) {
      __m512i columns[kV];
      HWY_UNROLL(2)
      for (int v = 0; v < kV; ++v) columns[v] = _mm512_loadu_si512(b + v * 4 * kLanes);
      b += 4 * kPanel;
      HWY_UNROLL(16)
      for (int r = 0; r < kR; ++r) {
        int32_t word;
        std::memcpy(&word, a + r * a_stride + 4 * i, sizeof word);
        const __m512i x = _mm512_set1_epi32(word);
        HWY_UNROLL(2)
        for (int v = 0; v < kV; ++v) sums[r][v] = Numbers::add(sums[r][v], x, columns[v]);
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

using Block = void (*)(const WordProduct&, int64_t row, const char* b, int64_t column, Ahead ahead);

template <class Numbers, int kV, int... kR>
constexpr std::array<Block, sizeof...(kR)> blocks_of(std::integer_sequence<int, kR...>) {
  return {block<Numbers, kR + 1, kV>...};
}

template <class Numbers>
void multiply_words(const WordProduct& p) {
  static constexpr auto kWide = blocks_of<Numbers, 2>(std::make_integer_sequence<int, kRows>());
  static constexpr auto kNarrow = blocks_of<Numbers, 1>(std::make_integer_sequence<int, kRows>());
  const int64_t blocks = (p.rows + kRows - 1) / kRows, panel_bytes = 4 * kPanel * p.k;
  const int64_t step = (4 * 4 * kPanel / kLine + blocks - 1) / blocks * kLine;
  const char* b = p.b;
  for (int64_t column = 0; column < p.columns; column += kPanel, b += panel_bytes) {
    for (int64_t i = 0; i < blocks; ++i) {
      const int64_t row = i * p.rows / blocks, rows = (i + 1) * p.rows / blocks - row;
      const auto size = static_cast<size_t>(rows - 1);
      if (column + kPanel <= p.columns) {
        kWide[size](p, row, b, column, {b + panel_bytes + i * step * (p.k / 4), step});
      } else {
        kNarrow[size](p, row, b, column, {b, 0});
      }
    }
  }
}

void multiply(const QuantizedProduct& p) {
  multiply_words<Bytes>({reinterpret_cast<const char*>(p.a), p.a_stride, p.rows, p.k / 4,
                         reinterpret_cast<const char*>(p.b), p.c, p.c_stride, p.columns});
}

void multiply_pairs(const PairProduct& p) {
  constexpr int64_t kPairBytes = 2;
  multiply_words<Pairs>({reinterpret_cast<const char*>(p.a), kPairBytes * p.a_stride, p.rows, p.k / 2,
                         reinterpret_cast<const char*>(p.b), p.c, p.c_stride, p.columns});
}

}  // namespace
}  // namespace spinenet
HWY_POP_ATTRIBUTES

namespace spinenet {

namespace {

bool has_vnni() {
  return __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
         __builtin_cpu_supports("avx512vl") != 0 && __builtin_cpu_supports("avx512vnni") != 0;
}

}  // namespace

QuantizedMultiply find_vnni_multiply() {
  return has_vnni() ? multiply : nullptr;
}

PairMultiply find_vnni_pair_multiply() {
  return has_vnni() ? multiply_pairs : nullptr;
}

}  // namespace spinenet

#else

namespace spinenet {

QuantizedMultiply find_vnni_multiply() {
  return nullptr;
}

PairMultiply find_vnni_pair_multiply() {
  return nullptr;
}

}  // namespace spinenet

#endif

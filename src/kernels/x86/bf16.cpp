#include "kernels/bf16.h"

#include <array>
#include <cstring>
#include <utility>

#include <hwy/highway.h>
#include <immintrin.h>

#include "kernels/kernels.h"
#include "kernels/processor.h"
#include "kernels/row_pointers.h"

HWY_PUSH_ATTRIBUTES("avx512f,avx512bw,avx512vl,avx512bf16")
namespace spinenet::kernels {
namespace {

#include "kernels/word_multiply.inc"

struct Bf16Pairs {
  static __m512i add(__m512i sum, __m512i x, __m512i w) {
    return _mm512_castps_si512(
        _mm512_dpbf16_ps(_mm512_castsi512_ps(sum), reinterpret_cast<__m512bh>(x), reinterpret_cast<__m512bh>(w)));
  }
};

void multiply(const Bf16Product& p) {
  constexpr int64_t kBf16Bytes = 2;
  multiply_words<Bf16Pairs>({reinterpret_cast<const char*>(p.a), kBf16Bytes * p.a_stride, p.rows, p.k / 2,
                             reinterpret_cast<const char*>(p.b), reinterpret_cast<int32_t*>(p.c), p.c_stride,
                             p.columns});
}

void to_bf16(const float* from, int64_t count, uint16_t* to) {
  for (int64_t i = 0; i < count; i += kLanes) {
    const __m256bh values = _mm512_cvtneps_pbh(_mm512_loadu_ps(from + i));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + i), reinterpret_cast<__m256i>(values));
  }
}

}  // namespace
}  // namespace spinenet::kernels
HWY_POP_ATTRIBUTES

namespace spinenet::kernels {

Bf16Multiply find_bf16_multiply() {
  return instruction_sets().avx512_bf16 ? multiply : nullptr;
}

ToBf16 find_to_bf16() {
  return instruction_sets().avx512_bf16 ? to_bf16 : nullptr;
}

}  // namespace spinenet::kernels

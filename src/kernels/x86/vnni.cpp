#include "kernels/vnni.h"

#include <array>
#include <cstring>
#include <utility>

#include <hwy/highway.h>
#include <immintrin.h>

#include "kernels/kernels.h"
#include "kernels/processor.h"
#include "kernels/row_pointers.h"

HWY_PUSH_ATTRIBUTES("avx512f,avx512bw,avx512vl,avx512vnni")
namespace spinenet::kernels {
namespace {

#include "kernels/word_multiply.inc"

struct Int8Quads {
  static __m512i add(__m512i sum, __m512i x, __m512i w) { return _mm512_dpbusd_epi32(sum, x, w); }
};
struct Int16Pairs {
  static __m512i add(__m512i sum, __m512i x, __m512i w) { return _mm512_dpwssd_epi32(sum, x, w); }
};

void multiply(const QuantizedProduct& p) {
  multiply_words<Int8Quads>({reinterpret_cast<const char*>(p.a), p.a_stride, p.rows, p.k / 4,
                             reinterpret_cast<const char*>(p.b), p.c, p.c_stride, p.columns});
}

void multiply_pairs(const PairProduct& p) {
  constexpr int64_t kPairBytes = 2;
  multiply_words<Int16Pairs>({reinterpret_cast<const char*>(p.a), kPairBytes * p.a_stride, p.rows, p.k / 2,
                              reinterpret_cast<const char*>(p.b), p.c, p.c_stride, p.columns});
}

}  // namespace
}  // namespace spinenet::kernels
HWY_POP_ATTRIBUTES

namespace spinenet::kernels {

QuantizedMultiply find_vnni_multiply() {
  return instruction_sets().avx512_vnni ? multiply : nullptr;
}

PairMultiply find_vnni_pair_multiply() {
  return instruction_sets().avx512_vnni ? multiply_pairs : nullptr;
}

}  // namespace spinenet::kernels

// The product with packed weights: a block of C stays in registers while k runs; the epilogue is applied on the way
// out.
//
// Included once for each instruction set (Highway's foreach_target), so it has Highway's own guard.
#if defined(SPINENET_KERNELS_MULTIPLY_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef SPINENET_KERNELS_MULTIPLY_INL
#undef SPINENET_KERNELS_MULTIPLY_INL
#else
#define SPINENET_KERNELS_MULTIPLY_INL
#endif

#include <algorithm>
#include <array>
#include <utility>

#include "kernels/epilogue_inl.h"
#include "kernels/row_pointers.h"

HWY_BEFORE_NAMESPACE();
namespace spinenet::kernels::HWY_NAMESPACE {

// Two vectors of columns: 28 of 32 registers hold sums with AVX-512, 12 of 16 otherwise.
constexpr int kPanelVectors = 2;
constexpr int kRows = HWY_TARGET <= HWY_AVX3 ? kRegisterRows : 6;

HWY_INLINE int64_t panel_columns() {
  return kPanelVectors * lanes();
}

template <int kR, int kV, class AnyActivation>
HWY_INLINE void finish_block(const Vector (&sums)[kR][kV], const Product& p, int64_t row, int64_t column,
                             AnyActivation activation) {
  const Floats d;
  const int64_t n = lanes();
  HWY_UNROLL(2)
  for (int v = 0; v < kV; ++v) {
    const int64_t at = column + v * n;
    const Vector scale = hn::LoadU(d, p.epilogue->scale + at), shift = hn::LoadU(d, p.epilogue->shift + at);
    HWY_UNROLL(16)
    for (int r = 0; r < kR; ++r) {
      Vector x = hn::MulAdd(sums[r][v], scale, shift);
      if (p.residuals != nullptr) x = hn::Add(x, hn::LoadU(d, p.residuals[row + r] + at));
      hn::StoreU(activate(x, activation), d, p.c + (row + r) * p.c_stride + at);
    }
  }
}

template <int kR, int kV>
HWY_INLINE void store_block(const Vector (&sums)[kR][kV], const Product& p, int64_t row, int64_t column) {
  const Floats d;
  const int64_t n = lanes();
  if (p.epilogue != nullptr) {
    with_activation(p.epilogue->activation,
                    [&](auto activation) HWY_ATTR { finish_block<kR, kV>(sums, p, row, column, activation); });
    return;
  }
  HWY_UNROLL(16)
  for (int r = 0; r < kR; ++r) {
    HWY_UNROLL(2)
    for (int v = 0; v < kV; ++v) hn::StoreU(sums[r][v], d, p.c + (row + r) * p.c_stride + column + v * n);
  }
}

// Weights that come next: each four steps of k ask for `step` of them, two lines of the cache at least. They lie in
// memory or the last cache, which a whole panel's worth of arithmetic hides. Few rows are few blocks, which share the
// asking: each asks for more.
struct Ahead {
  const float* b = nullptr;
  int64_t step = 0;
};

// Asks for the lines that store_block will write, which is where a residual often lies, too: rows are far apart, often
// a page, where the processor does not look ahead by itself, and a large map has left the caches.
template <int kR, int kV>
HWY_INLINE void ask_for_block(const Product& p, int64_t row, int64_t column) {
  const int64_t floats = kV * lanes();
  HWY_UNROLL(16)
  for (int r = 0; r < kR; ++r) {
    const float* to = p.c + (row + r) * p.c_stride + column;
    for (int64_t i = 0; i < floats; i += kChannelBlock) __builtin_prefetch(to + i, 1, 3);
  }
}

// sum += x * y, in the register where the sum lies. Left to choose, the compiler lets sums wander from register to
// register, runs out of them and puts one into memory at every step, a quarter of AVX2's time.
HWY_INLINE Vector add_product(Vector x, Vector y, Vector sum) {
#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX2 && (HWY_COMPILER_GCC || HWY_COMPILER_CLANG)
  asm("vfmadd231ps %2, %1, %0" : "+v"(sum.raw) : "v"(x.raw), "v"(y.raw));
  return sum;
#else
  return hn::MulAdd(x, y, sum);
#endif
}

template <int kV, int... kR>
HWY_INLINE void add_products(const RowPointers<float>& rows, const Vector (&columns)[kV],
                             Vector (&sums)[sizeof...(kR)][kV], std::integer_sequence<int, kR...>) {
  const Floats d;
  const auto add = [&](const float* from, Vector(&sum)[kV]) HWY_ATTR {
    const Vector x = hn::Set(d, *from);
    HWY_UNROLL(2)
    for (int v = 0; v < kV; ++v) sum[v] = add_product(x, columns[v], sum[v]);
  };
  (add(rows.template row<kR>(), sums[kR]), ...);
}

// kR rows and kV vectors of columns. Four steps of k at a time, so that the addresses of the rows are worth it.
template <int kR, int kV>
HWY_NOINLINE void multiply_block(const Product& p, int64_t row, const float* HWY_RESTRICT b, int64_t column,
                                 Ahead ahead) {
  const Floats d;
  const int64_t n = lanes(), step = panel_columns();
  Vector sums[kR][kV];
  HWY_UNROLL(16)
  for (int r = 0; r < kR; ++r) {
    HWY_UNROLL(2)
    for (int v = 0; v < kV; ++v) sums[r][v] = hn::Zero(d);
  }
  if (p.epilogue != nullptr) ask_for_block<kR, kV>(p, row, column);
  RowPointers<float> rows(p.a + row * p.a_stride, p.a_stride);
  for (int64_t k = 0; k < p.k; k += 4) {
    __builtin_prefetch(ahead.b, 0, 2);
    __builtin_prefetch(ahead.b + kChannelBlock, 0, 2);
    for (int64_t i = 2 * kChannelBlock; i < ahead.step; i += kChannelBlock) __builtin_prefetch(ahead.b + i, 0, 2);
    ahead.b += ahead.step;
    HWY_UNROLL(4)
    for (int i = 0; i < 4; ++i) {
      Vector columns[kV];
      HWY_UNROLL(2)
      for (int v = 0; v < kV; ++v) columns[v] = hn::LoadU(d, b + v * n);
      b += step;
      add_products<kV>(rows, columns, sums, std::make_integer_sequence<int, kR>());
      rows.advance(1);
    }
  }
  store_block<kR, kV>(sums, p, row, column);
}

using Block = void (*)(const Product&, int64_t row, const float* b, int64_t column, Ahead ahead);

template <int kV, int... kR>
constexpr std::array<Block, sizeof...(kR)> blocks_of(std::integer_sequence<int, kR...>) {
  return {multiply_block<kR + 1, kV>...};
}

// Rows are dealt out evenly: 54 are 14, 14, 13, 13 and not 14, 14, 14, 12.
HWY_INLINE void multiply(const Product& p) {
  static constexpr auto kWide = blocks_of<kPanelVectors>(std::make_integer_sequence<int, kRows>());
  static constexpr auto kNarrow = blocks_of<1>(std::make_integer_sequence<int, kRows>());
  const int64_t panel = panel_columns(), n = lanes();
  const int64_t blocks = (p.rows + kRows - 1) / kRows;
  const int64_t step = (4 * panel / kChannelBlock + blocks - 1) / blocks * kChannelBlock;
  const float* b = p.b;
  for (int64_t column = 0; column < p.columns; column += panel, b += p.b_stride) {
    for (int64_t i = 0; i < blocks; ++i) {
      const int64_t row = i * p.rows / blocks, rows = (i + 1) * p.rows / blocks - row;
      const auto block = static_cast<size_t>(rows - 1);
      if (column + panel <= p.columns) {
        const Ahead ahead{b + p.b_stride + i * step * (p.k / 4), step};
        kWide[block](p, row, b, column, ahead);
      } else {
        for (int64_t part = column; part < p.columns; part += n)
          kNarrow[block](p, row, b + part - column, part, {b, 0});
      }
    }
  }
}

// The same dealing for products of smaller numbers: `wide` and `narrow` hold a block for each number of rows, for a
// panel and for one vector of columns. kGroup: so many steps of k of a column lie together in the packed weights.
template <int kGroup, class P, class Blocks>
HWY_INLINE void multiply_panels(const P& p, const Blocks& wide, const Blocks& narrow) {
  const auto most = static_cast<int64_t>(wide.size());
  const int64_t panel = panel_columns(), n = lanes();
  const int64_t blocks = (p.rows + most - 1) / most;
  for (int64_t column = 0; column < p.columns; column += panel) {
    const auto* b = p.b + column * p.k;
    for (int64_t i = 0; i < blocks; ++i) {
      const int64_t row = i * p.rows / blocks, rows = (i + 1) * p.rows / blocks - row;
      const auto block = static_cast<size_t>(rows - 1);
      if (column + panel <= p.columns) {
        wide[block](p, row, b, column);
      } else {
        for (int64_t part = column; part < p.columns; part += n) {
          narrow[block](p, row, b + kGroup * (part - column), part);
        }
      }
    }
  }
}

// As many independent multiply-adds as it takes to keep the units busy.
HWY_INLINE int64_t multiply_add_rounds(int64_t rounds) {
  constexpr int kSums = 12;
  const Floats d;
  Vector sums[kSums];
  for (int i = 0; i < kSums; ++i) sums[i] = hn::Set(d, static_cast<float>(i));
  const Vector x = hn::Set(d, 0.5F + static_cast<float>(rounds & 1) * 1e-6F);
  for (int64_t round = 0; round < rounds; ++round) {
    HWY_UNROLL(12)
    for (int i = 0; i < kSums; ++i) sums[i] = hn::MulAdd(sums[i], x, x);
  }
  Vector sum = sums[0];
  for (int i = 1; i < kSums; ++i) sum = hn::Add(sum, sums[i]);
  const volatile float keep = hn::GetLane(sum);
  (void)keep;
  return kSums * lanes();
}

}  // namespace spinenet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif

// The two transforms of F(4x4, 3x3) and of F(2x2, 3x3), one tile and one vector of channels at a time.
//
// Included once for each instruction set (Highway's foreach_target), so it has Highway's own guard.
// Source: Lavin and Gray 2016, section 4; interpolation points 0, 1, -1, 2, -2 (not of the small one) and infinity.
#if defined(SPINENET_KERNELS_WINOGRAD_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef SPINENET_KERNELS_WINOGRAD_INL
#undef SPINENET_KERNELS_WINOGRAD_INL
#else
#define SPINENET_KERNELS_WINOGRAD_INL
#endif

#include "kernels/epilogue_inl.h"

HWY_BEFORE_NAMESPACE();
namespace spinenet::kernels::HWY_NAMESPACE {

// Six inputs of one line, times the transposed B of the source.
HWY_INLINE void input_line(const Vector (&x)[6], Vector (&y)[6]) {
  const Floats d;
  const Vector two = hn::Set(d, 2.0F), four = hn::Set(d, 4.0F), five = hn::Set(d, 5.0F);
  const Vector even = hn::NegMulAdd(four, x[2], x[4]), odd = hn::NegMulAdd(four, x[1], x[3]);
  const Vector outer = hn::Sub(x[4], x[2]), inner = hn::Mul(two, hn::Sub(x[3], x[1]));
  y[0] = hn::NegMulAdd(five, x[2], hn::MulAdd(four, x[0], x[4]));
  y[1] = hn::Add(even, odd);
  y[2] = hn::Sub(even, odd);
  y[3] = hn::Add(outer, inner);
  y[4] = hn::Sub(outer, inner);
  y[5] = hn::NegMulAdd(five, x[3], hn::MulAdd(four, x[1], x[5]));
}

// Six products of one line to four outputs, times the transposed A of the source.
HWY_INLINE void output_line(const Vector (&x)[6], Vector (&y)[4]) {
  const Floats d;
  const Vector two = hn::Set(d, 2.0F), four = hn::Set(d, 4.0F), eight = hn::Set(d, 8.0F);
  const Vector sum1 = hn::Add(x[1], x[2]), difference1 = hn::Sub(x[1], x[2]);
  const Vector sum2 = hn::Add(x[3], x[4]), difference2 = hn::Sub(x[3], x[4]);
  y[0] = hn::Add(x[0], hn::Add(sum1, sum2));
  y[1] = hn::MulAdd(two, difference2, difference1);
  y[2] = hn::MulAdd(four, sum2, sum1);
  y[3] = hn::Add(x[5], hn::MulAdd(eight, difference2, difference1));
}

HWY_INLINE void input_line(const Vector (&x)[4], Vector (&y)[4]) {
  y[0] = hn::Sub(x[0], x[2]);
  y[1] = hn::Add(x[1], x[2]);
  y[2] = hn::Sub(x[2], x[1]);
  y[3] = hn::Sub(x[1], x[3]);
}

HWY_INLINE void output_line(const Vector (&x)[4], Vector (&y)[2]) {
  y[0] = hn::Add(x[0], hn::Add(x[1], x[2]));
  y[1] = hn::Sub(hn::Sub(x[1], x[2]), x[3]);
}

template <int kTile>
HWY_INLINE void transform_tile(const WinogradInput& tile) {
  constexpr int kInput = kTile + 2;
  const Floats d;
  const int64_t n = lanes();
  for (int64_t c = 0; c < tile.channels; c += n) {
    Vector columns[kInput][kInput];  // [column][row]
    HWY_UNROLL(6)
    for (int j = 0; j < kInput; ++j) {
      Vector x[kInput];
      HWY_UNROLL(6)
      for (int i = 0; i < kInput; ++i) x[i] = hn::LoadU(d, tile.pixels[i * kInput + j] + c);
      input_line(x, columns[j]);
    }
    HWY_UNROLL(6)
    for (int i = 0; i < kInput; ++i) {
      Vector x[kInput], y[kInput];
      HWY_UNROLL(6)
      for (int j = 0; j < kInput; ++j) x[j] = columns[j][i];
      input_line(x, y);
      HWY_UNROLL(6)
      for (int j = 0; j < kInput; ++j) hn::StoreU(y[j], d, tile.to + (i * kInput + j) * tile.product_stride + c);
    }
  }
}

HWY_INLINE void winograd_input(const WinogradInput& tile) {
  if (tile.small) return transform_tile<kSmallTile>(tile);
  transform_tile<kWinogradTile>(tile);
}

template <int kTile, class AnyActivation>
HWY_INLINE void finish_tile(const WinogradOutput& tile, AnyActivation activation) {
  constexpr int kInput = kTile + 2;
  const Floats d;
  const int64_t n = lanes();
  for (int64_t c = 0; c < tile.channels; c += n) {
    Vector columns[kInput][kTile];  // [column][row]
    HWY_UNROLL(6)
    for (int j = 0; j < kInput; ++j) {
      Vector x[kInput];
      HWY_UNROLL(6)
      for (int i = 0; i < kInput; ++i) x[i] = hn::LoadU(d, tile.from + (i * kInput + j) * tile.product_stride + c);
      output_line(x, columns[j]);
    }
    const Vector scale = hn::LoadU(d, tile.epilogue.scale + c), shift = hn::LoadU(d, tile.epilogue.shift + c);
    HWY_UNROLL(4)
    for (int i = 0; i < kTile; ++i) {
      if (i >= tile.height) break;
      Vector x[kInput], y[kTile];
      HWY_UNROLL(6)
      for (int j = 0; j < kInput; ++j) x[j] = columns[j][i];
      output_line(x, y);
      HWY_UNROLL(4)
      for (int j = 0; j < kTile; ++j) {
        if (j >= tile.width) break;
        Vector z = hn::MulAdd(y[j], scale, shift);
        if (tile.residuals != nullptr) z = hn::Add(z, hn::LoadU(d, tile.residuals[i * kTile + j] + c));
        hn::StoreU(activate(z, activation), d, tile.to + i * tile.row_stride + j * tile.pixel_stride + c);
      }
    }
  }
}

HWY_INLINE void winograd_output(const WinogradOutput& tile) {
  with_activation(tile.epilogue.activation, [&](auto activation) HWY_ATTR {
    if (tile.small) return finish_tile<kSmallTile>(tile, activation);
    finish_tile<kWinogradTile>(tile, activation);
  });
}

}  // namespace spinenet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif

// The transforms of F(4x4, 3x3) on bytes: the first in 16-bit integers, exactly, since it makes numbers at most
// 100 times as large; the second from integer sums to floats.
//
// Included once for each instruction set (Highway's foreach_target), so it has Highway's own guard.
// Source: Lavin and Gray 2016, section 4.
#if defined(SPINENET_KERNELS_INT8_WINOGRAD_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef SPINENET_KERNELS_INT8_WINOGRAD_INL
#undef SPINENET_KERNELS_INT8_WINOGRAD_INL
#else
#define SPINENET_KERNELS_INT8_WINOGRAD_INL
#endif

#include "kernels/requantize_inl.h"
#include "kernels/winograd_inl.h"

HWY_BEFORE_NAMESPACE();
namespace spinenet::kernels::HWY_NAMESPACE {

using Shorts = hn::CappedTag<int16_t, kChannelBlock>;
using ShortVector = hn::Vec<Shorts>;

// As input_line, in integers.
HWY_INLINE void short_line(const ShortVector (&x)[6], ShortVector (&y)[6]) {
  const ShortVector four2 = hn::ShiftLeft<2>(x[2]), four3 = hn::ShiftLeft<2>(x[3]);
  const ShortVector even = hn::Sub(x[4], four2), odd = hn::Sub(x[3], hn::ShiftLeft<2>(x[1]));
  const ShortVector outer = hn::Sub(x[4], x[2]), inner = hn::ShiftLeft<1>(hn::Sub(x[3], x[1]));
  y[0] = hn::Add(hn::ShiftLeft<2>(x[0]), hn::Sub(hn::Sub(x[4], four2), x[2]));
  y[1] = hn::Add(even, odd);
  y[2] = hn::Sub(even, odd);
  y[3] = hn::Add(outer, inner);
  y[4] = hn::Sub(outer, inner);
  y[5] = hn::Add(hn::ShiftLeft<2>(x[1]), hn::Sub(hn::Sub(x[5], four3), x[3]));
}

HWY_INLINE void int8_winograd_input(const Int8WinogradInput& tile) {
  const Shorts d;
  const hn::Rebind<uint8_t, Shorts> bytes;
  const ShortVector zero = hn::Set(d, static_cast<int16_t>(tile.zero));
  const auto n = static_cast<int64_t>(hn::Lanes(d));
  for (int64_t c = 0; c < tile.channels; c += n) {
    ShortVector columns[6][6];  // [column][row]
    HWY_UNROLL(6)
    for (int j = 0; j < 6; ++j) {
      ShortVector x[6];
      HWY_UNROLL(6)
      for (int i = 0; i < 6; ++i) {
        const uint8_t* pixel = tile.pixels[i * 6 + j];
        x[i] = pixel == nullptr ? hn::Zero(d) : hn::Sub(hn::PromoteTo(d, hn::LoadU(bytes, pixel + c)), zero);
      }
      short_line(x, columns[j]);
    }
    HWY_UNROLL(6)
    for (int i = 0; i < 6; ++i) {
      ShortVector x[6], y[6];
      HWY_UNROLL(6)
      for (int j = 0; j < 6; ++j) x[j] = columns[j][i];
      short_line(x, y);
      HWY_UNROLL(6)
      for (int j = 0; j < 6; ++j) hn::StoreU(y[j], d, tile.to + (i * 6 + j) * tile.product_stride + c);
    }
  }
}

HWY_INLINE Vector scaled_sum(const Int8WinogradOutput& tile, int product, int64_t c) {
  const Floats d;
  const hn::RebindToSigned<Floats> ints;
  const Vector sum = hn::ConvertTo(d, hn::LoadU(ints, tile.from + product * tile.product_stride + c));
  return hn::Mul(sum, hn::LoadU(d, tile.product_scales + product * tile.scale_stride + c));
}

template <class AnyActivation, class Source, class Target>
HWY_INLINE void finish_tile(const Int8WinogradOutput& tile, AnyActivation activation, const Source& residual,
                            const Target& to) {
  const Floats d;
  const int64_t n = lanes();
  for (int64_t c = 0; c < tile.channels; c += n) {
    Vector columns[6][4];  // [column][row]
    HWY_UNROLL(6)
    for (int j = 0; j < 6; ++j) {
      Vector x[6];
      HWY_UNROLL(6)
      for (int i = 0; i < 6; ++i) x[i] = scaled_sum(tile, i * 6 + j, c);
      output_line(x, columns[j]);
    }
    const Vector scale = hn::LoadU(d, tile.scale + c), shift = hn::LoadU(d, tile.shift + c);
    HWY_UNROLL(4)
    for (int i = 0; i < 4; ++i) {
      if (i >= tile.height) break;
      Vector x[6], y[4];
      HWY_UNROLL(6)
      for (int j = 0; j < 6; ++j) x[j] = columns[j][i];
      output_line(x, y);
      HWY_UNROLL(4)
      for (int j = 0; j < 4; ++j) {
        if (j >= tile.width) break;
        Vector z = hn::MulAdd(y[j], scale, shift);
        if constexpr (!std::is_same_v<Source, NoSource>) z = residual.add_to(z, tile.residual_at[i * 4 + j] + c);
        to.store(activate(z, activation), i * tile.row_stride + j * tile.pixel_stride + c);
      }
    }
  }
}

HWY_INLINE void int8_winograd_output(const Int8WinogradOutput& tile) {
  with_ending(tile.residual, tile.to, tile.activation,
              [&](auto activation, const auto& residual, const auto& to)
                  HWY_ATTR { finish_tile(tile, activation, residual, to); });
}

}  // namespace spinenet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif

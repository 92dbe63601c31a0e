// From sums in whole numbers to bytes or floats, sums of maps of either kind, the largest byte of a window.
//
// Included once for each instruction set (Highway's foreach_target), so it has Highway's own guard.
#if defined(SPINENET_ENGINE_REQUANTIZE_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef SPINENET_ENGINE_REQUANTIZE_INL
#undef SPINENET_ENGINE_REQUANTIZE_INL
#else
#define SPINENET_ENGINE_REQUANTIZE_INL
#endif

#include "engine/kernels/epilogue_inl.h"
#include "engine/kernels/quantized.h"

HWY_BEFORE_NAMESPACE();
namespace spinenet::HWY_NAMESPACE {

using ByteTag = hn::Rebind<uint8_t, Floats>;

HWY_INLINE Vector load_numbers(const NumberSource& from, int64_t at) {
  const Floats d;
  if (from.bytes == nullptr) return hn::LoadU(d, from.floats + at);
  const hn::RebindToSigned<Floats> ints;
  const Vector x = hn::ConvertTo(d, hn::PromoteTo(ints, hn::LoadU(ByteTag(), from.bytes + at)));
  return hn::Mul(hn::Sub(x, hn::Set(d, from.zero)), hn::Set(d, from.scale));
}

HWY_INLINE void store_numbers(Vector x, const NumberTarget& to, int64_t at) {
  const Floats d;
  if (to.bytes == nullptr) {
    hn::StoreU(x, d, to.floats + at);
    return;
  }
  const Vector scaled = hn::MulAdd(x, hn::Set(d, to.inverse_scale), hn::Set(d, to.zero));
  const Vector inside = hn::Min(hn::Max(scaled, hn::Zero(d)), hn::Set(d, 255.0F));
  hn::StoreU(hn::DemoteTo(ByteTag(), hn::NearestInt(inside)), ByteTag(), to.bytes + at);
}

HWY_INLINE void finish_pixel(const FinishedPixel& pixel) {
  const Floats d;
  const hn::RebindToSigned<Floats> ints;
  const int64_t n = lanes();
  const bool adds = pixel.residual.bytes != nullptr || pixel.residual.floats != nullptr;
  for (int64_t c = 0; c < pixel.columns; c += n) {
    Vector x =
        pixel.sums != nullptr ? hn::ConvertTo(d, hn::LoadU(ints, pixel.sums + c)) : hn::LoadU(d, pixel.float_sums + c);
    x = hn::MulAdd(x, hn::LoadU(d, pixel.scale + c), hn::LoadU(d, pixel.shift + c));
    if (adds) x = hn::Add(x, load_numbers(pixel.residual, c));
    store_numbers(activate(x, pixel.activator), pixel.to, c);
  }
}

HWY_INLINE void mixed_row(const MixedRow& row) {
  const Floats d;
  const int64_t n = lanes();
  for (int64_t x = 0; x < row.pixels; ++x) {
    for (int64_t c = 0; c < row.channels; c += n) {
      Vector sum = hn::Zero(d);
      for (const MixedTerm& term : row.terms) {
        sum = hn::Add(sum, load_numbers(term.row, x / term.factor * row.channels + c));
      }
      if (row.scale != nullptr) sum = hn::MulAdd(sum, hn::LoadU(d, row.scale + c), hn::LoadU(d, row.shift + c));
      store_numbers(activate(sum, row.activator), row.to, x * row.channels + c);
    }
  }
}

HWY_INLINE void max_byte_window(const MaxByteWindow& window) {
  const ByteTag d;
  const int64_t n = lanes();
  for (int64_t c = 0; c < window.channels; c += n) {
    auto best = hn::LoadU(d, window.from + c);
    for (int i = 0; i < window.rows; ++i) {
      for (int j = 0; j < window.columns; ++j) {
        best = hn::Max(best, hn::LoadU(d, window.from + i * window.row_stride + j * window.pixel_stride + c));
      }
    }
    hn::StoreU(best, d, window.to + c);
  }
}

}  // namespace spinenet::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif

// From sums in integers to bytes or floats, sums of maps of either kind, the largest byte of a window.
//
// Included once for each instruction set (Highway's foreach_target), so it has Highway's own guard.
#if defined(SPINENET_KERNELS_REQUANTIZE_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef SPINENET_KERNELS_REQUANTIZE_INL
#undef SPINENET_KERNELS_REQUANTIZE_INL
#else
#define SPINENET_KERNELS_REQUANTIZE_INL
#endif

#include "kernels/epilogue_inl.h"
#include "kernels/quantized.h"

HWY_BEFORE_NAMESPACE();
namespace spinenet::kernels::HWY_NAMESPACE {

using ByteTag = hn::Rebind<uint8_t, Floats>;

// What a NumberSource can be, with what every load of it needs.
struct NoSource {
  static constexpr bool kIsThere = false;
  HWY_INLINE Vector add_to(Vector x, int64_t) const { return x; }
};
struct FloatSource {
  static constexpr bool kIsThere = true;
  const float* from = nullptr;
  HWY_INLINE Vector add_to(Vector x, int64_t at) const { return hn::Add(x, hn::LoadU(Floats(), from + at)); }
};
struct ByteSource {
  static constexpr bool kIsThere = true;
  const uint8_t* from = nullptr;
  Vector scale, zero;
  HWY_INLINE Vector add_to(Vector x, int64_t at) const {
    const hn::RebindToSigned<Floats> ints;
    const Vector number = hn::ConvertTo(Floats(), hn::PromoteTo(ints, hn::LoadU(ByteTag(), from + at)));
    return hn::Add(x, hn::Mul(hn::Sub(number, zero), scale));
  }
};

using WordTag = hn::Rebind<uint16_t, Floats>;

// A bf16 value is the upper half of a float.
HWY_INLINE Vector load_bf16(const uint16_t* from) {
  const hn::RebindToUnsigned<Floats> bits;
  return hn::BitCast(Floats(), hn::ShiftLeft<16>(hn::PromoteTo(bits, hn::LoadU(WordTag(), from))));
}
// To the nearest, ties to the even one; what is not a number stays so.
HWY_INLINE hn::Vec<WordTag> bf16_of(Vector x) {
  const hn::RebindToUnsigned<Floats> d;
  const auto bits = hn::BitCast(d, x);
  const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(d, 1));
  const auto rounded = hn::Add(bits, hn::Add(odd, hn::Set(d, 0x7FFF)));
  const auto quiet = hn::Or(bits, hn::Set(d, 0x400000));
  const auto chosen = hn::IfThenElse(hn::RebindMask(d, hn::IsNaN(x)), quiet, rounded);
  return hn::TruncateTo(WordTag(), hn::ShiftRight<16>(chosen));
}

struct Bf16Source {
  static constexpr bool kIsThere = true;
  const uint16_t* from = nullptr;
  HWY_INLINE Vector add_to(Vector x, int64_t at) const { return hn::Add(x, load_bf16(from + at)); }
};

// And a NumberTarget.
struct Bf16Target {
  uint16_t* to = nullptr;
  HWY_INLINE hn::Vec<WordTag> number(Vector x) const { return bf16_of(x); }
  HWY_INLINE void store(Vector x, int64_t at) const { hn::StoreU(bf16_of(x), WordTag(), to + at); }
  static WordTag tag() { return {}; }
};
struct FloatTarget {
  float* to = nullptr;
  HWY_INLINE Vector number(Vector x) const { return x; }
  HWY_INLINE void store(Vector x, int64_t at) const { hn::StoreU(x, Floats(), to + at); }
  static Floats tag() { return {}; }
};
struct ByteTarget {
  uint8_t* to = nullptr;
  Vector inverse_scale, zero;
  HWY_INLINE hn::Vec<ByteTag> number(Vector x) const {
    const Floats d;
    // Floats of this size are integers: adding it rounds to the nearest one, which is left in the lowest bits.
    constexpr float kWhole = 12582912.0F;  // 1.5 * 2^23
    const Vector scaled = hn::MulAdd(x, inverse_scale, zero);
    const Vector inside = hn::Min(hn::Max(scaled, hn::Zero(d)), hn::Set(d, 255.0F));
    const auto bits = hn::BitCast(hn::RebindToUnsigned<Floats>(), hn::Add(inside, hn::Set(d, kWhole)));
    return hn::TruncateTo(ByteTag(), bits);
  }
  HWY_INLINE void store(Vector x, int64_t at) const { hn::StoreU(number(x), ByteTag(), to + at); }
  static ByteTag tag() { return {}; }
};

// Calls work(source) and work(target) with the kind known when this is compiled.
template <class Work>
HWY_INLINE void with_source(const NumberSource& source, const Work& work) {
  const Floats d;
  if (source.bytes != nullptr) return work(ByteSource{source.bytes, hn::Set(d, source.scale), hn::Set(d, source.zero)});
  if (source.floats != nullptr) return work(FloatSource{source.floats});
  if (source.bf16 != nullptr) return work(Bf16Source{source.bf16});
  work(NoSource());
}
template <class Work>
HWY_INLINE void with_target(const NumberTarget& target, const Work& work) {
  const Floats d;
  if (target.bf16 != nullptr) return work(Bf16Target{target.bf16});
  if (target.bytes == nullptr) return work(FloatTarget{target.floats});
  work(ByteTarget{target.bytes, hn::Set(d, target.inverse_scale), hn::Set(d, target.zero)});
}

// The three ways in which what follows a sum differs.
template <class Work>
HWY_INLINE void with_ending(const NumberSource& residual, const NumberTarget& to, EpilogueActivation any,
                            const Work& work) {
  with_activation(any, [&](auto activation) HWY_ATTR {
    with_source(residual, [&](const auto& source) HWY_ATTR {
      with_target(to, [&](const auto& target) HWY_ATTR { work(activation, source, target); });
    });
  });
}

template <class AnyActivation, class Source, class Target>
HWY_INLINE void finish_columns(const FinishedPixel& pixel, AnyActivation activation, const Source& residual,
                               const Target& to) {
  const Floats d;
  const hn::RebindToSigned<Floats> ints;
  const int64_t n = lanes();
  for (int64_t c = 0; c < pixel.columns; c += n) {
    Vector x =
        pixel.sums != nullptr ? hn::ConvertTo(d, hn::LoadU(ints, pixel.sums + c)) : hn::LoadU(d, pixel.float_sums + c);
    x = hn::MulAdd(x, hn::LoadU(d, pixel.scale + c), hn::LoadU(d, pixel.shift + c));
    to.store(activate(residual.add_to(x, c), activation), c);
  }
}

HWY_INLINE void finish_pixel(const FinishedPixel& pixel) {
  with_ending(pixel.residual, pixel.to, pixel.activation,
              [&](auto activation, const auto& residual, const auto& to)
                  HWY_ATTR { finish_columns(pixel, activation, residual, to); });
}

template <class AnyActivation, class Source, class Target>
HWY_INLINE void finish_blocks(const FinishedPixels& pixels, AnyActivation activation, const Source& residual,
                              const Target& to) {
  const Floats d;
  const hn::RebindToSigned<Floats> ints;
  const int64_t n = lanes();
  for (int64_t c = 0; c < pixels.columns; c += n) {
    const Vector scale = hn::LoadU(d, pixels.scale + c), shift = hn::LoadU(d, pixels.shift + c);
    for (int64_t p = 0; p < pixels.pixels; ++p) {
      const int64_t at = p * pixels.sum_stride + c;
      const Vector sum = pixels.sums != nullptr ? hn::ConvertTo(d, hn::LoadU(ints, pixels.sums + at))
                                                : hn::LoadU(d, pixels.float_sums + at);
      Vector x = hn::MulAdd(sum, scale, shift);
      if constexpr (Source::kIsThere) x = residual.add_to(x, pixels.residual_at[p] + c);
      to.store(activate(x, activation), pixels.to_at[p] + c);
    }
  }
}

HWY_INLINE void finish_pixels(const FinishedPixels& pixels) {
  with_ending(pixels.residual, pixels.to, pixels.activation,
              [&](auto activation, const auto& residual, const auto& to)
                  HWY_ATTR { finish_blocks(pixels, activation, residual, to); });
}

template <class AnyActivation, class Target>
HWY_INLINE void sum_mixed_row(const MixedRow& row, AnyActivation activation, const Target& to) {
  const Floats d;
  const int64_t n = lanes();
  for (int64_t x = 0; x < row.pixels; ++x) {
    for (int64_t c = 0; c < row.channels; c += n) {
      Vector sum = hn::Zero(d);
      for (const MixedTerm& term : row.terms) {
        const int64_t at = x / term.factor * row.channels + c;
        with_source(term.row, [&](const auto& source) HWY_ATTR { sum = source.add_to(sum, at); });
      }
      if (row.scale != nullptr) sum = hn::MulAdd(sum, hn::LoadU(d, row.scale + c), hn::LoadU(d, row.shift + c));
      to.store(activate(sum, activation), x * row.channels + c);
    }
  }
}

HWY_INLINE void mixed_row(const MixedRow& row) {
  with_activation(row.activation, [&](auto activation) HWY_ATTR {
    with_target(row.to, [&](const auto& to) HWY_ATTR { sum_mixed_row(row, activation, to); });
  });
}

// Three channels side by side, vector by vector; the rest, and any other number of them, one after the other.
template <class Target>
HWY_INLINE void image_pixels(const ImageRow& row, const Target& target) {
  const Floats d;
  const int64_t n = lanes();
  const auto zero = target.number(hn::Zero(d));
  int64_t x = 0;
  if (row.channels == 3 && row.stride == 3) {
    for (; x + n <= row.pixels; x += n) {
      const float* from = row.from + x;
      hn::StoreInterleaved3(target.number(hn::LoadU(d, from)), target.number(hn::LoadU(d, from + row.plane)),
                            target.number(hn::LoadU(d, from + 2 * row.plane)), Target::tag(), target.to + 3 * x);
    }
  }
  for (; x < row.pixels; ++x) {
    for (int64_t c = 0; c < row.stride; ++c) {
      const auto number = c < row.channels ? target.number(hn::Set(d, row.from[c * row.plane + x])) : zero;
      target.to[x * row.stride + c] = hn::GetLane(number);
    }
  }
}

HWY_INLINE void image_row(const ImageRow& row) {
  with_target(row.to, [&](const auto& target) HWY_ATTR { image_pixels(row, target); });
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

HWY_INLINE void max_bf16_window(const MaxBf16Window& window) {
  const int64_t n = lanes();
  for (int64_t c = 0; c < window.channels; c += n) {
    Vector best = load_bf16(window.from + c);
    for (int i = 0; i < window.rows; ++i) {
      for (int j = 0; j < window.columns; ++j) {
        best = hn::Max(best, load_bf16(window.from + i * window.row_stride + j * window.pixel_stride + c));
      }
    }
    hn::StoreU(bf16_of(best), WordTag(), window.to + c);
  }
}

}  // namespace spinenet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif

// Sums of maps (the merge of a block's parents, upsampled on the way), the largest of a window, depthwise convolution,
// ROI align's bins.
//
// Included once for each instruction set (Highway's foreach_target), so it has Highway's own guard.
#if defined(SPINENET_KERNELS_POINTWISE_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef SPINENET_KERNELS_POINTWISE_INL
#undef SPINENET_KERNELS_POINTWISE_INL
#else
#define SPINENET_KERNELS_POINTWISE_INL
#endif

#include "kernels/epilogue_inl.h"

HWY_BEFORE_NAMESPACE();
namespace spinenet::kernels::HWY_NAMESPACE {

HWY_INLINE void sum_row(const SumRow& row) {
  const Floats d;
  const int64_t n = lanes();
  for (int64_t x = 0; x < row.pixels; ++x) {
    for (int64_t c = 0; c < row.channels; c += n) {
      Vector sum = hn::Zero(d);
      for (const SumTerm& term : row.terms) {
        sum = hn::Add(sum, hn::LoadU(d, term.row + x / term.factor * row.channels + c));
      }
      if (row.epilogue.scale != nullptr) sum = affine(sum, row.epilogue, c);
      hn::StoreU(activate(sum, row.epilogue.activation), d, row.to + x * row.channels + c);
    }
  }
}

HWY_INLINE void max_window(const MaxWindow& window) {
  const Floats d;
  const int64_t n = lanes();
  for (int64_t c = 0; c < window.channels; c += n) {
    Vector best = hn::LoadU(d, window.from + c);
    for (int i = 0; i < window.rows; ++i) {
      for (int j = 0; j < window.columns; ++j) {
        best = hn::Max(best, hn::LoadU(d, window.from + i * window.row_stride + j * window.pixel_stride + c));
      }
    }
    hn::StoreU(best, d, window.to + c);
  }
}

HWY_INLINE void depthwise_window(const DepthwiseWindow& window) {
  const Floats d;
  const int64_t n = lanes();
  for (int64_t c = 0; c < window.channels; c += n) {
    Vector sum = hn::Zero(d);
    for (int i = 0; i < window.rows; ++i) {
      const float* from = window.from + i * window.row_stride + c;
      const float* taps = window.taps + i * window.tap_row_stride + c;
      for (int j = 0; j < window.columns; ++j) {
        const int64_t at = j * window.pixel_stride;
        sum = hn::MulAdd(hn::LoadU(d, from + at), hn::LoadU(d, taps + j * window.channels), sum);
      }
    }
    sum = affine(sum, window.epilogue, c);
    if (window.residual != nullptr) sum = hn::Add(sum, hn::LoadU(d, window.residual + c));
    hn::StoreU(activate(sum, window.epilogue.activation), d, window.to + c);
  }
}

HWY_INLINE void weigh_pixels(const WeighPixels& bin) {
  const Floats d;
  const int64_t n = lanes();
  for (int64_t c = 0; c < bin.channels; c += n) {
    Vector sum = hn::Zero(d);
    for (size_t i = 0; i < bin.pixels.size(); ++i) {
      const Vector pixel = hn::LoadU(d, bin.from + bin.pixels[i] * bin.pixel_stride + c);
      sum = hn::MulAdd(pixel, hn::Set(d, bin.weights[i]), sum);
    }
    hn::StoreU(sum, d, bin.to + c);
  }
}

}  // namespace spinenet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif

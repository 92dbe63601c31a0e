// Compiled for AVX-512, AVX2 and what every machine has; the best that this machine can run is taken.
#include "nn/norm_kernels.h"

#include <algorithm>

#ifndef HWY_DISABLED_TARGETS
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL)
#endif
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/norm_kernels.cpp"
// clang-format off
#include <hwy/foreach_target.h>  // before every other header of Highway
#include <hwy/highway.h>
#include <hwy/contrib/math/math-inl.h>
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace spinenet::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Rows that are added in single precision before they go to the sums in double precision.
constexpr int64_t kFew = 32;

// Calls body(tag, c) for all channels, as many at a time as there are lanes, then 4, then 1.
template <class Body>
HWY_INLINE void for_channels(int64_t channels, const Body& body) {
  int64_t c = 0;
  const auto go = [&](auto d) HWY_ATTR {
    const auto n = static_cast<int64_t>(hn::Lanes(d));
    for (; c + n <= channels; c += n) body(d, c);
  };
  go(hn::ScalableTag<float>());
  go(hn::CappedTag<float, 4>());
  go(hn::CappedTag<float, 1>());
}

template <class D>
HWY_INLINE void add_to(D d, hn::Vec<D> sum, double* sums) {
  HWY_ALIGN float lanes[HWY_MAX_BYTES / sizeof(float)];
  hn::Store(sum, d, lanes);
  for (size_t i = 0; i < hn::Lanes(d); ++i) sums[i] += lanes[i];
}

template <class D>
struct Channel {
  hn::Vec<D> mean, inverse, scale, bias;
};

template <class D>
HWY_INLINE Channel<D> channel(D d, const NormRows& rows, int64_t c) {
  const auto inverse = hn::LoadU(d, rows.inverse + c);
  return {hn::LoadU(d, rows.mean + c), inverse, hn::Mul(inverse, hn::LoadU(d, rows.weight + c)),
          hn::LoadU(d, rows.bias + c)};
}

template <class D>
HWY_INLINE hn::Vec<D> sigmoid(D d, hn::Vec<D> z) {
  constexpr float kFarthest = -80.0F;  // exp(80) is finite, and the sigmoid zero to single precision
  const auto one = hn::Set(d, 1.0F);
  return hn::Div(one, hn::Add(one, hn::Exp(d, hn::Neg(hn::Max(z, hn::Set(d, kFarthest))))));
}

// A value that is no number stays one.
template <class D>
HWY_INLINE hn::Vec<D> activated(D d, NormActivation kind, hn::Vec<D> z) {
  constexpr float kHalf = 3.0F;
  switch (kind) {
    case NormActivation::none:
      return z;
    case NormActivation::relu:
      return hn::IfThenZeroElse(hn::Lt(z, hn::Zero(d)), z);
    case NormActivation::swish:
      return hn::Mul(z, sigmoid(d, z));
    case NormActivation::hard_swish: {
      const auto gate = hn::Min(hn::Max(hn::Add(z, hn::Set(d, kHalf)), hn::Zero(d)), hn::Set(d, 2 * kHalf));
      return hn::Mul(z, hn::Mul(gate, hn::Set(d, 1.0F / (2 * kHalf))));
    }
  }
  return z;
}

// g times the activation's slope at z.
template <class D>
HWY_INLINE hn::Vec<D> before_activation(D d, NormActivation kind, hn::Vec<D> z, hn::Vec<D> g) {
  constexpr float kHalf = 3.0F;
  const auto one = hn::Set(d, 1.0F);
  switch (kind) {
    case NormActivation::none:
      return g;
    case NormActivation::relu:
      return hn::IfThenZeroElse(hn::Le(z, hn::Zero(d)), g);
    case NormActivation::swish: {
      const auto s = sigmoid(d, z);
      return hn::Mul(g, hn::Mul(s, hn::MulAdd(z, hn::Sub(one, s), one)));
    }
    case NormActivation::hard_swish: {
      const auto inner = hn::MulAdd(z, hn::Set(d, 1.0F / kHalf), hn::Set(d, 1.0F / 2));
      const auto within = hn::IfThenZeroElse(hn::Le(z, hn::Set(d, -kHalf)), hn::Mul(g, inner));
      return hn::IfThenElse(hn::Ge(z, hn::Set(d, kHalf)), g, within);
    }
  }
  return g;
}

void moments(const NormRows& rows, const float* pivot, double* sums) {
  for (int64_t first = 0; first < rows.rows; first += kFew) {
    const int64_t few = std::min(kFew, rows.rows - first);
    for_channels(rows.channels, [&](auto d, int64_t c) HWY_ATTR {
      const auto middle = hn::LoadU(d, pivot + c);
      auto sum = hn::Zero(d);
      auto squares = hn::Zero(d);
      const float* x = rows.x + first * rows.channels + c;
      for (int64_t r = 0; r < few; ++r, x += rows.channels) {
        const auto far = hn::Sub(hn::LoadU(d, x), middle);
        sum = hn::Add(sum, far);
        squares = hn::MulAdd(far, far, squares);
      }
      add_to(d, sum, sums + c);
      add_to(d, squares, sums + rows.channels + c);
    });
  }
}

template <NormActivation kind>
void normalised(const NormRows& rows, float* y) {
  for (int64_t r = 0; r < rows.rows; ++r) {
    const int64_t row = r * rows.channels;
    for_channels(rows.channels, [&](auto d, int64_t c) HWY_ATTR {
      const auto of = channel(d, rows, c);
      const auto z = hn::MulAdd(hn::Sub(hn::LoadU(d, rows.x + row + c), of.mean), of.scale, of.bias);
      hn::StoreU(activated(d, kind, z), d, y + row + c);
    });
  }
}

template <NormActivation kind>
void gradient_sums(const NormRows& rows, const float* g, double* sums) {
  for (int64_t first = 0; first < rows.rows; first += kFew) {
    const int64_t few = std::min(kFew, rows.rows - first);
    for_channels(rows.channels, [&](auto d, int64_t c) HWY_ATTR {
      const auto of = channel(d, rows, c);
      auto sum = hn::Zero(d);
      auto products = hn::Zero(d);
      for (int64_t r = 0; r < few; ++r) {
        const int64_t at = (first + r) * rows.channels + c;
        const auto far = hn::Sub(hn::LoadU(d, rows.x + at), of.mean);
        const auto z = before_activation(d, kind, hn::MulAdd(far, of.scale, of.bias), hn::LoadU(d, g + at));
        sum = hn::Add(sum, z);
        products = hn::MulAdd(z, far, products);
      }
      add_to(d, sum, sums + c);
      add_to(d, hn::Mul(products, of.inverse), sums + rows.channels + c);
    });
  }
}

template <NormActivation kind>
void gradients(const NormRows& rows, const float* g, const float* mean_z, const float* mean_zx, float* gx) {
  for (int64_t r = 0; r < rows.rows; ++r) {
    const int64_t row = r * rows.channels;
    for_channels(rows.channels, [&](auto d, int64_t c) HWY_ATTR {
      const auto of = channel(d, rows, c);
      const auto far = hn::Sub(hn::LoadU(d, rows.x + row + c), of.mean);
      const auto z = before_activation(d, kind, hn::MulAdd(far, of.scale, of.bias), hn::LoadU(d, g + row + c));
      const auto along = hn::Mul(hn::Mul(far, of.inverse), hn::LoadU(d, mean_zx + c));
      hn::StoreU(hn::Mul(of.scale, hn::Sub(hn::Sub(z, hn::LoadU(d, mean_z + c)), along)), d, gx + row + c);
    });
  }
}

// One loop for each activation, so that none decides within it.
#define SPINENET_FOR_ACTIVATION(call)                    \
  switch (rows.activation) {                             \
    case NormActivation::none: {                         \
      constexpr auto kKind = NormActivation::none;       \
      return call;                                       \
    }                                                    \
    case NormActivation::relu: {                         \
      constexpr auto kKind = NormActivation::relu;       \
      return call;                                       \
    }                                                    \
    case NormActivation::swish: {                        \
      constexpr auto kKind = NormActivation::swish;      \
      return call;                                       \
    }                                                    \
    case NormActivation::hard_swish: {                   \
      constexpr auto kKind = NormActivation::hard_swish; \
      return call;                                       \
    }                                                    \
  }

void normalised_rows(const NormRows& rows, float* y) {
  SPINENET_FOR_ACTIVATION(normalised<kKind>(rows, y))
}

void gradient_sums_of_rows(const NormRows& rows, const float* g, double* sums) {
  SPINENET_FOR_ACTIVATION(gradient_sums<kKind>(rows, g, sums))
}

void gradients_of_rows(const NormRows& rows, const float* g, const float* mean_z, const float* mean_zx, float* gx) {
  SPINENET_FOR_ACTIVATION(gradients<kKind>(rows, g, mean_z, mean_zx, gx))
}

#undef SPINENET_FOR_ACTIVATION

}  // namespace spinenet::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace spinenet {

HWY_EXPORT(moments);
HWY_EXPORT(normalised_rows);
HWY_EXPORT(gradient_sums_of_rows);
HWY_EXPORT(gradients_of_rows);

void add_moments(const NormRows& rows, const float* pivot, double* sums) {
  HWY_DYNAMIC_DISPATCH(moments)(rows, pivot, sums);
}

void normalise(const NormRows& rows, float* y) {
  HWY_DYNAMIC_DISPATCH(normalised_rows)(rows, y);
}

void add_norm_gradients(const NormRows& rows, const float* g, double* sums) {
  HWY_DYNAMIC_DISPATCH(gradient_sums_of_rows)(rows, g, sums);
}

void norm_gradient(const NormRows& rows, const float* g, const float* mean_z, const float* mean_zx, float* gx) {
  HWY_DYNAMIC_DISPATCH(gradients_of_rows)(rows, g, mean_z, mean_zx, gx);
}

}  // namespace spinenet
#endif

// What follows a sum in registers: scale, shift, residual, activation.
//
// Included once for each instruction set (Highway's foreach_target), so it has Highway's own guard.
#if defined(SPINENET_KERNELS_EPILOGUE_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef SPINENET_KERNELS_EPILOGUE_INL
#undef SPINENET_KERNELS_EPILOGUE_INL
#else
#define SPINENET_KERNELS_EPILOGUE_INL
#endif

#include <type_traits>

#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

#include "arch/architecture.h"
#include "kernels/kernels.h"

HWY_BEFORE_NAMESPACE();
namespace spinenet::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
// At most 16 lanes, so that a block of channels is an integral number of vectors.
using Floats = hn::CappedTag<float, kChannelBlock>;
using Vector = hn::Vec<Floats>;

HWY_INLINE int64_t lanes() {
  return static_cast<int64_t>(hn::Lanes(Floats()));
}

// Highway's exponential is right up to 104, where it is infinite in single precision.
HWY_INLINE Vector one_plus_exp_of_minus(Vector x) {
  const Floats d;
  const Vector bounded = hn::Max(hn::Set(d, -104.0F), x);
  return hn::Add(hn::Set(d, 1.0F), hn::Exp(d, hn::Neg(bounded)));
}

HWY_INLINE Vector hard_sigmoid(Vector x) {
  const Floats d;
  const Vector line = hn::Div(hn::Add(x, hn::Set(d, 3.0F)), hn::Set(d, 6.0F));
  return hn::Min(hn::Max(line, hn::Zero(d)), hn::Set(d, 1.0F));
}

// tanh(log(1 + e^x)) = n / (n + 2) for n = e^x * (e^x + 2); for x beyond 20 it is 1 in single precision, and n finite.
HWY_INLINE Vector mish(Vector x) {
  const Floats d;
  const Vector two = hn::Set(d, 2.0F), power = hn::Exp(d, hn::Min(x, hn::Set(d, 20.0F)));
  const Vector n = hn::Mul(power, hn::Add(power, two));
  return hn::Mul(x, hn::Div(n, hn::Add(n, two)));
}

HWY_INLINE Vector activate(Vector x, EpilogueActivation activation) {
  const Floats d;
  switch (activation) {
    case EpilogueActivation::none:
      break;
    case EpilogueActivation::relu:
      return hn::Max(x, hn::Zero(d));
    case EpilogueActivation::swish:
      return hn::Div(x, one_plus_exp_of_minus(x));
    case EpilogueActivation::hard_swish:
      return hn::Mul(x, hard_sigmoid(x));
    case EpilogueActivation::sigmoid:
      return hn::Div(hn::Set(d, 1.0F), one_plus_exp_of_minus(x));
    case EpilogueActivation::hard_sigmoid:
      return hard_sigmoid(x);
    case EpilogueActivation::mish:
      return mish(x);
    case EpilogueActivation::leaky_relu:
      return hn::Max(x, hn::Mul(x, hn::Set(d, arch::kLeakySlope)));
    case EpilogueActivation::relu6:
      return hn::Min(hn::Max(x, hn::Zero(d)), hn::Set(d, 6.0F));
    case EpilogueActivation::leaky_relu_001:
      return hn::Max(x, hn::Mul(x, hn::Set(d, arch::kSmallLeakySlope)));
  }
  return x;
}

// Calls work(activation) with one of the two that most networks use known when this is compiled: a jump for each vector
// would cost as much as all else that is done to a sum.
template <class Work>
HWY_INLINE void with_activation(EpilogueActivation activation, const Work& work) {
  switch (activation) {
    case EpilogueActivation::none:
      return work(std::integral_constant<EpilogueActivation, EpilogueActivation::none>());
    case EpilogueActivation::relu:
      return work(std::integral_constant<EpilogueActivation, EpilogueActivation::relu>());
    default:
      return work(activation);
  }
}

// `column` counts from the epilogue's first.
HWY_INLINE Vector affine(Vector x, const Epilogue& epilogue, int64_t column) {
  const Floats d;
  return hn::MulAdd(x, hn::LoadU(d, epilogue.scale + column), hn::LoadU(d, epilogue.shift + column));
}

}  // namespace spinenet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif

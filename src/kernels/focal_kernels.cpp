// Compiles the loop for AVX-512, AVX2 and what every machine has, and finds which of them this machine can run.
#include "kernels/focal_kernels.h"

#include <algorithm>
#include <vector>

#include "kernels/compiled_sets.h"
#include "kernels/processor.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/focal_kernels.cpp"
// clang-format off
#include <hwy/foreach_target.h>  // before every other header of Highway
#include <hwy/highway.h>
#include <hwy/contrib/math/math-inl.h>
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace spinenet::kernels::HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

// Vectors that are added in single precision before they go to the sum in double precision.
constexpr int64_t kFew = 16;

template <class D>
struct LossAndSlope {
  hn::Vec<D> loss, slope;
};

// With s = -log(1 - p) = log(1 + e^x) the logarithm of p is x - s, and the slope of p^gamma s is
// p^gamma (p + gamma s (1 - p)). What is no number stays none.
template <class D>
HWY_INLINE LossAndSlope<D> loss_of(D d, const FocalLoss& loss, hn::Vec<D> given) {
  const auto no_number = hn::IsNaN(given);
  const auto x = hn::IfThenZeroElse(no_number, given);
  const auto one = hn::Set(d, 1.0F), zero = hn::Zero(d), gamma = hn::Set(d, loss.gamma);
  const auto small = hn::Exp(d, hn::Neg(hn::Abs(x)));  // in [0, 1], so nothing overflows
  const auto rest = hn::Log1p(d, small);
  const auto s = hn::Add(hn::Max(x, zero), rest), log_of_p = hn::Sub(hn::Min(x, zero), rest);
  const auto smaller = hn::Div(small, hn::Add(one, small)), larger = hn::Sub(one, smaller);
  const auto negative = hn::Lt(x, zero);
  const auto p = hn::IfThenElse(negative, smaller, larger), other = hn::IfThenElse(negative, larger, smaller);
  const auto power = hn::Mul(hn::Set(d, loss.weight), hn::Exp(d, hn::Mul(gamma, log_of_p)));
  return {hn::IfThenElse(no_number, given, hn::Mul(power, s)),
          hn::IfThenElse(no_number, given, hn::Mul(power, hn::MulAdd(gamma, hn::Mul(s, other), p)))};
}

template <class D>
double sum_of(D d, const FocalLoss& loss, const float* x, int64_t count, float* slopes) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  double sum = 0;
  for (int64_t first = 0; first < count; first += kFew * lanes) {
    auto some = hn::Zero(d);
    for (int64_t i = first; i < std::min(count, first + kFew * lanes); i += lanes) {
      const auto of = loss_of(d, loss, hn::LoadU(d, x + i));
      some = hn::Add(some, of.loss);
      hn::StoreU(of.slope, d, slopes + i);
    }
    sum += static_cast<double>(hn::GetLane(hn::SumOfLanes(d, some)));
  }
  return sum;
}

double loss_and_slopes(const FocalLoss& loss, const float* x, int64_t count, float* slopes) {
  const hn::ScalableTag<float> d;
  const int64_t whole = count - count % static_cast<int64_t>(hn::Lanes(d));
  return sum_of(d, loss, x, whole, slopes) +
         sum_of(hn::CappedTag<float, 1>(), loss, x + whole, count - whole, slopes + whole);
}

}  // namespace

FocalKernels focal_table() {
  constexpr std::string_view kName = HWY_TARGET == HWY_AVX3 ? "avx512" : HWY_TARGET == HWY_AVX2 ? "avx2" : "portable";
  return {.name = kName, .loss_and_slopes = loss_and_slopes};
}

}  // namespace spinenet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace spinenet::kernels {
namespace {

std::vector<FocalKernels> supported_kernels() {
  std::vector<FocalKernels> found;
  [[maybe_unused]] const InstructionSets& supported = instruction_sets();
#if HWY_TARGETS & HWY_AVX3
  if (supported.avx512) found.push_back(N_AVX3::focal_table());
#endif
#if HWY_TARGETS & HWY_AVX2
  if (supported.avx2) found.push_back(N_AVX2::focal_table());
#endif
  const FocalKernels portable = HWY_NAMESPACE::focal_table();
  if (found.empty() || found.back().name != portable.name) found.push_back(portable);
  return found;
}

}  // namespace

std::span<const FocalKernels> all_focal_kernels() {
  static const std::vector<FocalKernels> all = supported_kernels();
  return all;
}

}  // namespace spinenet::kernels
#endif

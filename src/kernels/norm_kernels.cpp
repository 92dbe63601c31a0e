// Compiles the loops for AVX-512, AVX2 and what every machine has, and finds which of them this machine can run.
#include "kernels/norm_kernels.h"

#include <algorithm>
#include <type_traits>
#include <vector>

#include "kernels/compiled_sets.h"
#include "kernels/processor.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/norm_kernels.cpp"
// clang-format off
#include <hwy/foreach_target.h>  // before every other header of Highway
#include <hwy/highway.h>
#include <hwy/contrib/math/math-inl.h>
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace spinenet::kernels::HWY_NAMESPACE {
namespace {
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
  hn::Vec<D> mean, inverse_std, scale, bias;
};

template <class D>
HWY_INLINE Channel<D> channel(D d, const NormRows& rows, int64_t c) {
  const auto inverse_std = hn::LoadU(d, rows.inverse_std + c);
  return {hn::LoadU(d, rows.mean + c), inverse_std, hn::Mul(inverse_std, hn::LoadU(d, rows.weight + c)),
          hn::LoadU(d, rows.bias + c)};
}

// Activations: their value at z, and the gradient of z from that of the value. What is no number stays none.
struct None {
  template <class D>
  HWY_INLINE static hn::Vec<D> value(D, hn::Vec<D> z) {
    return z;
  }
  template <class D>
  HWY_INLINE static hn::Vec<D> gradient(D, hn::Vec<D>, hn::Vec<D> g) {
    return g;
  }
};

struct Relu {
  template <class D>
  HWY_INLINE static hn::Vec<D> value(D d, hn::Vec<D> z) {
    return hn::IfThenZeroElse(hn::Lt(z, hn::Zero(d)), z);
  }
  template <class D>
  HWY_INLINE static hn::Vec<D> gradient(D d, hn::Vec<D> z, hn::Vec<D> g) {
    return hn::IfThenZeroElse(hn::Le(z, hn::Zero(d)), g);
  }
};

struct Swish {
  template <class D>
  HWY_INLINE static hn::Vec<D> sigmoid(D d, hn::Vec<D> z) {
    constexpr float kFarthest = -104.0F;  // exp(104) is infinite in single precision, and the sigmoid nought
    const auto one = hn::Set(d, 1.0F);
    return hn::Div(one, hn::Add(one, hn::Exp(d, hn::Neg(hn::Max(z, hn::Set(d, kFarthest))))));
  }
  template <class D>
  HWY_INLINE static hn::Vec<D> value(D d, hn::Vec<D> z) {
    return hn::Mul(z, sigmoid(d, z));
  }
  template <class D>
  HWY_INLINE static hn::Vec<D> gradient(D d, hn::Vec<D> z, hn::Vec<D> g) {
    const auto one = hn::Set(d, 1.0F);
    const auto s = sigmoid(d, z);
    return hn::Mul(g, hn::Mul(s, hn::MulAdd(z, hn::Sub(one, s), one)));
  }
};

struct HardSwish {
  static constexpr float kHalf = 3.0F;  // of the ramp's length
  template <class D>
  HWY_INLINE static hn::Vec<D> value(D d, hn::Vec<D> z) {
    const auto gate = hn::Min(hn::Max(hn::Add(z, hn::Set(d, kHalf)), hn::Zero(d)), hn::Set(d, 2 * kHalf));
    return hn::Mul(z, hn::Mul(gate, hn::Set(d, 1.0F / (2 * kHalf))));
  }
  template <class D>
  HWY_INLINE static hn::Vec<D> gradient(D d, hn::Vec<D> z, hn::Vec<D> g) {
    const auto slope = hn::MulAdd(z, hn::Set(d, 1.0F / kHalf), hn::Set(d, 1.0F / 2));
    const auto within = hn::IfThenZeroElse(hn::Le(z, hn::Set(d, -kHalf)), hn::Mul(g, slope));
    return hn::IfThenElse(hn::Ge(z, hn::Set(d, kHalf)), g, within);
  }
};

// z * n / (n + 2) for n = w * (w + 2) and w = e^z; for z beyond kMost the factor is 1 in single precision, and n
// finite.
struct Mish {
  static constexpr float kMost = 20.0F;
  template <class D>
  HWY_INLINE static hn::Vec<D> power(D d, hn::Vec<D> z) {
    return hn::Exp(d, hn::Min(z, hn::Set(d, kMost)));
  }
  template <class D>
  HWY_INLINE static hn::Vec<D> value(D d, hn::Vec<D> z) {
    const auto two = hn::Set(d, 2.0F), w = power(d, z), n = hn::Mul(w, hn::Add(w, two));
    return hn::Mul(z, hn::Div(n, hn::Add(n, two)));
  }
  // The factor's own slope is 4 * w * (w + 1) / (n + 2)^2.
  template <class D>
  HWY_INLINE static hn::Vec<D> gradient(D d, hn::Vec<D> z, hn::Vec<D> g) {
    const auto one = hn::Set(d, 1.0F), two = hn::Set(d, 2.0F), w = power(d, z), n = hn::Mul(w, hn::Add(w, two));
    const auto inverse = hn::Div(one, hn::Add(n, two));
    const auto slope = hn::Mul(hn::Mul(hn::Set(d, 4.0F), hn::Mul(w, inverse)), hn::Mul(hn::Add(w, one), inverse));
    return hn::Mul(g, hn::MulAdd(hn::Min(z, hn::Set(d, kMost)), slope, hn::Mul(n, inverse)));
  }
};

template <bool kSmall>
struct LeakyRelu {
  static constexpr float kSlope = kSmall ? arch::kSmallLeakySlope : arch::kLeakySlope;
  template <class D>
  HWY_INLINE static hn::Vec<D> value(D d, hn::Vec<D> z) {
    return hn::IfThenElse(hn::Lt(z, hn::Zero(d)), hn::Mul(z, hn::Set(d, kSlope)), z);
  }
  template <class D>
  HWY_INLINE static hn::Vec<D> gradient(D d, hn::Vec<D> z, hn::Vec<D> g) {
    return hn::IfThenElse(hn::Le(z, hn::Zero(d)), hn::Mul(g, hn::Set(d, kSlope)), g);
  }
};

struct Relu6 {
  static constexpr float kMost = 6.0F;
  template <class D>
  HWY_INLINE static hn::Vec<D> value(D d, hn::Vec<D> z) {
    return hn::IfThenElse(hn::Ge(z, hn::Set(d, kMost)), hn::Set(d, kMost), Relu::value(d, z));
  }
  template <class D>
  HWY_INLINE static hn::Vec<D> gradient(D d, hn::Vec<D> z, hn::Vec<D> g) {
    return hn::IfThenZeroElse(hn::Ge(z, hn::Set(d, kMost)), Relu::gradient(d, z, g));
  }
};

// One loop for each activation, so that none decides within it.
template <class Loop>
void with_activation(const std::optional<arch::Activation>& kind, const Loop& loop) {
  if (!kind) return loop(None{});
  switch (*kind) {
    case arch::Activation::relu:
      return loop(Relu{});
    case arch::Activation::swish:
      return loop(Swish{});
    case arch::Activation::hard_swish:
      return loop(HardSwish{});
    case arch::Activation::mish:
      return loop(Mish{});
    case arch::Activation::leaky_relu:
      return loop(LeakyRelu<false>{});
    case arch::Activation::relu6:
      return loop(Relu6{});
    case arch::Activation::leaky_relu_001:
      return loop(LeakyRelu<true>{});
  }
}

void add_moments(const NormRows& rows, const float* pivot, double* sums) {
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

template <class Act, bool kAdds>
void normalise_with(Act, std::bool_constant<kAdds>, const NormRows& rows, float* y) {
  for (int64_t r = 0; r < rows.rows; ++r) {
    const int64_t row = r * rows.channels;
    for_channels(rows.channels, [&](auto d, int64_t c) HWY_ATTR {
      const auto of = channel(d, rows, c);
      auto z = hn::MulAdd(hn::Sub(hn::LoadU(d, rows.x + row + c), of.mean), of.scale, of.bias);
      if constexpr (kAdds) z = hn::Add(z, hn::LoadU(d, rows.added + row + c));
      hn::StoreU(Act::value(d, z), d, y + row + c);
    });
  }
}

template <class Act, bool kAdds>
void add_gradients_with(Act, std::bool_constant<kAdds>, const NormRows& rows, const float* gy, double* sums,
                        float* gradient_of_z) {
  for (int64_t first = 0; first < rows.rows; first += kFew) {
    const int64_t few = std::min(kFew, rows.rows - first);
    for_channels(rows.channels, [&](auto d, int64_t c) HWY_ATTR {
      const auto of = channel(d, rows, c);
      auto sum = hn::Zero(d);
      auto products = hn::Zero(d);
      for (int64_t r = 0; r < few; ++r) {
        const int64_t at = (first + r) * rows.channels + c;
        const auto far = hn::Sub(hn::LoadU(d, rows.x + at), of.mean);
        auto z = hn::MulAdd(far, of.scale, of.bias);
        if constexpr (kAdds) z = hn::Add(z, hn::LoadU(d, rows.added + at));
        const auto gz = Act::gradient(d, z, hn::LoadU(d, gy + at));
        if constexpr (kAdds) hn::StoreU(gz, d, gradient_of_z + at);
        sum = hn::Add(sum, gz);
        products = hn::MulAdd(gz, far, products);
      }
      add_to(d, sum, sums + c);
      add_to(d, hn::Mul(products, of.inverse_std), sums + rows.channels + c);
    });
  }
}

template <class Act>
void gradient_with(Act, const NormRows& rows, const float* gy, const float* mean_gz, const float* mean_gz_x,
                   float* gx) {
  for (int64_t r = 0; r < rows.rows; ++r) {
    const int64_t row = r * rows.channels;
    for_channels(rows.channels, [&](auto d, int64_t c) HWY_ATTR {
      const auto of = channel(d, rows, c);
      const auto far = hn::Sub(hn::LoadU(d, rows.x + row + c), of.mean);
      const auto gz = Act::gradient(d, hn::MulAdd(far, of.scale, of.bias), hn::LoadU(d, gy + row + c));
      const auto along = hn::Mul(hn::Mul(far, of.inverse_std), hn::LoadU(d, mean_gz_x + c));
      hn::StoreU(hn::Mul(of.scale, hn::Sub(hn::Sub(gz, hn::LoadU(d, mean_gz + c)), along)), d, gx + row + c);
    });
  }
}

// A loop that adds and one that does not, for each activation.
template <class Loop>
void with_activation_and_sum(const NormRows& rows, const Loop& loop) {
  with_activation(rows.activation, [&](auto act) {
    if (rows.added != nullptr) {
      loop(act, std::true_type{});
    } else {
      loop(act, std::false_type{});
    }
  });
}

void normalise(const NormRows& rows, float* y) {
  with_activation_and_sum(rows, [&](auto act, auto adds) { normalise_with(act, adds, rows, y); });
}

void add_gradients(const NormRows& rows, const float* gy, double* sums, float* gz) {
  with_activation_and_sum(rows, [&](auto act, auto adds) { add_gradients_with(act, adds, rows, gy, sums, gz); });
}

void gradient(const NormRows& rows, const float* gy, const float* mean_gz, const float* mean_gz_x, float* gx) {
  with_activation(rows.activation, [&](auto act) { gradient_with(act, rows, gy, mean_gz, mean_gz_x, gx); });
}

}  // namespace

NormKernels norm_table() {
  constexpr std::string_view kName = HWY_TARGET == HWY_AVX3 ? "avx512" : HWY_TARGET == HWY_AVX2 ? "avx2" : "portable";
  return {.name = kName,
          .add_moments = add_moments,
          .normalise = normalise,
          .add_gradients = add_gradients,
          .gradient = gradient};
}

}  // namespace spinenet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace spinenet::kernels {
namespace {

std::vector<NormKernels> supported_kernels() {
  std::vector<NormKernels> found;
  [[maybe_unused]] const InstructionSets& supported = instruction_sets();
#if HWY_TARGETS & HWY_AVX3
  if (supported.avx512) found.push_back(N_AVX3::norm_table());
#endif
#if HWY_TARGETS & HWY_AVX2
  if (supported.avx2) found.push_back(N_AVX2::norm_table());
#endif
  const NormKernels portable = HWY_NAMESPACE::norm_table();
  if (found.empty() || found.back().name != portable.name) found.push_back(portable);
  return found;
}

}  // namespace

std::span<const NormKernels> all_norm_kernels() {
  static const std::vector<NormKernels> all = supported_kernels();
  return all;
}

}  // namespace spinenet::kernels
#endif

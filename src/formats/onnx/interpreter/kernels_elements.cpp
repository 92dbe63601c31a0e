// Operators that work element by element, with broadcasting, and reductions.
#include <algorithm>
#include <array>
#include <cmath>

#include "formats/onnx/interpreter/kernels.h"

namespace spinenet::formats {
namespace {

using ElementInts = std::vector<int64_t>;

// One value --------------------------------------------------------------------------------------------------------

template <class F>
std::vector<OnnxTensor> each(const OnnxCall& call, const F& f) {
  OnnxTensor y = floats(call, 0);
  for (float& x : y.floats) x = f(x);
  return {std::move(y)};
}

std::vector<OnnxTensor> relu(const OnnxCall& call) {
  return each(call, [](float x) { return std::max(x, 0.0F); });
}
std::vector<OnnxTensor> leaky_relu(const OnnxCall& call) {
  const float alpha = attribute(call, "alpha", 0.01F);
  return each(call, [&](float x) { return x < 0 ? alpha * x : x; });
}
std::vector<OnnxTensor> clip(const OnnxCall& call) {
  const OnnxTensor &least = floats(call, 1), &most = floats(call, 2);
  require(call, least.floats.size() == 1 && most.floats.size() == 1, "needs a least and a most number");
  return each(call, [&](float x) { return std::min(std::max(x, least.floats[0]), most.floats[0]); });
}
std::vector<OnnxTensor> softplus(const OnnxCall& call) {
  return each(call, [](float x) { return std::log1p(std::exp(x)); });
}
std::vector<OnnxTensor> hyperbolic_tangent(const OnnxCall& call) {
  return each(call, [](float x) { return std::tanh(x); });
}
std::vector<OnnxTensor> sigmoid(const OnnxCall& call) {
  return each(call, [](float x) { return 1.0F / (1.0F + std::exp(-x)); });
}
std::vector<OnnxTensor> hard_sigmoid(const OnnxCall& call) {
  const float alpha = attribute(call, "alpha", 0.2F), beta = attribute(call, "beta", 0.5F);
  return each(call, [&](float x) { return std::clamp(alpha * x + beta, 0.0F, 1.0F); });
}
std::vector<OnnxTensor> exponential(const OnnxCall& call) {
  return each(call, [](float x) { return std::exp(x); });
}
std::vector<OnnxTensor> absolute(const OnnxCall& call) {
  return each(call, [](float x) { return std::abs(x); });
}

// Along axis 1 of a matrix.
std::vector<OnnxTensor> softmax(const OnnxCall& call) {
  OnnxTensor y = floats(call, 0);
  require(call, y.shape.size() == 2 && y.shape[1] > 0 && attribute(call, "axis", int64_t{-1}) == 1,
          "normalises in a way that this program does not write");
  const int64_t columns = y.shape[1];
  for (int64_t row = 0; row < y.shape[0]; ++row) {
    const std::span values =
        std::span(y.floats).subspan(static_cast<size_t>(row * columns), static_cast<size_t>(columns));
    const float largest = *std::max_element(values.begin(), values.end());
    double sum = 0;
    for (float& x : values) {
      x = std::exp(x - largest);
      sum += static_cast<double>(x);
    }
    for (float& x : values) x = static_cast<float>(x / sum);
  }
  return {std::move(y)};
}

std::vector<OnnxTensor> cast(const OnnxCall& call) {
  const OnnxTensor& x = input(call, 0);
  const int64_t to = attribute(call, "to", int64_t{0});
  require(call, to == 1 || to == 7, "casts to a type that this program does not write");
  require(call, x.type != OnnxType::f32, "casts from float32, which this program does not write");
  OnnxTensor y = make_onnx_tensor(call, to == 1 ? OnnxType::f32 : OnnxType::i64, x.shape);
  if (to == 1) {
    std::transform(x.ints.begin(), x.ints.end(), y.floats.begin(), [](int64_t i) { return static_cast<float>(i); });
  } else {
    y.ints = x.ints;
  }
  return {std::move(y)};
}

// Several values ---------------------------------------------------------------------------------------------------

ElementInts broadcast_shape(const OnnxCall& call) {
  ElementInts shape;
  for (size_t i = 0; i < call.inputs.size(); ++i) {
    const ElementInts& other = input(call, i).shape;
    if (other.size() > shape.size()) shape.insert(shape.begin(), other.size() - shape.size(), 1);
    for (size_t axis = 0; axis < other.size(); ++axis) {
      int64_t& extent = shape[shape.size() - other.size() + axis];
      require(call, other[axis] == extent || other[axis] == 1 || extent == 1, "has inputs of shapes that do not fit");
      if (extent == 1) extent = other[axis];
    }
  }
  return shape;
}

// Walks through x as if it had the larger shape.
Odometer broadcast(const OnnxTensor& x, const ElementInts& shape) {
  const ElementInts strides = strides_of(x.shape);
  ElementInts steps(shape.size(), 0);
  const size_t lead = shape.size() - x.shape.size();
  for (size_t axis = 0; axis < x.shape.size(); ++axis) steps[lead + axis] = x.shape[axis] == 1 ? 0 : strides[axis];
  return {shape, std::move(steps)};
}

template <class In>
struct Operand {
  const OnnxTensor& tensor;
  const std::vector<In>& values;  // of the tensor, those of its type
};

template <class In, class Out, class F>
void combine(const Operand<In>& a, const Operand<In>& b, const ElementInts& shape, std::vector<Out>& to, const F& f) {
  if (a.tensor.shape == b.tensor.shape) {
    for (size_t i = 0; i < to.size(); ++i) to[i] = static_cast<Out>(f(a.values[i], b.values[i]));
    return;
  }
  Odometer at_a = broadcast(a.tensor, shape), at_b = broadcast(b.tensor, shape);
  for (Out& y : to) {
    y = static_cast<Out>(f(a.values[static_cast<size_t>(at_a.at())], b.values[static_cast<size_t>(at_b.at())]));
    at_a.next();
    at_b.next();
  }
}

void require_two(const OnnxCall& call) {
  require(call, call.inputs.size() == 2 && input(call, 0).type == input(call, 1).type, "needs two inputs of one type");
}

template <class F>
std::vector<OnnxTensor> arithmetic(const OnnxCall& call, const F& f) {
  require_two(call);
  const OnnxTensor &a = input(call, 0), &b = input(call, 1);
  require(call, a.type != OnnxType::boolean, "calculates with truth values");
  OnnxTensor y = make_onnx_tensor(call, a.type, broadcast_shape(call));
  if (a.type == OnnxType::f32) {
    combine(Operand<float>{a, a.floats}, Operand<float>{b, b.floats}, y.shape, y.floats, f);
  } else {
    combine(Operand<int64_t>{a, a.ints}, Operand<int64_t>{b, b.ints}, y.shape, y.ints, f);
  }
  return {std::move(y)};
}

template <class F>
std::vector<OnnxTensor> comparison(const OnnxCall& call, const F& f) {
  require_two(call);
  const OnnxTensor &a = input(call, 0), &b = input(call, 1);
  OnnxTensor y = make_onnx_tensor(call, OnnxType::boolean, broadcast_shape(call));
  if (a.type == OnnxType::f32) {
    combine(Operand<float>{a, a.floats}, Operand<float>{b, b.floats}, y.shape, y.ints, f);
  } else {
    combine(Operand<int64_t>{a, a.ints}, Operand<int64_t>{b, b.ints}, y.shape, y.ints, f);
  }
  return {std::move(y)};
}

std::vector<OnnxTensor> add(const OnnxCall& call) {
  return arithmetic(call, [](auto a, auto b) { return a + b; });
}
std::vector<OnnxTensor> subtract(const OnnxCall& call) {
  return arithmetic(call, [](auto a, auto b) { return a - b; });
}
std::vector<OnnxTensor> multiply(const OnnxCall& call) {
  return arithmetic(call, [](auto a, auto b) { return a * b; });
}
std::vector<OnnxTensor> divide(const OnnxCall& call) {
  const OnnxTensor& b = input(call, call.inputs.size() - 1);
  require(call, std::find(b.ints.begin(), b.ints.end(), 0) == b.ints.end(), "divides an integer by 0");
  return arithmetic(call, [](auto a, auto d) { return a / d; });
}
std::vector<OnnxTensor> minimum(const OnnxCall& call) {
  return arithmetic(call, [](auto a, auto b) { return std::min(a, b); });
}
std::vector<OnnxTensor> maximum(const OnnxCall& call) {
  return arithmetic(call, [](auto a, auto b) { return std::max(a, b); });
}
std::vector<OnnxTensor> equal(const OnnxCall& call) {
  return comparison(call, [](auto a, auto b) { return a == b; });
}
std::vector<OnnxTensor> greater(const OnnxCall& call) {
  return comparison(call, [](auto a, auto b) { return a > b; });
}
std::vector<OnnxTensor> greater_or_equal(const OnnxCall& call) {
  return comparison(call, [](auto a, auto b) { return a >= b; });
}
std::vector<OnnxTensor> less_or_equal(const OnnxCall& call) {
  return comparison(call, [](auto a, auto b) { return a <= b; });
}
std::vector<OnnxTensor> both(const OnnxCall& call) {
  require(call, input(call, 0).type == OnnxType::boolean, "needs truth values");
  return comparison(call, [](auto a, auto b) { return a != 0 && b != 0; });
}

std::vector<OnnxTensor> where(const OnnxCall& call) {
  require(call, call.inputs.size() == 3, "needs three inputs");
  const OnnxTensor &condition = input(call, 0), &a = input(call, 1), &b = input(call, 2);
  require(call, condition.type == OnnxType::boolean && a.type == b.type,
          "needs a condition and two values of one type");
  OnnxTensor y = make_onnx_tensor(call, a.type, broadcast_shape(call));
  Odometer at = broadcast(condition, y.shape), at_a = broadcast(a, y.shape), at_b = broadcast(b, y.shape);
  for (size_t i = 0; i < std::max(y.floats.size(), y.ints.size()); ++i) {
    const bool first = condition.ints[static_cast<size_t>(at.at())] != 0;
    const OnnxTensor& from = first ? a : b;
    const auto place = static_cast<size_t>(first ? at_a.at() : at_b.at());
    if (a.type == OnnxType::f32) {
      y.floats[i] = from.floats[place];
    } else {
      y.ints[i] = from.ints[place];
    }
    at.next();
    at_a.next();
    at_b.next();
  }
  return {std::move(y)};
}

// Reductions over one axis -----------------------------------------------------------------------------------------

template <class T, class F>
void reduce(const std::vector<T>& from, int64_t outer, int64_t count, int64_t inner, std::vector<T>& to, const F& f) {
  for (int64_t o = 0; o < outer; ++o) {
    for (int64_t i = 0; i < inner; ++i) {
      const T* at = from.data() + o * count * inner + i;
      T value = *at;
      for (int64_t k = 1; k < count; ++k) value = f(value, at[k * inner]);
      to[static_cast<size_t>(o * inner + i)] = value;
    }
  }
}

template <class F>
std::vector<OnnxTensor> reduction(const OnnxCall& call, const ElementInts& axes, const F& f) {
  const OnnxTensor& x = input(call, 0);
  require(call, axes.size() == 1 && attribute(call, "keepdims", int64_t{1}) == 0,
          "reduces in a way that this program does not write");
  const int64_t axis = axis_of(call, axes[0], x.shape.size());
  const int64_t count = x.shape[static_cast<size_t>(axis)];
  require(call, count > 0, "reduces an empty axis");
  const std::span<const int64_t> shape(x.shape);
  ElementInts rest = x.shape;
  rest.erase(rest.begin() + axis);
  OnnxTensor y = make_onnx_tensor(call, x.type, std::move(rest));
  const int64_t outer = element_count(shape.first(static_cast<size_t>(axis))),
                inner = element_count(shape.subspan(static_cast<size_t>(axis) + 1));
  if (x.type == OnnxType::f32) {
    reduce(x.floats, outer, count, inner, y.floats, f);
  } else {
    reduce(x.ints, outer, count, inner, y.ints, f);
  }
  return {std::move(y)};
}

std::vector<OnnxTensor> reduce_min(const OnnxCall& call) {
  return reduction(call, attribute(call, "axes", ElementInts{}), [](auto a, auto b) { return std::min(a, b); });
}
std::vector<OnnxTensor> reduce_sum(const OnnxCall& call) {
  return reduction(call, integers(call, 1).ints, [](auto a, auto b) { return a + b; });
}

}  // namespace

std::span<const NamedKernel> element_kernels() {
  static constexpr std::array kKernels{
      NamedKernel{"Relu", relu},
      NamedKernel{"LeakyRelu", leaky_relu},
      NamedKernel{"Clip", clip},
      NamedKernel{"Softplus", softplus},
      NamedKernel{"Tanh", hyperbolic_tangent},
      NamedKernel{"Sigmoid", sigmoid},
      NamedKernel{"HardSigmoid", hard_sigmoid},
      NamedKernel{"Exp", exponential},
      NamedKernel{"Abs", absolute},
      NamedKernel{"Softmax", softmax},
      NamedKernel{"Cast", cast},
      NamedKernel{"Add", add},
      NamedKernel{"Sub", subtract},
      NamedKernel{"Mul", multiply},
      NamedKernel{"Div", divide},
      NamedKernel{"Min", minimum},
      NamedKernel{"Max", maximum},
      NamedKernel{"Equal", equal},
      NamedKernel{"Greater", greater},
      NamedKernel{"GreaterOrEqual", greater_or_equal},
      NamedKernel{"LessOrEqual", less_or_equal},
      NamedKernel{"And", both},
      NamedKernel{"Where", where},
      NamedKernel{"ReduceMin", reduce_min},
      NamedKernel{"ReduceSum", reduce_sum},
  };
  return kKernels;
}

}  // namespace spinenet::formats

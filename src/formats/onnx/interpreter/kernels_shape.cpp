// Operators that only move elements or look at extents.
#include <algorithm>
#include <array>

#include "formats/onnx/interpreter/kernels.h"

namespace spinenet::formats {
namespace {

using ShapeInts = std::vector<int64_t>;

std::vector<OnnxTensor> identity(const OnnxCall& call) {
  return {input(call, 0)};
}

// The elements of x as they lie, in another shape.
OnnxTensor reshaped(const OnnxCall& call, ShapeInts shape) {
  OnnxTensor y = input(call, 0);
  require(call, element_count(shape) == element_count(y), "has another number of elements than its shape");
  y.shape = std::move(shape);
  return y;
}

std::vector<OnnxTensor> reshape(const OnnxCall& call) {
  const OnnxTensor& x = input(call, 0);
  ShapeInts shape = integers(call, 1).ints;
  int64_t known = 1, open = -1;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 0) {
      require(call, i < x.shape.size(), "keeps an extent that its input does not have");
      shape[i] = x.shape[i];
    }
    if (shape[i] == -1) {
      require(call, open < 0, "leaves two extents open");
      open = static_cast<int64_t>(i);
    } else {
      require(call, shape[i] >= 0 && !__builtin_mul_overflow(known, shape[i], &known), "has an extent below 0");
    }
  }
  if (open >= 0) shape[static_cast<size_t>(open)] = known == 0 ? 0 : element_count(x) / known;
  return {reshaped(call, std::move(shape))};
}

std::vector<OnnxTensor> unsqueeze(const OnnxCall& call) {
  ShapeInts axes = integers(call, 1).ints;
  ShapeInts shape = input(call, 0).shape;
  std::sort(axes.begin(), axes.end());
  for (const int64_t axis : axes) shape.insert(shape.begin() + axis_of(call, axis, shape.size() + 1), 1);
  return {reshaped(call, std::move(shape))};
}

// Without axes: every extent of 1 goes.
std::vector<OnnxTensor> squeeze(const OnnxCall& call) {
  require(call, call.inputs.size() == 1, "squeezes in a way that this program does not write");
  ShapeInts shape = input(call, 0).shape;
  std::erase(shape, 1);
  return {reshaped(call, std::move(shape))};
}

std::vector<OnnxTensor> shape(const OnnxCall& call) {
  const ShapeInts& extents = input(call, 0).shape;
  return {{OnnxType::i64, {static_cast<int64_t>(extents.size())}, {}, extents}};
}

std::vector<OnnxTensor> transpose(const OnnxCall& call) {
  const OnnxTensor& x = input(call, 0);
  const ShapeInts order = attribute(call, "perm", ShapeInts{});
  ShapeInts sorted = order;
  std::sort(sorted.begin(), sorted.end());
  require(call, order.size() == x.shape.size(), "has an order for another number of axes");
  for (size_t i = 0; i < sorted.size(); ++i) require(call, sorted[i] == static_cast<int64_t>(i), "is no order of axes");
  const ShapeInts strides = strides_of(x.shape);
  ShapeInts extents, steps;
  for (const int64_t axis : order) {
    extents.push_back(x.shape[static_cast<size_t>(axis)]);
    steps.push_back(strides[static_cast<size_t>(axis)]);
  }
  Odometer at(extents, steps);
  return {pick(call, x, extents, [&](int64_t) {
    const int64_t place = at.at();
    at.next();
    return place;
  })};
}

// Copies all of `part` into y, `offset` further along the axis.
template <class T>
void paste(const std::vector<T>& part, const ShapeInts& part_shape, int64_t offset, size_t axis, const ShapeInts& shape,
           std::vector<T>& y) {
  const int64_t inner = element_count(std::span(shape).subspan(axis + 1));
  const int64_t rows = element_count(std::span(shape).first(axis));
  const int64_t run = part_shape[axis] * inner;
  for (int64_t row = 0; row < rows; ++row) {
    std::copy_n(part.begin() + row * run, run, y.begin() + (row * shape[axis] + offset) * inner);
  }
}

std::vector<OnnxTensor> concat(const OnnxCall& call) {
  const OnnxTensor& first = input(call, 0);
  const auto axis = static_cast<size_t>(axis_of(call, attribute(call, "axis", int64_t{0}), first.shape.size()));
  ShapeInts extents = first.shape;
  for (size_t i = 1; i < call.inputs.size(); ++i) {
    const OnnxTensor& part = input(call, i);
    ShapeInts rest = part.shape;
    require(call, part.type == first.type && rest.size() == extents.size(), "joins values of several kinds");
    extents[axis] += rest[axis];
    rest[axis] = extents[axis];
    require(call, rest == extents, "joins shapes that do not fit");
  }
  OnnxTensor y = make_onnx_tensor(call, first.type, extents);
  int64_t offset = 0;
  for (size_t i = 0; i < call.inputs.size(); ++i) {
    const OnnxTensor& part = input(call, i);
    if (part.type == OnnxType::f32) {
      paste(part.floats, part.shape, offset, axis, extents, y.floats);
    } else {
      paste(part.ints, part.shape, offset, axis, extents, y.ints);
    }
    offset += part.shape[axis];
  }
  return {std::move(y)};
}

// Step 1, ends counted from the start.
std::vector<OnnxTensor> slice(const OnnxCall& call) {
  const OnnxTensor &x = input(call, 0), &from = integers(call, 1), &to = integers(call, 2), &axes = integers(call, 3);
  require(call, call.inputs.size() == 4 && from.ints.size() == axes.ints.size() && to.ints.size() == axes.ints.size(),
          "slices in a way that this program does not write");
  const ShapeInts strides = strides_of(x.shape);
  ShapeInts extents = x.shape;
  int64_t first = 0;
  for (size_t i = 0; i < axes.ints.size(); ++i) {
    const auto axis = static_cast<size_t>(axis_of(call, axes.ints[i], x.shape.size()));
    require(call, from.ints[i] >= 0 && from.ints[i] <= to.ints[i] && to.ints[i] <= x.shape[axis],
            "slices beyond its input");
    extents[axis] = to.ints[i] - from.ints[i];
    first += from.ints[i] * strides[axis];
  }
  Odometer at(extents, strides);
  return {pick(call, x, extents, [&](int64_t) {
    const int64_t place = first + at.at();
    at.next();
    return place;
  })};
}

// The indices may be a scalar: its axis goes.
std::vector<OnnxTensor> gather(const OnnxCall& call) {
  const OnnxTensor &x = input(call, 0), &at = integers(call, 1);
  const auto axis = static_cast<size_t>(axis_of(call, attribute(call, "axis", int64_t{0}), x.shape.size()));
  const int64_t extent = x.shape[axis];
  for (const int64_t i : at.ints) require(call, i >= -extent && i < extent, "has an index beyond its input");
  ShapeInts extents(x.shape.begin(), x.shape.begin() + static_cast<std::ptrdiff_t>(axis));
  extents.insert(extents.end(), at.shape.begin(), at.shape.end());
  extents.insert(extents.end(), x.shape.begin() + static_cast<std::ptrdiff_t>(axis) + 1, x.shape.end());
  const int64_t inner = element_count(std::span<const int64_t>(x.shape).subspan(axis + 1));
  const auto count = static_cast<int64_t>(at.ints.size());
  return {pick(call, x, extents, [&](int64_t i) {
    const int64_t index = at.ints[static_cast<size_t>(i / inner % count)];
    return (i / inner / count * extent + (index < 0 ? index + extent : index)) * inner + i % inner;
  })};
}

std::vector<OnnxTensor> expand(const OnnxCall& call) {
  const OnnxTensor& x = input(call, 0);
  ShapeInts extents = integers(call, 1).ints;
  require(call, extents.size() >= x.shape.size(), "expands to fewer axes");
  const size_t lead = extents.size() - x.shape.size();
  const ShapeInts strides = strides_of(x.shape);
  ShapeInts steps(extents.size(), 0);
  for (size_t axis = 0; axis < x.shape.size(); ++axis) {
    int64_t& extent = extents[lead + axis];
    if (extent == 1) extent = x.shape[axis];
    require(call, x.shape[axis] == 1 || x.shape[axis] == extent, "expands to a shape that does not fit");
    if (x.shape[axis] > 1) steps[lead + axis] = strides[axis];
  }
  Odometer at(extents, steps);
  return {pick(call, x, extents, [&](int64_t) {
    const int64_t place = at.at();
    at.next();
    return place;
  })};
}

std::vector<OnnxTensor> range(const OnnxCall& call) {
  std::array<int64_t, 3> ends{};
  for (size_t i = 0; i < 3; ++i) {
    require(call, integers(call, i).shape.empty(), "needs three scalars");
    ends[i] = integers(call, i).ints[0];
  }
  const auto [from, to, step] = ends;
  require(call, step != 0 && std::abs(to - from) < (int64_t{1} << 40), "has a step of 0");
  const int64_t count = std::max<int64_t>(0, (to - from + step - (step > 0 ? 1 : -1)) / step);
  OnnxTensor y = make_onnx_tensor(call, OnnxType::i64, {count});
  for (int64_t i = 0; i < count; ++i) y.ints[static_cast<size_t>(i)] = from + i * step;
  return {std::move(y)};
}

}  // namespace

std::span<const NamedKernel> shape_kernels() {
  static constexpr std::array kKernels{
      NamedKernel{"Identity", identity}, NamedKernel{"Reshape", reshape}, NamedKernel{"Unsqueeze", unsqueeze},
      NamedKernel{"Squeeze", squeeze},   NamedKernel{"Shape", shape},     NamedKernel{"Transpose", transpose},
      NamedKernel{"Concat", concat},     NamedKernel{"Slice", slice},     NamedKernel{"Gather", gather},
      NamedKernel{"Expand", expand},     NamedKernel{"Range", range},
  };
  return kKernels;
}

}  // namespace spinenet::formats

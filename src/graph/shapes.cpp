#include "graph/shapes.h"

#include "base/error.h"
#include "base/format.h"

namespace spinenet::graph {
namespace {

[[noreturn]] void refuse(std::string_view op, std::string_view what) {
  fail(ErrorKind::bad_data, what, fmt::format("operation {}", op));
}

int64_t windowed(int64_t extent, int kernel, int stride, int padding, std::string_view op) {
  const int64_t span = extent + padding - kernel;
  if (span < 0) refuse(op, fmt::format("a window of {} does not fit a map of {}", kernel, extent));
  return span / stride + 1;
}

Shape windowed(const Shape& x, int kernel, int stride, int padding, std::string_view op) {
  return {x.channels, windowed(x.height, kernel, stride, padding, op), windowed(x.width, kernel, stride, padding, op)};
}

// Of an operation on two or more values of one shape: "adds" one "to" another.
Shape common_shape(std::span<const Shape> inputs, std::string_view op, std::string_view verb, std::string_view with) {
  if (inputs.size() < 2) refuse(op, fmt::format("{} fewer than two values", verb));
  const Shape& x = inputs.front();
  for (const Shape& other : inputs) {
    if (other == x) continue;
    refuse(op, fmt::format("{} {}x{}x{} {} {}x{}x{}", verb, other.channels, other.height, other.width, with, x.channels,
                           x.height, x.width));
  }
  return x;
}

// By nearest neighbours or linearly.
Shape upsampled_shape(const auto& u, const Shape& x, std::string_view op) {
  if (u.factor < 1) refuse(op, fmt::format("upsamples by {}", u.factor));
  const auto is_drop = [&](int count) { return count >= 0 && count < u.factor; };
  if (!is_drop(u.drop_rows) || !is_drop(u.drop_columns)) refuse(op, "drops whole pixels of its input");
  return {x.channels, x.height * u.factor - u.drop_rows, x.width * u.factor - u.drop_columns};
}

Shape sliced_shape(const Slice& s, const Shape& x, std::string_view op) {
  if (s.first >= 0 && s.count > 0 && s.count <= x.channels - s.first) return {s.count, x.height, x.width};
  refuse(op, fmt::format("takes {} channels from channel {} on of a value of {}", s.count, s.first, x.channels));
}

Shape concatenated_shape(std::span<const Shape> inputs, std::string_view op) {
  if (inputs.size() < 2) refuse(op, "concatenates fewer than two values");
  Shape sum{0, inputs.front().height, inputs.front().width};
  for (const Shape& x : inputs) {
    if (x.height != sum.height || x.width != sum.width) {
      refuse(op,
             fmt::format("concatenates a map of {}x{} with one of {}x{}", x.height, x.width, sum.height, sum.width));
    }
    sum.channels += x.channels;
  }
  return sum;
}

Shape scaled_shape(std::span<const Shape> inputs, std::string_view op) {
  if (inputs.size() != 2) refuse(op, "takes a map and a gate");
  const Shape &x = inputs[0], &gate = inputs[1];
  if (gate == Shape{x.channels, 1, 1}) return x;
  refuse(op, fmt::format("scales {}x{}x{} by {}x{}x{}", x.channels, x.height, x.width, gate.channels, gate.height,
                         gate.width));
}

}  // namespace

Shape output_shape(const OpKind& kind, std::span<const Shape> inputs, int64_t filters, std::string_view op) {
  if (inputs.empty()) refuse(op, "has no input");
  const Shape& x = inputs.front();
  return std::visit(
      Overloaded{
          [&](const Conv& c) {
            if (c.dilation < 1) refuse(op, fmt::format("has a dilation of {}", c.dilation));
            Shape shape = windowed(x, extent_of(c), c.stride, c.pad_before + c.pad_after, op);
            shape.channels = filters;
            return shape;
          },
          [&](const Deconv& d) {
            return Shape{filters, (x.height - 1) * d.stride + d.kernel, (x.width - 1) * d.stride + d.kernel};
          },
          [&](const BatchNorm&) { return x; },
          [&](const Activate&) { return x; },
          [&](const MaxPool& p) { return windowed(x, p.kernel, p.stride, p.pad_before + p.pad_after, op); },
          [&](const AveragePool& p) { return windowed(x, p.kernel, p.stride, 0, op); },
          [&](const GlobalPool&) {
            return Shape{x.channels, 1, 1};
          },
          [&](const OneOf<Upsample, BilinearUpsample> auto& u) { return upsampled_shape(u, x, op); },
          [&](const Add&) { return common_shape(inputs, op, "adds", "to"); },
          [&](const Mean&) { return common_shape(inputs, op, "averages", "with"); },
          [&](const Concat&) { return concatenated_shape(inputs, op); },
          [&](const Slice& s) { return sliced_shape(s, x, op); },
          [&](const Scale&) { return scaled_shape(inputs, op); },
          [&](const Sigmoid&) { return x; },
          [&](const DropPath&) { return x; },
      },
      kind);
}

}  // namespace spinenet::graph

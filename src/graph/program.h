// A network as a list of operations on values: what every architecture is lowered to, and the only thing that the
// trainer, the reference interpreter, the cost table, the drawing and the exporters read.
//
// Invariant (checked by verify): operations stand in execution order, each value is written once and before it is read,
// shapes follow from the operations, and parameters have the shapes that their users need. The batch axis is implicit:
// a value is [N, channels, height, width] for any N. Parameter names are the names in checkpoints; two operations may
// name the same parameter (the heads share their convolutions over the levels).
//
// Thread contract: a Program is a plain value. Adding a kind of operation is a compile error in every consumer until it
// handles it: consumers visit an OpKind with one function or lambda for each kind, and never with an open `auto`.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <numeric>
#include <string>
#include <variant>
#include <vector>

#include "arch/architecture.h"
#include "base/short_list.h"

namespace spinenet::graph {

struct Shape {
  int64_t channels = 0, height = 0, width = 0;

  bool operator==(const Shape&) const = default;
};

// Square kernel; padding before (top, left) and after (bottom, right). Parameters: weight [O, I / groups, k, k], then
// bias [O] where the operation has one. groups is 1, or the number of channels: a depthwise convolution, whose every
// output channel sees its own input channel alone. A dense layer is a convolution over the whole map. A dilated kernel
// looks at every dilation-th pixel and so spans extent_of it.
struct Conv {
  int kernel = 1, stride = 1, pad_before = 0, pad_after = 0, groups = 1, dilation = 1;
};
// Transposed convolution without padding: each pixel adds its kernel to the (H - 1) * stride + kernel pixels of the
// result. Parameters: weight [I, O, k, k], then bias [O] where the operation has one.
struct Deconv {
  int kernel = 2, stride = 2;
};
// Parameters: weight, bias, running_mean, running_var, each [C].
struct BatchNorm {
  double momentum = 0.99, epsilon = 1e-3;
};
struct Activate {
  arch::Activation kind = arch::Activation::relu;
};
// Padding counts as minus infinity.
struct MaxPool {
  int kernel = 3, stride = 2, pad_before = 0, pad_after = 1;
};
// The mean of each whole window; there is no padding, and pixels that fill no whole window are dropped.
struct AveragePool {
  int kernel = 2, stride = 2;
};
enum class PoolKind { average, maximum };
// [C, H, W] to [C, 1, 1].
struct GlobalPool {
  PoolKind kind = PoolKind::average;
};
// Nearest neighbour by a whole factor. Of a map that was rounded up on its way down, the last rows and columns are
// dropped, fewer than the factor.
struct Upsample {
  int factor = 2, drop_rows = 0, drop_columns = 0;
};
// Linear between the nearest pixels along each side, by a whole factor: pixel i of the result stands at
// (i + 0.5) / factor - 0.5 of the input, which goes on beyond its edge as the edge is. Rows and columns are dropped as
// in Upsample.
struct BilinearUpsample {
  int factor = 2, drop_rows = 0, drop_columns = 0;
};
// Sum of two or more values of one shape.
struct Add {};
// Their mean.
struct Mean {};
// The channels of two or more values of one height and width, one value after the other.
struct Concat {};
// The channels first to first + count - 1 of a value.
struct Slice {
  int64_t first = 0, count = 0;
};
// Inputs: a value [C, H, W] and a gate [C, 1, 1] that each of its channels is multiplied by.
struct Scale {};
// 1 / (1 + exp(-x)); the hard one is (x + 3) / 6 cut to 0..1.
struct Sigmoid {
  bool hard = false;
};
// Stochastic depth in training: zero for a whole sample with this probability, else scaled by 1 / (1 - rate). Identity
// in inference.
struct DropPath {
  double rate = 0;
};

using OpKind = std::variant<Conv, Deconv, BatchNorm, Activate, MaxPool, AveragePool, GlobalPool, Upsample,
                            BilinearUpsample, Add, Mean, Concat, Slice, Scale, Sigmoid, DropPath>;

using ValueId = int;
using ParameterId = int;

struct Op {
  std::string name;  // unique; begins with the part it belongs to: "blocks.3.", "resample.3.0.", "head.class."
  OpKind kind;
  ShortList<ValueId, 4> inputs;
  ShortList<ParameterId, 4> parameters;
  ValueId output = 0;
};

// What a parameter is decides its first value and whether weight decay applies (kernels only).
enum class ParameterRole {
  kernel,
  merge_kernel,  // of a merge of NAS-FPN, from all its channels to as many
  bias,
  predictor_kernel,  // last layer of a head
  prior_bias,        // class predictor's bias: -log((1 - p) / p), p = 0.01
  yolo_bias,         // of a YOLO head's last layer: the same for objectness and classes, and 0 for the box
  norm_weight,
  residual_norm_weight,  // last batch norm of a residual branch
  deeper_norm_weight,    // last batch norm of a connection from the deeper of a block's two parents
  norm_bias,
  merge_norm_bias,  // of the batch norm of a merge of NAS-FPN
  running_mean,
  running_var,
};

using Extents = ShortList<int64_t, 4>;

struct Parameter {
  std::string name;
  Extents shape;
  ParameterRole role = ParameterRole::kernel;
  int64_t anchor_channels = 0;  // of a yolo_bias: those of one anchor
};

struct Output {
  // "p3" of a backbone; "class.p3" [A*K, H, W] logits and "box.p3" [A*4, H, W] codes of a RetinaNet; "yolo.p3"
  // [A*(5+K), H, W] of a YOLO.
  std::string name;
  ValueId value = 0;
};

struct Program {
  std::vector<Shape> values;  // values[0] is the input image
  std::vector<Parameter> parameters;
  std::vector<Op> ops;
  std::vector<Output> outputs;
};

// Pixels along each side that a kernel spans.
constexpr int extent_of(const Conv& conv) {
  return (conv.kernel - 1) * conv.dilation + 1;
}

inline int64_t element_count(const Extents& shape) {
  return std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>());
}

inline bool is_trainable(ParameterRole role) {
  return role != ParameterRole::running_mean && role != ParameterRole::running_var;
}

// For std::visit over a closed set, such as OpKind, with one lambda for each alternative.
template <class... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};
template <class... Fs>
Overloaded(Fs...) -> Overloaded<Fs...>;

// The parameter of a lambda that several alternatives share: it names them all, so that a new alternative is a compile
// error there, too.
template <class T, class... Alternatives>
concept OneOf = (std::same_as<T, Alternatives> || ...);

}  // namespace spinenet::graph

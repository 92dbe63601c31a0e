#include "graph/reference.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/error.h"
#include "base/format.h"
#include "graph/weights.h"

namespace spinenet::graph {
namespace {

// [N, C, H, W] extents of a tensor.
struct Extent {
  int64_t n, c, h, w;
};

Extent extent(const HostTensor& x) {
  return {x.shape[0], x.shape[1], x.shape[2], x.shape[3]};
}

// Top left corner of a window, negative where it begins in the padding; and how far apart its pixels are.
struct Window {
  int64_t y0, x0;
  int64_t dilation = 1;
};

// Sums over the input channels from `first_channel` on and the window in double, so that the result hardly depends on
// the order.
float conv_at(const HostTensor& x, const HostTensor& weight, int64_t n, int64_t o, int64_t first_channel, Window at) {
  const Extent in = extent(x);
  const int64_t channels = weight.shape[1], kernel = weight.shape[2];
  double sum = 0;
  for (int64_t c = 0; c < channels; ++c) {
    const float* map = x.data.data() + (n * in.c + first_channel + c) * in.h * in.w;
    const float* taps = weight.data.data() + (o * channels + c) * kernel * kernel;
    for (int64_t i = 0; i < kernel; ++i) {
      const int64_t row = at.y0 + i * at.dilation;
      if (row < 0 || row >= in.h) continue;
      for (int64_t j = 0; j < kernel; ++j) {
        const int64_t column = at.x0 + j * at.dilation;
        if (column < 0 || column >= in.w) continue;
        sum += static_cast<double>(map[row * in.w + column]) * static_cast<double>(taps[i * kernel + j]);
      }
    }
  }
  return static_cast<float>(sum);
}

float max_at(const HostTensor& x, int64_t map_index, int kernel, Window at) {
  const Extent in = extent(x);
  const float* map = x.data.data() + map_index * in.h * in.w;
  float best = -std::numeric_limits<float>::infinity();
  for (int64_t row = std::max<int64_t>(at.y0, 0); row < std::min(at.y0 + kernel, in.h); ++row) {
    for (int64_t column = std::max<int64_t>(at.x0, 0); column < std::min(at.x0 + kernel, in.w); ++column) {
      best = std::max(best, map[row * in.w + column]);
    }
  }
  return best;
}

// Of a window that lies within the map.
float mean_at(const HostTensor& x, int64_t map_index, int kernel, Window at) {
  const Extent in = extent(x);
  const float* map = x.data.data() + map_index * in.h * in.w;
  double sum = 0;
  for (int64_t row = at.y0; row < at.y0 + kernel; ++row) {
    for (int64_t column = at.x0; column < at.x0 + kernel; ++column)
      sum += static_cast<double>(map[row * in.w + column]);
  }
  return static_cast<float>(sum / (static_cast<double>(kernel) * kernel));
}

// Between two pixels of a line, or at one of them: `share` is that of the second.
struct Between {
  int64_t first = 0, second = 0;
  double share = 0;
};

// Where pixel `place` of a line that is `factor` times as long stands.
Between between(int64_t place, int factor, int64_t extent) {
  const double middle = (static_cast<double>(place) + 0.5) / factor - 0.5;
  const double at = std::clamp(middle, 0.0, static_cast<double>(extent - 1));
  const auto first = static_cast<int64_t>(at);
  return {first, std::min(first + 1, extent - 1), at - static_cast<double>(first)};
}

float hard_sigmoid(float x) {
  return std::clamp((x + 3) / 6, 0.0F, 1.0F);
}

float activated(arch::Activation kind, float x) {
  switch (kind) {
    case arch::Activation::relu:
      return std::max(x, 0.0F);
    case arch::Activation::swish:
      return x / (1.0F + std::exp(-x));
    case arch::Activation::hard_swish:
      return x * hard_sigmoid(x);
    case arch::Activation::mish:
      return x * std::tanh(std::log1p(std::exp(x)));
    case arch::Activation::leaky_relu:
      return x < 0 ? x * arch::kLeakySlope : x;
    case arch::Activation::relu6:
      return std::clamp(x, 0.0F, 6.0F);
    case arch::Activation::leaky_relu_001:
      return x < 0 ? x * arch::kSmallLeakySlope : x;
  }
  return x;
}

class Interpreter {
 public:
  Interpreter(const Program& program, const Weights& weights, const HostTensor& input)
      : program_(program), weights_(weights), values_(program.values.size()) {
    values_[0] = input;
  }

  std::vector<HostTensor> run() {
    for (const Op& op : program_.ops) {
      values_[static_cast<size_t>(op.output)] = std::visit([&](const auto& kind) { return apply(kind, op); }, op.kind);
    }
    std::vector<HostTensor> outputs;
    for (const Output& output : program_.outputs) outputs.push_back(values_[static_cast<size_t>(output.value)]);
    return outputs;
  }

 private:
  const HostTensor& value(const Op& op, size_t i = 0) const { return values_[static_cast<size_t>(op.inputs[i])]; }
  const HostTensor& parameter(const Op& op, size_t i) const {
    return weights_.at(program_.parameters[static_cast<size_t>(op.parameters[i])].name);
  }
  HostTensor result(const Op& op) const {
    const Shape& s = program_.values[static_cast<size_t>(op.output)];
    return make_tensor({values_[0].shape[0], s.channels, s.height, s.width});
  }

  float bias_of(const Op& op, int64_t channel) const {
    return op.parameters.size() > 1 ? parameter(op, 1).data[static_cast<size_t>(channel)] : 0.0F;
  }

  HostTensor apply(const Conv& conv, const Op& op) const {
    HostTensor y = result(op);
    const Extent out = extent(y);
    float* to = y.data.data();
    for (int64_t n = 0; n < out.n; ++n) {
      for (int64_t o = 0; o < out.c; ++o) {
        const float bias = bias_of(op, o);
        const int64_t first_channel = conv.groups == 1 ? 0 : o;
        for (int64_t i = 0; i < out.h; ++i) {
          for (int64_t j = 0; j < out.w; ++j) {
            const Window at{i * conv.stride - conv.pad_before, j * conv.stride - conv.pad_before, conv.dilation};
            *to++ = conv_at(value(op), parameter(op, 0), n, o, first_channel, at) + bias;
          }
        }
      }
    }
    return y;
  }

  // Each pixel of the result gathers the taps of the pixels that reach it.
  HostTensor apply(const Deconv& deconv, const Op& op) const {
    HostTensor y = result(op);
    const Extent in = extent(value(op)), out = extent(y);
    const int64_t kernel = deconv.kernel;
    const auto at = [&](int64_t n, int64_t o, int64_t i, int64_t j) {
      double sum = 0;
      for (int64_t c = 0; c < in.c; ++c) {
        const float* map = value(op).data.data() + (n * in.c + c) * in.h * in.w;
        const float* taps = parameter(op, 0).data.data() + (c * out.c + o) * kernel * kernel;
        for (int64_t row = 0; row < in.h; ++row) {
          const int64_t tap_row = i - row * deconv.stride;
          if (tap_row < 0 || tap_row >= kernel) continue;
          for (int64_t column = 0; column < in.w; ++column) {
            const int64_t tap_column = j - column * deconv.stride;
            if (tap_column < 0 || tap_column >= kernel) continue;
            sum += static_cast<double>(map[row * in.w + column]) *
                   static_cast<double>(taps[tap_row * kernel + tap_column]);
          }
        }
      }
      return static_cast<float>(sum) + bias_of(op, o);
    };
    float* to = y.data.data();
    for (int64_t n = 0; n < out.n; ++n) {
      for (int64_t o = 0; o < out.c; ++o) {
        for (int64_t i = 0; i < out.h; ++i) {
          for (int64_t j = 0; j < out.w; ++j) *to++ = at(n, o, i, j);
        }
      }
    }
    return y;
  }

  HostTensor apply(const BatchNorm& norm, const Op& op) const {
    HostTensor y = value(op);
    const Extent e = extent(y);
    for (int64_t map = 0; map < e.n * e.c; ++map) {
      const auto c = static_cast<size_t>(map % e.c);
      const double scale = parameter(op, 0).data[c] / std::sqrt(parameter(op, 3).data[c] + norm.epsilon);
      const double shift = parameter(op, 1).data[c] - parameter(op, 2).data[c] * scale;
      float* at = y.data.data() + map * e.h * e.w;
      for (int64_t i = 0; i < e.h * e.w; ++i) at[i] = static_cast<float>(at[i] * scale + shift);
    }
    return y;
  }

  HostTensor apply(const Activate& activate, const Op& op) const {
    HostTensor y = value(op);
    for (float& x : y.data) x = activated(activate.kind, x);
    return y;
  }

  HostTensor apply(const MaxPool& pool, const Op& op) const {
    HostTensor y = result(op);
    const Extent out = extent(y);
    float* to = y.data.data();
    for (int64_t map = 0; map < out.n * out.c; ++map) {
      for (int64_t i = 0; i < out.h; ++i) {
        for (int64_t j = 0; j < out.w; ++j) {
          const Window at{i * pool.stride - pool.pad_before, j * pool.stride - pool.pad_before};
          *to++ = max_at(value(op), map, pool.kernel, at);
        }
      }
    }
    return y;
  }

  HostTensor apply(const AveragePool& pool, const Op& op) const {
    HostTensor y = result(op);
    const Extent out = extent(y);
    float* to = y.data.data();
    for (int64_t map = 0; map < out.n * out.c; ++map) {
      for (int64_t i = 0; i < out.h; ++i) {
        for (int64_t j = 0; j < out.w; ++j) {
          *to++ = mean_at(value(op), map, pool.kernel, {i * pool.stride, j * pool.stride});
        }
      }
    }
    return y;
  }

  HostTensor apply(const GlobalPool& pool, const Op& op) const {
    HostTensor y = result(op);
    const Extent in = extent(value(op));
    const int64_t area = in.h * in.w;
    for (size_t map = 0; map < y.data.size(); ++map) {
      const float* from = value(op).data.data() + static_cast<int64_t>(map) * area;
      y.data[map] = pool.kind == PoolKind::maximum
                        ? *std::max_element(from, from + area)
                        : static_cast<float>(std::accumulate(from, from + area, 0.0) / static_cast<double>(area));
    }
    return y;
  }

  // The dropped rows and columns lie beyond the result.
  HostTensor apply(const Upsample& up, const Op& op) const {
    HostTensor y = result(op);
    const Extent out = extent(y);
    const Extent in = extent(value(op));
    float* to = y.data.data();
    for (int64_t map = 0; map < out.n * out.c; ++map) {
      const float* from = value(op).data.data() + map * in.h * in.w;
      for (int64_t i = 0; i < out.h; ++i) {
        for (int64_t j = 0; j < out.w; ++j) *to++ = from[i / up.factor * in.w + j / up.factor];
      }
    }
    return y;
  }

  HostTensor apply(const BilinearUpsample& up, const Op& op) const {
    HostTensor y = result(op);
    const Extent out = extent(y);
    const Extent in = extent(value(op));
    float* to = y.data.data();
    for (int64_t map = 0; map < out.n * out.c; ++map) {
      const float* from = value(op).data.data() + map * in.h * in.w;
      for (int64_t i = 0; i < out.h; ++i) {
        const Between rows = between(i, up.factor, in.h);
        for (int64_t j = 0; j < out.w; ++j) {
          const Between columns = between(j, up.factor, in.w);
          const auto in_row = [&](int64_t row) {
            const double a = from[row * in.w + columns.first], b = from[row * in.w + columns.second];
            return a + (b - a) * columns.share;
          };
          const double above = in_row(rows.first), below = in_row(rows.second);
          *to++ = static_cast<float>(above + (below - above) * rows.share);
        }
      }
    }
    return y;
  }

  HostTensor apply(const Add&, const Op& op) const {
    HostTensor y = value(op);
    for (size_t k = 1; k < op.inputs.size(); ++k) {
      const HostTensor& other = value(op, k);
      for (size_t i = 0; i < y.data.size(); ++i) y.data[i] += other.data[i];
    }
    return y;
  }

  HostTensor apply(const Mean&, const Op& op) const {
    HostTensor y = apply(Add{}, op);
    for (float& x : y.data) x /= static_cast<float>(op.inputs.size());
    return y;
  }

  HostTensor apply(const Concat&, const Op& op) const {
    HostTensor y = result(op);
    float* to = y.data.data();
    for (int64_t n = 0; n < y.shape[0]; ++n) {
      for (size_t k = 0; k < op.inputs.size(); ++k) {
        const Extent in = extent(value(op, k));
        const int64_t image = in.c * in.h * in.w;
        to = std::copy_n(value(op, k).data.data() + n * image, image, to);
      }
    }
    return y;
  }

  HostTensor apply(const Slice& slice, const Op& op) const {
    HostTensor y = result(op);
    const Extent in = extent(value(op));
    const int64_t area = in.h * in.w;
    float* to = y.data.data();
    for (int64_t n = 0; n < in.n; ++n) {
      to = std::copy_n(value(op).data.data() + (n * in.c + slice.first) * area, slice.count * area, to);
    }
    return y;
  }

  HostTensor apply(const Scale&, const Op& op) const {
    HostTensor y = value(op);
    const Extent e = extent(y);
    for (int64_t i = 0; i < e.n * e.c * e.h * e.w; ++i) {
      y.data[static_cast<size_t>(i)] *= value(op, 1).data[static_cast<size_t>(i / (e.h * e.w))];
    }
    return y;
  }

  HostTensor apply(const Sigmoid& sigmoid, const Op& op) const {
    HostTensor y = value(op);
    for (float& x : y.data) x = sigmoid.hard ? hard_sigmoid(x) : 1.0F / (1.0F + std::exp(-x));
    return y;
  }

  HostTensor apply(const DropPath&, const Op& op) const { return value(op); }

  const Program& program_;
  const Weights& weights_;
  std::vector<HostTensor> values_;
};

}  // namespace

std::vector<HostTensor> run_reference(const Program& program, const Weights& weights, const HostTensor& input) {
  check_weights(program, weights, "reference interpreter");
  const Shape& s = program.values.front();
  if (input.shape.size() != 4 || Shape{input.shape[1], input.shape[2], input.shape[3]} != s) {
    fail(ErrorKind::bad_data,
         fmt::format("input [{}] where [N, {}, {}, {}] is needed", fmt::join(input.shape, ", "), s.channels, s.height,
                     s.width),
         "reference interpreter");
  }
  return Interpreter(program, weights, input).run();
}

}  // namespace spinenet::graph

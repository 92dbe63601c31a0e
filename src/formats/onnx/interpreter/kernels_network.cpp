// Convolution, batch norm, pooling and resizing of [N, C, H, W].
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include "formats/onnx/interpreter/kernels.h"

namespace spinenet::formats {
namespace {

using NetworkInts = std::vector<int64_t>;

struct Extent {
  int64_t n, c, h, w;
};

Extent extent(const OnnxCall& call, const OnnxTensor& x) {
  require(call, x.shape.size() == 4, "needs a value of four extents");
  return {x.shape[0], x.shape[1], x.shape[2], x.shape[3]};
}

// kernel_shape, strides and pads: y before, x before, y after, x after. Taps are dilation_h rows and dilation_w columns
// apart.
struct Window {
  int64_t kernel_h, kernel_w, stride_h, stride_w, top, left, bottom, right, dilation_h, dilation_w;

  int64_t rows() const { return (kernel_h - 1) * dilation_h + 1; }
  int64_t columns() const { return (kernel_w - 1) * dilation_w + 1; }
  int64_t height(int64_t h) const { return (h + top + bottom - rows()) / stride_h + 1; }
  int64_t width(int64_t w) const { return (w + left + right - columns()) / stride_w + 1; }
};

Window window(const OnnxCall& call, const Extent& in) {
  const NetworkInts kernel = attribute(call, "kernel_shape", NetworkInts{}),
                    strides = attribute(call, "strides", NetworkInts{1, 1}),
                    pads = attribute(call, "pads", NetworkInts{0, 0, 0, 0}),
                    dilations = attribute(call, "dilations", NetworkInts{1, 1});
  require(call, kernel.size() == 2 && strides.size() == 2 && pads.size() == 4 && dilations.size() == 2,
          "needs a window of two extents");
  constexpr int64_t kMost = 1 << 20;
  for (const int64_t k : kernel) require(call, k >= 1 && k <= kMost, "has an empty window");
  for (const int64_t s : strides) require(call, s >= 1 && s <= kMost, "has a stride below 1");
  for (const int64_t d : dilations) require(call, d >= 1 && d <= kMost, "has a dilation below 1");
  for (const int64_t p : pads) require(call, p >= 0 && p <= kMost, "has a padding below 0");
  const Window w{kernel[0], kernel[1], strides[0], strides[1],   pads[0],
                 pads[1],   pads[2],   pads[3],    dilations[0], dilations[1]};
  require(call, in.h + w.top + w.bottom >= w.rows() && in.w + w.left + w.right >= w.columns(),
          "has a window larger than its input");
  return w;
}

// Of a pool and of a transposed convolution, whose taps lie side by side.
Window dense_window(const OnnxCall& call, const Extent& in) {
  const Window w = window(call, in);
  require(call, w.dilation_h == 1 && w.dilation_w == 1, "has a dilation, which this program does not write here");
  return w;
}

// The places of an output axis whose tap lies inside the input: first and one behind the last.
struct Span {
  int64_t from, to;
};

Span inside(int64_t out, int64_t in, int64_t stride, int64_t offset) {
  const int64_t from = offset >= 0 ? 0 : (-offset + stride - 1) / stride;
  const int64_t to = in - offset <= 0 ? 0 : (in - offset + stride - 1) / stride;
  return {from, std::min(out, to)};
}

// One map of the output: row by row, tap by tap. The channels of a block are summed in float, the blocks in double.
class ConvMap {
 public:
  ConvMap(const Extent& in, const Window& window, int64_t height, int64_t width)
      : in_(in),
        window_(window),
        height_(height),
        width_(width),
        part_(static_cast<size_t>(height * width)),
        sum_(static_cast<size_t>(height * width)) {}

  // `x`: the first of `channels` maps; `taps`: their weights.
  void run(const float* x, const float* taps, int64_t channels, float bias, float* y) {
    std::fill(sum_.begin(), sum_.end(), static_cast<double>(bias));
    constexpr int64_t kBlock = 16;
    for (int64_t first = 0; first < channels; first += kBlock) {
      std::fill(part_.begin(), part_.end(), 0.0F);
      for (int64_t c = first; c < std::min(channels, first + kBlock); ++c) {
        add(x + c * in_.h * in_.w, taps + c * window_.kernel_h * window_.kernel_w);
      }
      for (size_t i = 0; i < sum_.size(); ++i) sum_[i] += static_cast<double>(part_[i]);
    }
    for (size_t i = 0; i < sum_.size(); ++i) y[i] = static_cast<float>(sum_[i]);
  }

 private:
  void add(const float* map, const float* taps) {
    for (int64_t i = 0; i < window_.kernel_h; ++i) {
      for (int64_t j = 0; j < window_.kernel_w; ++j) {
        add_tap(map, *taps++, i * window_.dilation_h - window_.top, j * window_.dilation_w - window_.left);
      }
    }
  }

  void add_tap(const float* map, float tap, int64_t dy, int64_t dx) {
    const Span rows = inside(height_, in_.h, window_.stride_h, dy),
               columns = inside(width_, in_.w, window_.stride_w, dx);
    if (window_.stride_h == 1 && width_ == in_.w && columns.from == 0 && columns.to == width_) {
      // Whole rows: one run.
      if (rows.from < rows.to) {
        axpy(map + (rows.from + dy) * in_.w, tap, part_.data() + rows.from * width_, (rows.to - rows.from) * width_);
      }
      return;
    }
    for (int64_t row = rows.from; row < rows.to; ++row) {
      const float* from = map + (row * window_.stride_h + dy) * in_.w + dx;
      float* to = part_.data() + row * width_;
      if (window_.stride_w == 1) {
        axpy(from + columns.from, tap, to + columns.from, columns.to - columns.from);
      } else {
        for (int64_t column = columns.from; column < columns.to; ++column) {
          to[column] += tap * from[column * window_.stride_w];
        }
      }
    }
  }

  static void axpy(const float* from, float tap, float* to, int64_t count) {
    for (int64_t i = 0; i < count; ++i) to[i] += tap * from[i];
  }

  const Extent& in_;
  const Window& window_;
  int64_t height_, width_;
  std::vector<float> part_;
  std::vector<double> sum_;
};

std::vector<OnnxTensor> conv(const OnnxCall& call) {
  const OnnxTensor &x = floats(call, 0), &weight = floats(call, 1);
  const Extent in = extent(call, x), taps = extent(call, weight);
  const Window w = window(call, in);
  const int64_t groups = attribute(call, "group", int64_t{1});
  require(call, groups >= 1 && taps.c * groups == in.c && taps.n % groups == 0, "has a weight for other channels");
  require(call, taps.h == w.kernel_h && taps.w == w.kernel_w, "has a weight of another window");
  const OnnxTensor* bias = call.inputs.size() > 2 ? &floats(call, 2) : nullptr;
  require(call, bias == nullptr || bias->shape == NetworkInts{taps.n}, "has a bias for other channels");
  OnnxTensor y = make_onnx_tensor(call, OnnxType::f32, {in.n, taps.n, w.height(in.h), w.width(in.w)});
  const int64_t height = y.shape[2], width = y.shape[3], of_group = taps.n / groups;
  call.pool.parallel_for(in.n * taps.n, [&](int64_t map) {
    const int64_t n = map / taps.n, o = map % taps.n;
    ConvMap(in, w, height, width)
        .run(x.floats.data() + (n * in.c + o / of_group * taps.c) * in.h * in.w,
             weight.floats.data() + o * taps.c * taps.h * taps.w, taps.c,
             bias != nullptr ? bias->floats[static_cast<size_t>(o)] : 0.0F, y.floats.data() + map * height * width);
  });
  return {std::move(y)};
}

// Without padding: each pixel adds its kernel to the output.
std::vector<OnnxTensor> conv_transpose(const OnnxCall& call) {
  const OnnxTensor &x = floats(call, 0), &weight = floats(call, 1);
  const Extent in = extent(call, x), taps = extent(call, weight);
  const Window w = dense_window(call, {in.n, in.c, taps.h, taps.w});
  require(call, taps.n == in.c && taps.h == w.kernel_h && taps.w == w.kernel_w, "has a weight for another input");
  require(call, w.top == 0 && w.left == 0 && w.bottom == 0 && w.right == 0 && attribute(call, "group", int64_t{1}) == 1,
          "is padded or grouped");
  const OnnxTensor* bias = call.inputs.size() > 2 ? &floats(call, 2) : nullptr;
  require(call, bias == nullptr || bias->shape == NetworkInts{taps.c}, "has a bias for other channels");
  OnnxTensor y = make_onnx_tensor(
      call, OnnxType::f32, {in.n, taps.c, (in.h - 1) * w.stride_h + w.kernel_h, (in.w - 1) * w.stride_w + w.kernel_w});
  const int64_t height = y.shape[2], width = y.shape[3];
  call.pool.parallel_for(in.n * taps.c, [&](int64_t map) {
    const int64_t n = map / taps.c, o = map % taps.c;
    std::vector<double> sum(static_cast<size_t>(height * width),
                            bias != nullptr ? bias->floats[static_cast<size_t>(o)] : 0.0F);
    for (int64_t i = 0; i < in.c * in.h * in.w; ++i) {
      const int64_t c = i / (in.h * in.w), row = i / in.w % in.h, column = i % in.w;
      const double value = x.floats[static_cast<size_t>(n * in.c * in.h * in.w + i)];
      const float* tap = weight.floats.data() + (c * taps.c + o) * taps.h * taps.w;
      for (int64_t k = 0; k < taps.h * taps.w; ++k) {
        const int64_t at = (row * w.stride_h + k / taps.w) * width + column * w.stride_w + k % taps.w;
        sum[static_cast<size_t>(at)] += value * static_cast<double>(tap[k]);
      }
    }
    std::transform(sum.begin(), sum.end(), y.floats.begin() + map * height * width,
                   [](double value) { return static_cast<float>(value); });
  });
  return {std::move(y)};
}

template <class F>
std::vector<OnnxTensor> global_pool(const OnnxCall& call, const F& pooled) {
  const OnnxTensor& x = floats(call, 0);
  const Extent in = extent(call, x);
  const int64_t area = in.h * in.w;
  require(call, area > 0, "pools an empty map");
  OnnxTensor y = make_onnx_tensor(call, OnnxType::f32, {in.n, in.c, 1, 1});
  for (size_t map = 0; map < y.floats.size(); ++map) {
    y.floats[map] = pooled(std::span(x.floats).subspan(map * static_cast<size_t>(area), static_cast<size_t>(area)));
  }
  return {std::move(y)};
}

std::vector<OnnxTensor> global_average_pool(const OnnxCall& call) {
  return global_pool(call, [](std::span<const float> map) {
    return static_cast<float>(std::accumulate(map.begin(), map.end(), 0.0) / static_cast<double>(map.size()));
  });
}
std::vector<OnnxTensor> global_max_pool(const OnnxCall& call) {
  return global_pool(call, [](std::span<const float> map) { return *std::max_element(map.begin(), map.end()); });
}

std::vector<OnnxTensor> batch_normalization(const OnnxCall& call) {
  OnnxTensor y = floats(call, 0);
  const Extent e = extent(call, y);
  for (size_t i = 1; i < 5; ++i)
    require(call, floats(call, i).shape == NetworkInts{e.c}, "has numbers for other channels");
  const double epsilon = attribute(call, "epsilon", 1e-5F);
  for (int64_t map = 0; map < e.n * e.c; ++map) {
    const auto c = static_cast<size_t>(map % e.c);
    const double scale = floats(call, 1).floats[c] / std::sqrt(floats(call, 4).floats[c] + epsilon);
    const double shift = floats(call, 2).floats[c] - floats(call, 3).floats[c] * scale;
    float* at = y.floats.data() + map * e.h * e.w;
    for (int64_t i = 0; i < e.h * e.w; ++i) at[i] = static_cast<float>(at[i] * scale + shift);
  }
  return {std::move(y)};
}

std::vector<OnnxTensor> max_pool(const OnnxCall& call) {
  const OnnxTensor& x = floats(call, 0);
  const Extent in = extent(call, x);
  const Window w = dense_window(call, in);
  require(call, attribute(call, "ceil_mode", int64_t{0}) == 0, "rounds up");
  OnnxTensor y = make_onnx_tensor(call, OnnxType::f32, {in.n, in.c, w.height(in.h), w.width(in.w)});
  float* to = y.floats.data();
  for (int64_t map = 0; map < in.n * in.c; ++map) {
    const float* from = x.floats.data() + map * in.h * in.w;
    for (int64_t i = 0; i < y.shape[2]; ++i) {
      for (int64_t j = 0; j < y.shape[3]; ++j) {
        const int64_t y0 = i * w.stride_h - w.top, x0 = j * w.stride_w - w.left;
        float best = -std::numeric_limits<float>::infinity();
        for (int64_t row = std::max<int64_t>(y0, 0); row < std::min(y0 + w.kernel_h, in.h); ++row) {
          for (int64_t column = std::max<int64_t>(x0, 0); column < std::min(x0 + w.kernel_w, in.w); ++column) {
            best = std::max(best, from[row * in.w + column]);
          }
        }
        *to++ = best;
      }
    }
  }
  return {std::move(y)};
}

// Of windows within the map.
std::vector<OnnxTensor> average_pool(const OnnxCall& call) {
  const OnnxTensor& x = floats(call, 0);
  const Extent in = extent(call, x);
  const Window w = dense_window(call, in);
  require(call, attribute(call, "ceil_mode", int64_t{0}) == 0, "rounds up");
  require(call, w.top == 0 && w.left == 0 && w.bottom == 0 && w.right == 0, "is padded");
  OnnxTensor y = make_onnx_tensor(call, OnnxType::f32, {in.n, in.c, w.height(in.h), w.width(in.w)});
  float* to = y.floats.data();
  for (int64_t map = 0; map < in.n * in.c; ++map) {
    const float* from = x.floats.data() + map * in.h * in.w;
    for (int64_t i = 0; i < y.shape[2]; ++i) {
      for (int64_t j = 0; j < y.shape[3]; ++j) {
        double sum = 0;
        for (int64_t k = 0; k < w.kernel_h; ++k) {
          const float* row = from + (i * w.stride_h + k) * in.w + j * w.stride_w;
          sum = std::accumulate(row, row + w.kernel_w, sum);
        }
        *to++ = static_cast<float>(sum / static_cast<double>(w.kernel_h * w.kernel_w));
      }
    }
  }
  return {std::move(y)};
}

// The places of an input axis that one of the output reads, and the share of the second.
struct Source {
  int64_t first = 0, second = 0;
  double share = 0;
};

// Rounded down: floor(output place / scale).
Source nearest_source(int64_t place, double scale, int64_t) {
  const auto at = static_cast<int64_t>(static_cast<double>(place) / scale);
  return {at, at, 0};
}

// Pixels are squares whose middles are read; beyond the first and the last one these go on.
Source linear_source(int64_t place, double scale, int64_t extent) {
  const double at = std::clamp((static_cast<double>(place) + 0.5) / scale - 0.5, 0.0, static_cast<double>(extent - 1));
  const auto first = static_cast<int64_t>(at);
  return {first, std::min(first + 1, extent - 1), at - static_cast<double>(first)};
}

using SourceOf = Source (*)(int64_t place, double scale, int64_t extent);

// The two ways of an upsampling.
SourceOf source_of(const OnnxCall& call) {
  const std::string mode = attribute(call, "mode", std::string("nearest")),
                    places = attribute(call, "coordinate_transformation_mode", std::string("half_pixel"));
  if (mode == "linear" && places == "half_pixel") return linear_source;
  const bool nearest =
      mode == "nearest" && places == "asymmetric" && attribute(call, "nearest_mode", std::string()) == "floor";
  require(call, nearest, "resizes in a way that this program does not write");
  return nearest_source;
}

std::vector<OnnxTensor> resize(const OnnxCall& call) {
  const OnnxTensor &x = floats(call, 0), &scales = floats(call, 2);
  const Extent in = extent(call, x);
  const SourceOf source = source_of(call);
  require(call, in.h > 0 && in.w > 0, "resizes an empty map");
  require(call, scales.shape == NetworkInts{4} && scales.floats[0] == 1 && scales.floats[1] == 1, "needs four scales");
  const double by_y = scales.floats[2], by_x = scales.floats[3];
  require(call, by_y >= 1 && by_x >= 1 && by_y <= 1024 && by_x <= 1024, "has a scale below 1");
  OnnxTensor y = make_onnx_tensor(call, OnnxType::f32,
                                  {in.n, in.c, static_cast<int64_t>(static_cast<double>(in.h) * by_y),
                                   static_cast<int64_t>(static_cast<double>(in.w) * by_x)});
  const auto mixed = [](double a, double b, double share) { return share == 0 ? a : a + (b - a) * share; };
  float* to = y.floats.data();
  for (int64_t map = 0; map < in.n * in.c; ++map) {
    const float* from = x.floats.data() + map * in.h * in.w;
    for (int64_t i = 0; i < y.shape[2]; ++i) {
      const Source rows = source(i, by_y, in.h);
      const float *above = from + rows.first * in.w, *below = from + rows.second * in.w;
      for (int64_t j = 0; j < y.shape[3]; ++j) {
        const Source at = source(j, by_x, in.w);
        *to++ = static_cast<float>(mixed(mixed(above[at.first], above[at.second], at.share),
                                         mixed(below[at.first], below[at.second], at.share), rows.share));
      }
    }
  }
  return {std::move(y)};
}

}  // namespace

std::span<const NamedKernel> network_kernels() {
  static constexpr std::array kKernels{
      NamedKernel{"Conv", conv},
      NamedKernel{"ConvTranspose", conv_transpose},
      NamedKernel{"BatchNormalization", batch_normalization},
      NamedKernel{"MaxPool", max_pool},
      NamedKernel{"AveragePool", average_pool},
      NamedKernel{"GlobalAveragePool", global_average_pool},
      NamedKernel{"GlobalMaxPool", global_max_pool},
      NamedKernel{"Resize", resize},
  };
  return kKernels;
}

}  // namespace spinenet::formats

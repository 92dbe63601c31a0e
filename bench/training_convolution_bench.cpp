// The convolutions of a recipe's network in training, beside LibTorch's, on one thread and in turn: the output, the
// gradient of the input and that of the weights, each the least of several rounds.
//   training_convolution_bench RECIPE [BATCH [ROUNDS]]
// prints one JSON line for each shape and one for all of them.
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <tuple>

#include <ATen/Parallel.h>

#include "base/format.h"
#include "base/json.h"
#include "graph/lower.h"
#include "kernels/convolution.h"
#include "kernels/weight_gradient.h"
#include "train/recipe.h"

namespace {

using namespace spinenet;

constexpr int kClasses = 10;

// Seconds of LibTorch's pass, and of both of our ways.
struct Times {
  double libtorch = std::numeric_limits<double>::infinity(), plain = libtorch, tiles = libtorch;
  double best() const { return std::min(plain, tiles); }
};
using Passes = std::array<Times, 3>;
constexpr std::array<const char*, 3> kPasses{"output", "of_input", "of_weights"};

using Shape = std::tuple<int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t>;

template <class Work>
void keep_least(double& least, const Work& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  least = std::min(least, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
}

void run_pass(kernels::ConvolutionPass pass, const torch::Tensor& weight, const torch::Tensor& from,
              torch::Tensor& to) {
  for (int64_t i = 0; i < pass.packing_pieces(); ++i) pass.pack(i, weight.data_ptr<float>());
  for (int64_t i = 0; i < pass.pieces(); ++i) {
    pass.run(i, from.data_ptr<float>(), nullptr, to.data_ptr<float>());
  }
}

Passes measure(const kernels::Convolution& c, int rounds) {
  const auto last = at::MemoryFormat::ChannelsLast;
  torch::Tensor x = at::randn({c.images, c.channels, c.height, c.width}).contiguous(last);
  torch::Tensor weight = at::randn({c.outputs, c.channels, c.kernel, c.kernel});
  torch::Tensor y = at::conv2d(x, weight, {}, c.stride, c.padding, c.dilation);
  torch::Tensor gradient = at::randn_like(y).contiguous(last);
  torch::Tensor of_x = at::empty_like(x), of_weight = at::empty_like(weight);
  const auto kernels = kernels::best_convolution_kernels();
  Passes passes;
  const auto backward = [&](std::array<bool, 3> wanted) {
    at::convolution_backward(gradient, x, weight, {}, {c.stride, c.stride}, {c.padding, c.padding},
                             {c.dilation, c.dilation}, false, {0, 0}, 1, wanted);
  };
  for (int round = 0; round < rounds; ++round) {
    keep_least(passes[0].libtorch, [&] { at::conv2d(x, weight, {}, c.stride, c.padding, c.dilation); });
    keep_least(passes[1].libtorch, [&] { backward({true, false, false}); });
    keep_least(passes[2].libtorch, [&] { backward({false, true, false}); });
    for (const auto way : {kernels::ConvolutionWay::plain, kernels::ConvolutionWay::winograd}) {
      if (way == kernels::ConvolutionWay::winograd && !takes_winograd(c)) continue;
      const auto time_of = [&](Times& times) -> double& {
        return way == kernels::ConvolutionWay::plain ? times.plain : times.tiles;
      };
      keep_least(time_of(passes[0]),
                 [&] { run_pass(kernels::ConvolutionPass::forward(c, kernels, way), weight, x, y); });
      keep_least(time_of(passes[1]),
                 [&] { run_pass(kernels::ConvolutionPass::input_gradient(c, kernels, way), weight, gradient, of_x); });
      keep_least(time_of(passes[2]), [&] {
        kernels::WeightGradient pass(c, kernels, way);
        for (int64_t i = 0; i < pass.pieces(); ++i) pass.run(i, x.data_ptr<float>(), gradient.data_ptr<float>());
        for (int64_t i = 0; i < pass.finishing_pieces(); ++i) pass.finish(i, of_weight.data_ptr<float>());
      });
    }
  }
  return passes;
}

double milliseconds(double seconds) {
  constexpr double kMicroseconds = 1e6, kThousand = 1e3;
  return std::isfinite(seconds) ? std::round(seconds * kMicroseconds) / kThousand : -1;
}

void bench(const std::string& path, int64_t batch, int rounds) {
  const train::Recipe recipe = train::read_recipe(path, {});
  const arch::Architecture architecture = train::resolve_architecture(recipe.architecture);
  const graph::LowerOptions options{.height = recipe.image_size, .width = recipe.image_size, .classes = kClasses};
  const graph::Program program = recipe.task == arch::Task::classify ? graph::lower_classifier(architecture, options)
                                                                     : graph::lower_detector(architecture, options);
  std::map<Shape, int> shapes;
  for (const graph::Op& op : program.ops) {
    const auto* conv = std::get_if<graph::Conv>(&op.kind);
    if (conv == nullptr || conv->groups > 1) continue;
    const graph::Shape& in = program.values[static_cast<size_t>(op.inputs[0])];
    const graph::Shape& out = program.values[static_cast<size_t>(op.output)];
    const int64_t more = conv->pad_after - conv->pad_before;
    ++shapes[{in.height + more, in.width + more, in.channels, out.channels, conv->kernel, conv->stride,
              conv->pad_before, conv->dilation}];
  }
  std::array<double, 2> all{};
  for (const auto& [shape, count] : shapes) {
    const auto [height, width, channels, outputs, kernel, stride, padding, dilation] = shape;
    const kernels::Convolution c{batch, height, width, channels, outputs, kernel, stride, padding, dilation};
    const Passes passes = measure(c, rounds);
    Json line{{"shape", fmt::format("{}x{}x{} to {}, {}x{} stride {}", height, width, channels, outputs, kernel, kernel,
                                    stride)},
              {"times", count}};
    for (size_t i = 0; i < passes.size(); ++i) {
      line[kPasses[i]] = {{"libtorch_ms", milliseconds(passes[i].libtorch)},
                          {"plain_ms", milliseconds(passes[i].plain)},
                          {"tiles_ms", milliseconds(passes[i].tiles)}};
      all[0] += count * passes[i].libtorch;
      all[1] += count * passes[i].best();
    }
    fmt::print("{}\n", line.dump());
  }
  fmt::print("{}\n",
             Json{{"libtorch_ms", milliseconds(all[0])}, {"ours_ms", milliseconds(all[1])}, {"ratio", all[0] / all[1]}}
                 .dump());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2 || argc > 4) {
    fmt::print(stderr, "usage: training_convolution_bench RECIPE [BATCH [ROUNDS]]\n");
    return 2;
  }
  at::set_num_threads(1);
  const torch::NoGradGuard no_grad;
  bench(argv[1], argc > 2 ? std::stoi(argv[2]) : 16, argc > 3 ? std::stoi(argv[3]) : 10);
  return 0;
}

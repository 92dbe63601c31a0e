#include "engine/quantize/calibrate.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

#include "base/error.h"
#include "base/format.h"
#include "base/random.h"
#include "engine/compile/compile.h"
#include "engine/compile/network.h"
#include "engine/compile/pack_int8.h"
#include "engine/compile/pack_weights.h"
#include "engine/compile/passes/passes.h"
#include "engine/quantize/quantize.h"
#include "engine/quantize/range_search.h"
#include "engine/run/session.h"

namespace spinenet::engine {
namespace {

// Pixels of a map that a convolution's error is measured on.
constexpr int kPixels = 24;

// All convolutions with the same weights: they stay in floats together.
struct Layer {
  std::set<std::string> nodes;
  double squares = 0, differences = 0;
  double share() const { return squares > 0 ? std::sqrt(differences / squares) : 0; }
};

// The channels of each pixel; what lies between them is left out.
template <class Visit>
void visit_map(const Map& map, const float* maps, const Visit& visit) {
  const int64_t pixels = map.shape.height * map.shape.width;
  for (int64_t p = 0; p < pixels; ++p) {
    visit(std::span(maps + map.offset + p * map.stride, static_cast<size_t>(map.shape.channels)));
  }
}

float as_byte(float x, const Quantization& q) {
  const float byte = std::round(x / q.scale) + static_cast<float>(q.zero);
  return (std::clamp(byte, 0.0F, 255.0F) - static_cast<float>(q.zero)) * q.scale;
}

// What reads what, by name, and with which weights.
struct Readers {
  std::map<std::string, std::string> input_of;  // convolution -> the node that writes its input
  std::map<std::string, const HostTensor*> weight_of;
};

Readers readers_of(const graph::Program& program, const Weights& weights) {
  Network network = make_network(program, views_of(weights));
  run_passes(network, {});
  Readers readers;
  std::map<int, std::string> writer{{0, std::string(kInputName)}};
  for (const Node& node : network.nodes) {
    if (const std::optional<graph::ParameterId> weight = weight_of_bytes(node)) {
      const auto id = static_cast<size_t>(*weight);
      readers.input_of[node.name] = writer.at(node.inputs[0].value);
      readers.weight_of[node.name] = &weights.at(program.parameters[id].name);
    }
    writer[node.output] = node.name;
  }
  return readers;
}

class Calibrator {
 public:
  Calibrator(const graph::Program& program, const Weights& weights, const CalibrationImages& images,
             const CalibrateOptions& options)
      : program_(program),
        weights_(weights),
        images_(images),
        options_(options),
        plan_(compile(program, weights, {.threads = options.threads})),
        session_(plan_),
        readers_(readers_of(program, weights)) {}

  Calibration run() {
    Calibration found{identity_of(weights_), static_cast<int>(images_.count), {}, {}, 0};
    find_ranges(found);
    measure_layers(found);
    std::vector<const Layer*> worst = by_error();
    while (!worst.empty() && worst.back()->share() > options_.layer_error) keep_last(worst, found);
    found.error = error_with(found);
    while (found.error > options_.output_error && !worst.empty()) {
      constexpr size_t kAtOnce = 10;
      for (size_t i = 0, n = worst.size() / kAtOnce + 1; i < n && !worst.empty(); ++i) keep_last(worst, found);
      found.error = error_with(found);
    }
    std::sort(found.kept.begin(), found.kept.end());
    return found;
  }

 private:
  static bool are_finite(std::span<const float> values) {
    return std::ranges::all_of(values, [](float x) { return std::isfinite(x); });
  }

  // Calls see(image) for each, and visit(step, node, map, maps) for what each step makes of it.
  template <class See, class Visit>
  void for_each_map(int64_t count, const See& see, const Visit& visit) {
    for (int64_t i = 0; i < count; ++i) {
      const std::vector<float> image = images_.image(i);
      see(std::span(image));
      session_.observe(image, [&](size_t step, const float* maps) {
        for (size_t n = 0; n < plan_->written[step].size(); ++n) visit(step, n, plan_->written[step][n], maps);
      });
      options_.progress(++done_, 2 * images_.count + measured());
    }
  }

  void find_ranges(Calibration& found) {
    const std::string image(kInputName);
    std::map<std::string, Histogram> histograms;
    for_each_map(
        images_.count,
        [&](std::span<const float> values) {
          if (!are_finite(values)) {
            fail(ErrorKind::bad_data, "an image holds numbers that are not finite", "calibration",
                 "take the image out");
          }
          widen(histograms[image].seen, values);
        },
        [&](size_t, size_t, const PlanOutput& output, const float* maps) {
          ValueRange& seen = histograms[output.name].seen;
          visit_map(output.map, maps, [&](std::span<const float> pixel) {
            if (!are_finite(pixel)) {
              fail(ErrorKind::bad_data, fmt::format("the map of {} holds numbers that are not finite", output.name),
                   "calibration", "the weights are too large for such images: take another checkpoint");
            }
            widen(seen, pixel);
          });
        });
    for_each_map(
        images_.count, [&](std::span<const float> values) { count(histograms[image], values); },
        [&](size_t, size_t, const PlanOutput& output, const float* maps) {
          Histogram& histogram = histograms[output.name];
          visit_map(output.map, maps, [&](std::span<const float> pixel) { count(histogram, pixel); });
        });
    for (const auto& [name, histogram] : histograms) found.ranges[name] = best_range(histogram);
  }

  // A convolution's input still lies in the memory when the step is done.
  void measure_layers(const Calibration& found) {
    for_each_map(
        measured(), [](std::span<const float>) {},
        [&](size_t step, size_t node, const PlanOutput& output, const float* maps) {
          const auto input = readers_.input_of.find(output.name);
          if (input == readers_.input_of.end()) return;
          const Quantization bytes = quantization_of(found.ranges.at(input->second));
          if (const ConvStep* conv = as_convolution(plan_->steps[step])) {
            const HostTensor& weight = *readers_.weight_of.at(output.name);
            measure({output.name, conv->conv, conv->sites[node].in, conv->sites[node].out.shape, output.name}, weight,
                    bytes, maps);
          } else if (const auto* deconv = std::get_if<DeconvStep>(&plan_->steps[step])) {
            measure_taps(*deconv, bytes, maps, output.name);
          }
        });
  }

  // What an error is measured of: a convolution, or a tap of a transposed one, which is a 1x1 convolution.
  struct Measured {
    std::string node;
    graph::Conv conv;
    Map in;
    graph::Shape out;
    std::string weight;  // its name among numbers_
  };

  void measure_taps(const DeconvStep& step, const Quantization& bytes, const float* maps, const std::string& name) {
    for (int64_t tap = 0; tap < static_cast<int64_t>(step.taps.size()); ++tap) {
      const HostTensor weight = tap_weights(*readers_.weight_of.at(name), tap);
      measure({name, {}, step.in, step.in.shape, fmt::format("{} {}", name, tap)}, weight, bytes, maps);
    }
  }

  void measure(const Measured& of, const HostTensor& weight, const Quantization& bytes, const float* maps) {
    const QuantizedWeights& numbers = numbers_of(of.weight, weight);
    const auto outputs = static_cast<size_t>(weight.shape[0]), row = weight.data.size() / outputs;
    std::vector<float> window(row), rounded(row);
    Random random(Random::hash(of.weight));
    Layer& error = layers_[readers_.weight_of.at(of.node)];
    error.nodes.insert(of.node);
    // The one pixel of a dense layer counts as so many.
    const int pixels = of.out.height * of.out.width == 1 ? 1 : kPixels;
    const double weight_of_pixel = static_cast<double>(kPixels) / pixels;
    for (int i = 0; i < pixels; ++i) {
      gather(of.conv, of.in, maps, random.below(of.out.height), random.below(of.out.width), window);
      for (size_t k = 0; k < row; ++k) rounded[k] = as_byte(window[k], bytes);
      for (size_t o = 0; o < outputs; ++o) {
        const float* exact = weight.data.data() + o * row;
        const int8_t* whole = numbers.numbers.data() + o * row;
        float sum = 0, other = 0;
        for (size_t k = 0; k < row; ++k) {
          sum += window[k] * exact[k];
          other += rounded[k] * static_cast<float>(whole[k]);
        }
        const double difference = static_cast<double>(other) * numbers.scales[o] - sum;
        error.squares += weight_of_pixel * sum * sum;
        error.differences += weight_of_pixel * difference * difference;
      }
    }
  }

  // The window in the order of the weights: channel, row, column.
  static void gather(const graph::Conv& conv, const Map& in, const float* maps, int64_t y, int64_t x,
                     std::vector<float>& window) {
    const int64_t kernel = conv.kernel, taps = kernel * kernel;
    for (int64_t t = 0; t < taps; ++t) {
      const int64_t row = y * conv.stride - conv.pad_before + t / kernel * conv.dilation;
      const int64_t column = x * conv.stride - conv.pad_before + t % kernel * conv.dilation;
      const bool inside = row >= 0 && row < in.shape.height && column >= 0 && column < in.shape.width;
      const float* pixel = maps + in.offset + (row * in.shape.width + column) * in.stride;
      for (int64_t c = 0; c < in.shape.channels; ++c) {
        window[static_cast<size_t>(c * taps + t)] = inside ? pixel[c] : 0;
      }
    }
  }

  const QuantizedWeights& numbers_of(const std::string& name, const HostTensor& weight) {
    const auto known = numbers_.find(name);
    return known != numbers_.end() ? known->second : numbers_.emplace(name, quantize_weights(weight)).first->second;
  }

  // The layer with the largest error last.
  std::vector<const Layer*> by_error() const {
    std::vector<const Layer*> layers;
    for (const auto& [weight, layer] : layers_) layers.push_back(&layer);
    std::sort(layers.begin(), layers.end(), [](const Layer* a, const Layer* b) {
      return std::pair(a->share(), *a->nodes.begin()) < std::pair(b->share(), *b->nodes.begin());
    });
    return layers;
  }

  static void keep_last(std::vector<const Layer*>& worst, Calibration& found) {
    found.kept.insert(found.kept.end(), worst.back()->nodes.begin(), worst.back()->nodes.end());
    worst.pop_back();
  }

  int64_t measured() const { return std::min(images_.measured, images_.count); }

  double error_with(const Calibration& found) const {
    CalibrationImages some = images_;
    some.count = measured();
    return output_error(program_, weights_,
                        {.threads = options_.threads, .precision = Precision::int8, .calibration = &found}, some);
  }

  const graph::Program& program_;
  const Weights& weights_;
  const CalibrationImages& images_;
  const CalibrateOptions& options_;
  std::shared_ptr<const CompiledPlan> plan_;
  Session session_;
  Readers readers_;
  std::map<const HostTensor*, Layer> layers_;
  std::map<std::string, QuantizedWeights> numbers_;
  int64_t done_ = 0;
};

// Sums over all images of one output.
struct OutputError {
  double count = 0, sum = 0, squares = 0, differences = 0;

  void add(std::span<const float> exact, std::span<const float> found) {
    for (size_t i = 0; i < exact.size(); ++i) {
      const auto x = static_cast<double>(exact[i]), difference = static_cast<double>(found[i]) - x;
      sum += x;
      squares += x * x;
      differences += difference * difference;
    }
    count += static_cast<double>(exact.size());
  }

  // Mean square of the differences over the variance.
  double share() const {
    const double spread = squares - sum * sum / count;
    return spread > 0 ? differences / spread : 0;
  }
};

}  // namespace

Calibration calibrate(const graph::Program& program, const Weights& weights, const CalibrationImages& images,
                      const CalibrateOptions& options) {
  if (images.count < 1) fail(ErrorKind::usage, "no images", "calibration", "give images like yours");
  return Calibrator(program, weights, images, options).run();
}

double output_error(const graph::Program& program, const Weights& weights, CompileOptions other,
                    const CalibrationImages& images) {
  other.crops = images.crops;
  Session exact(compile(program, weights, {.threads = other.threads}));
  Session rounded(compile(program, weights, other));
  std::vector<OutputError> errors(exact.plan().outputs.size());
  for (int64_t i = 0; i < images.count; ++i) {
    const std::vector<float> image = images.image(i);
    const auto expected = exact.run(image), found = rounded.run(image);
    for (size_t o = 0; o < errors.size(); ++o) errors[o].add(expected[o].data, found[o].data);
  }
  double sum = 0, count = 0;
  for (const OutputError& error : errors) {
    sum += error.count * error.share();
    count += error.count;
  }
  return std::sqrt(sum / count);
}

}  // namespace spinenet::engine

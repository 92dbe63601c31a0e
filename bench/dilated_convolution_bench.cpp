// What a dilated 3x3 convolution costs beside an ordinary one of the same multiply-adds, in turn in one run.
//   dilated_convolution_bench [SIZE [CHANNELS [RUNS]]]
// prints one JSON line for each precision and dilation: the least time of a convolution, and its ratio to the ordinary
// one.
#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "base/format.h"
#include "base/json.h"
#include "base/random.h"
#include "engine/compile/compile.h"
#include "engine/quantize/calibrate.h"
#include "engine/run/profile.h"
#include "graph/builder.h"
#include "graph/weights.h"

namespace {

using namespace spinenet;

constexpr int kDilations[] = {1, 2, 3, 4};
constexpr int kRounds = 5;

// The second of two convolutions is the one that is timed: the first makes a map as those within a network are.
graph::Program program_of(int64_t size, int64_t channels, int dilation) {
  graph::Builder b({16, size, size}, {});
  const graph::ValueId x = b.activate(b.conv(b.input(), {.filters = channels, .bias = true}, "first"), "act");
  b.output("y", b.conv(x, {.filters = channels, .kernel = 3, .bias = true, .dilation = dilation}, "second"));
  return b.finish();
}

double least_time(engine::Session& session, const std::vector<float>& image, int runs) {
  for (const engine::StepProfile& step : engine::profile_steps(session, image, runs)) {
    if (step.name == "second") return step.seconds;
  }
  return 0;
}

void measure(engine::Precision precision, int64_t size, int64_t channels, int runs) {
  std::vector<float> image(static_cast<size_t>(16 * size * size));
  Random random(1);
  for (float& x : image) x = static_cast<float>(random.uniform(-1, 1));
  std::vector<engine::Session> sessions;
  for (const int dilation : kDilations) {
    const graph::Program program = program_of(size, channels, dilation);
    const Weights weights = graph::initial_weights(program, {}, 1);
    const engine::CalibrationImages images{1, [&](int64_t) { return image; }};
    const engine::Calibration bytes =
        engine::calibrate(program, weights, images, {.layer_error = 1, .output_error = 1});
    sessions.emplace_back(engine::compile(program, weights, {.precision = precision, .calibration = &bytes}));
  }
  std::vector<double> least(sessions.size(), std::numeric_limits<double>::infinity());
  for (int round = 0; round < kRounds; ++round) {
    for (size_t i = 0; i < sessions.size(); ++i) least[i] = std::min(least[i], least_time(sessions[i], image, runs));
  }
  for (size_t i = 0; i < sessions.size(); ++i) {
    fmt::print("{}\n", Json{{"precision", name_of(precision)},
                            {"dilation", kDilations[i]},
                            {"milliseconds", 1e3 * least[i]},
                            {"ratio", least[i] / least[0]}}
                           .dump());
  }
}

}  // namespace

int main(int argc, char** argv) {
  const auto number = [&](int place, int otherwise) { return argc > place ? std::stoi(argv[place]) : otherwise; };
  for (const engine::Precision precision : {engine::Precision::fp32, engine::Precision::int8}) {
    measure(precision, number(1, 40), number(2, 256), number(3, 5));
  }
  return 0;
}

#include "engine/run/profile.h"

#include <algorithm>
#include <limits>

#include "engine/run/clock.h"

namespace spinenet::engine {
namespace {

std::string_view int8_name(ConvAlgorithm algorithm) {
  switch (algorithm) {
    case ConvAlgorithm::direct:
    case ConvAlgorithm::gathered:
      return "int8";
    case ConvAlgorithm::winograd:
      return "int8 winograd";
    case ConvAlgorithm::small_winograd:
      return "int8 winograd 2x2";
    case ConvAlgorithm::tile_rows:
    case ConvAlgorithm::tile_strips:
      return "int8 tiles";
  }
  return "int8";
}

std::string_view bf16_name(ConvAlgorithm algorithm) {
  switch (algorithm) {
    case ConvAlgorithm::direct:
    case ConvAlgorithm::gathered:
      return "bf16";
    case ConvAlgorithm::winograd:
      return "bf16 winograd";
    case ConvAlgorithm::small_winograd:
      return "bf16 winograd 2x2";
    case ConvAlgorithm::tile_rows:
    case ConvAlgorithm::tile_strips:
      return "bf16 tiles";
  }
  return "bf16";
}

std::string_view algorithm_text(const ConvStep& step) {
  switch (step.format) {
    case NumberFormat::fp32:
      break;
    case NumberFormat::bf16:
      return bf16_name(step.choice.algorithm);
    case NumberFormat::int8:
      return int8_name(step.choice.algorithm);
  }
  return name_of(step.choice.algorithm);
}

StepProfile describe(const ConvStep& step) {
  StepProfile found{step.name, algorithm_text(step), step.sites.front().out.shape, 0, 0};
  const int64_t taps = int64_t{step.conv.kernel} * step.conv.kernel;
  for (const ConvSite& site : step.sites) {
    const graph::Shape& out = site.out.shape;
    found.multiply_adds += out.height * out.width * out.channels * site.in.shape.channels * taps;
  }
  return found;
}

StepProfile describe(const DepthwiseStep& step) {
  const graph::Shape& out = step.site.out.shape;
  const int64_t taps = int64_t{step.conv.kernel} * step.conv.kernel;
  return {step.name, "depthwise", out, out.channels * out.height * out.width * taps, 0};
}

StepProfile describe(const DeconvStep& step) {
  const graph::Shape& out = step.out.shape;
  return {step.name, step.format == NumberFormat::int8 ? "deconv int8" : "deconv", out,
          out.channels * out.height * out.width * step.in.shape.channels, 0};
}

StepProfile describe(const GateStep& step) {
  return {step.name, "gate", step.out.shape, 0, 0};
}

StepProfile describe(const GlobalPoolStep& step) {
  return {step.name, "pool", step.out.shape, 0, 0};
}

StepProfile describe(const SumStep& step) {
  return {step.name, "sum", step.out.shape, 0, 0};
}

StepProfile describe(const ConcatStep& step) {
  return {step.name, "concat", step.out.shape, 0, 0};
}

StepProfile describe(const SliceStep& step) {
  return {step.name, "slice", step.out.shape, 0, 0};
}

StepProfile describe(const AveragePoolStep& step) {
  return {step.name, "pool", step.out.shape, 0, 0};
}

StepProfile describe(const BilinearStep& step) {
  return {step.name, "bilinear", step.out.shape, 0, 0};
}

StepProfile describe(const PoolStep& step) {
  return {step.name, "pool", step.out.shape, 0, 0};
}

}  // namespace

std::vector<double> time_runs(Session& session, std::span<const float> input, int runs) {
  std::vector<double> found;
  for (int i = 0; i < runs; ++i) {
    const double start = now();
    session.run(input);
    found.push_back(now() - start);
  }
  return found;
}

std::vector<StepProfile> profile_steps(Session& session, std::span<const float> input, int runs) {
  std::vector<StepProfile> found;
  const graph::Shape& image = session.plan().input.shape;
  const int64_t images = static_cast<int64_t>(input.size()) / (image.channels * image.height * image.width);
  for (const Step& step : session.plan().steps) {
    found.push_back(std::visit([](const auto& s) { return describe(s); }, step));
    found.back().multiply_adds *= images;
    found.back().seconds = std::numeric_limits<double>::infinity();
  }
  std::vector<double> seconds(found.size());
  for (int i = 0; i < runs; ++i) {
    std::fill(seconds.begin(), seconds.end(), 0.0);
    session.run(input, seconds);
    for (size_t s = 0; s < seconds.size(); ++s) found[s].seconds = std::min(found[s].seconds, seconds[s]);
  }
  return found;
}

double measure_peak_gflops(const kernels::Kernels& kernels, int threads) {
  constexpr int64_t kRounds = 4'000'000;
  constexpr int kTries = 16;
  kernels::WorkerGroup workers(threads);
  double best = 0;
  for (int i = 0; i < kTries; ++i) {
    std::vector<int64_t> done(static_cast<size_t>(threads));
    const double start = now();
    workers.run(threads, [&](int64_t task, int) {
      done[static_cast<size_t>(task)] = kRounds * kernels.multiply_add_rounds(kRounds);
    });
    const double seconds = now() - start;
    double sum = 0;
    for (const int64_t count : done) sum += static_cast<double>(count);
    best = std::max(best, 2e-9 * sum / seconds);
  }
  return best;
}

}  // namespace spinenet::engine

#include "runtime/bench/measure.h"

#include <algorithm>

#include <sys/resource.h>

#include "base/error.h"
#include "base/log.h"
#include "engine/compile/check_options.h"
#include "engine/quantize/calibrate.h"
#include "graph/cost.h"
#include "graph/weights.h"
#include "runtime/calibration.h"
#include "runtime/compile_networks.h"
#include "runtime/networks.h"
#include "runtime/random_images.h"

namespace spinenet::runtime {
namespace {

double peak_memory_mb() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) * 1024 / 1e6;
}

void set_latency(BenchResult& result, std::vector<double> seconds, int batch, int64_t multiply_adds) {
  std::sort(seconds.begin(), seconds.end());
  result.min_ms = seconds.front() * 1e3;
  result.median_ms = seconds[seconds.size() / 2] * 1e3;
  result.images_per_second = batch * 1e3 / result.median_ms;
  result.gflops = 2e-6 * static_cast<double>(multiply_adds) / result.median_ms;
}

// Those that int8 needs: the model's own, or some that serve for speed alone, with every convolution in int8.
Calibrations calibrations_for(const Model& model, std::span<const graph::Program> networks,
                              const engine::CompileOptions& options) {
  if (options.precision != engine::Precision::int8) return {};
  if (!options.skip.empty()) {
    fail(ErrorKind::usage, "int8 with --skip: a calibration is of the whole network", "bench", "time one of the two");
  }
  const std::string place = model.path.string();
  if (calibrations_of(model.file, place)) return need_calibrations(model.file, networks.size(), place);
  log_info("calibrated on one random image or crop: good for the speed of int8, not for its outputs");
  constexpr double kAnyError = 1e9;
  Calibrations found;
  for (const graph::Program& network : networks) {
    const HostTensor image = random_images(network, 1);
    const Weights weights = copy_of(graph::own_weights(network, weights_of(model)));
    found.push_back(
        engine::calibrate(network, weights, {1, [&](int64_t) { return image.data; }},
                          {.threads = options.threads, .layer_error = kAnyError, .output_error = kAnyError}));
  }
  return found;
}

BenchResult measure_one(Model& model, const std::vector<graph::Program>& networks,
                        const engine::CompileOptions& options, const BenchEffort& effort) {
  const graph::Program& program = networks.front();
  const NetworkPlans plans = compile_networks(networks, model, options, calibrations_for(model, networks, options));
  engine::Session session(plans.front());
  const HostTensor images = random_images(program, options.batch);
  session.run(images.data);
  BenchResult result;
  set_latency(result, engine::time_runs(session, images.data, effort.runs), options.batch,
              options.batch * graph::cost(program).multiply_adds);
  if (effort.steps) result.steps = engine::profile_steps(session, images.data, effort.runs);
  result.engine_mb = static_cast<double>(engine::memory_bytes(*plans.front())) / 1e6;
  return result;
}

BenchResult measure_two(Model& model, const std::vector<graph::Program>& networks,
                        const engine::CompileOptions& options, const BenchEffort& effort) {
  if (effort.steps) {
    fail(ErrorKind::usage, "the layers of several networks", "bench", "leave out --layers: the parts are shown");
  }
  const NetworkPlans plans = compile_networks(networks, model, options, calibrations_for(model, networks, options));
  const HostTensor images = random_images(networks.front(), options.batch);
  const TwoStageTimes times = time_two_stages(two_stage_plans(plans), model, images, effort.runs);
  BenchResult result;
  result.parts = times.parts;
  result.rois = static_cast<double>(times.rois) / options.batch;
  result.objects = static_cast<double>(times.objects) / options.batch;
  int64_t multiply_adds = options.batch * graph::cost(networks.front()).multiply_adds;
  for (size_t i = 1; i < networks.size(); ++i) {
    const int64_t crops = i + 1 == networks.size() ? times.objects : times.rois;
    multiply_adds += crops * graph::cost(networks[i]).multiply_adds;
  }
  set_latency(result, times.seconds, options.batch, multiply_adds);
  int64_t bytes = 0;
  for (const auto& plan : plans) bytes += engine::memory_bytes(*plan);
  result.engine_mb = static_cast<double>(bytes) / 1e6;
  return result;
}

}  // namespace

BenchResult measure(Model model, const engine::CompileOptions& options, const BenchEffort& effort) {
  const kernels::Kernels& kernels = engine::kernels_for(options);
  const std::vector<graph::Program> networks = networks_of(model);
  const double peak_before = engine::measure_peak_gflops(kernels, options.threads);
  BenchResult result = networks.size() > 1 ? measure_two(model, networks, options, effort)
                                           : measure_one(model, networks, options, effort);
  result.input_size = static_cast<int>(networks.front().values.front().width);
  result.peak_gflops = std::max(peak_before, engine::measure_peak_gflops(kernels, options.threads));
  result.process_mb = peak_memory_mb();
  result.instructions = kernels.name;
  return result;
}

}  // namespace spinenet::runtime

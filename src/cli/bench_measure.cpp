#include "cli/bench_measure.h"

#include <algorithm>

#include <sys/resource.h>

#include "base/error.h"
#include "base/log.h"
#include "base/random.h"
#include "cli/bench_two_stage.h"
#include "engine/quantize/calibrate.h"
#include "graph/cost.h"

namespace spinenet::cli {
namespace {

double peak_memory_mb() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) * 1024 / 1e6;
}

HostTensor random_pictures(const graph::Shape& shape, int count) {
  HostTensor pictures = make_tensor({count, shape.channels, shape.height, shape.width});
  Random random(1);
  for (float& x : pictures.data) x = static_cast<float>(random.uniform(-2, 2));
  return pictures;
}

void set_latency(Measurement& m, std::vector<double> seconds, int64_t multiply_adds) {
  std::sort(seconds.begin(), seconds.end());
  m.min_ms = seconds.front() * 1e3;
  m.median_ms = seconds[seconds.size() / 2] * 1e3;
  m.gflops = 2e-6 * static_cast<double>(multiply_adds) / m.median_ms;
}

// The model's own, or one that serves for speed: every convolution in bytes.
engine::Calibration calibration_for(const Subject& subject, int threads) {
  if (subject.calibration) return *subject.calibration;
  log_info("calibrated on one random picture: good for the speed of int8, not for its outputs");
  constexpr double kAnyError = 1e9;
  const HostTensor picture = random_pictures(subject.program.values.front(), 1);
  return engine::calibrate(subject.program, subject.weights, {1, [&](int64_t) { return picture.data; }},
                           {.threads = threads, .layer_error = kAnyError, .output_error = kAnyError});
}

Measurement measure_one(const Subject& subject, engine::CompileOptions options, const Effort& effort) {
  engine::Calibration calibration;
  if (options.precision == engine::Precision::int8) {
    if (!options.skip.empty()) {
      fail(ErrorKind::usage, "int8 with --skip: a calibration is of the whole network", "bench", "time one of the two");
    }
    calibration = calibration_for(subject, options.threads);
    options.calibration = &calibration;
  }
  const auto plan = engine::compile(subject.program, subject.weights, options);
  engine::Session session(plan);
  const HostTensor pictures = random_pictures(subject.program.values.front(), options.batch);
  session.run(pictures.data);
  Measurement m;
  set_latency(m, engine::time_runs(session, pictures.data, effort.runs),
              options.batch * cost(subject.program).multiply_adds);
  if (effort.steps) m.steps = engine::profile_steps(session, pictures.data, effort.runs);
  m.engine_mb = static_cast<double>(engine::memory_bytes(*plan)) / 1e6;
  return m;
}

Measurement measure_two(const Subject& subject, const engine::CompileOptions& options, int runs) {
  if (options.precision == engine::Precision::int8) {
    fail(ErrorKind::unsupported, "int8 of two stages, which have no calibration", "bench", "time them in fp32");
  }
  const runtime::TwoStagePlans plans = runtime::compile_two_stage(subject.network, subject.weights, options);
  const HostTensor pictures = random_pictures(subject.program.values.front(), options.batch);
  const TwoStageTimes times = time_two_stages(plans, subject, pictures, runs);
  Measurement m;
  m.parts = times.parts;
  m.rois = static_cast<double>(times.rois) / options.batch;
  m.objects = static_cast<double>(times.objects) / options.batch;
  int64_t of_roi = 0;
  for (const graph::Program& head : subject.network.box_heads) of_roi += graph::cost(head).multiply_adds;
  set_latency(m, times.seconds,
              options.batch * cost(subject.network.trunk).multiply_adds + times.rois * of_roi +
                  times.objects * cost(subject.network.mask_head).multiply_adds);
  int64_t bytes = engine::memory_bytes(*plans.trunk) + engine::memory_bytes(*plans.mask_head);
  for (const auto& plan : plans.box_heads) bytes += engine::memory_bytes(*plan);
  m.engine_mb = static_cast<double>(bytes) / 1e6;
  return m;
}

}  // namespace

Measurement measure(const Subject& subject, const engine::CompileOptions& options, const Effort& effort) {
  const kernels::Kernels& kernels = kernels::find_kernels(options.instructions);
  const double peak_before = engine::measure_peak_gflops(kernels, options.threads);
  Measurement m = subject.task == arch::Task::segment ? measure_two(subject, options, effort.runs)
                                                      : measure_one(subject, options, effort);
  m.peak_gflops = std::max(peak_before, engine::measure_peak_gflops(kernels, options.threads));
  m.process_mb = peak_memory_mb();
  m.instructions = kernels.name;
  return m;
}

}  // namespace spinenet::cli

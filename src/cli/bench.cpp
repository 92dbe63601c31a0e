// spinenet bench: how fast the engine runs a network here, and what share of this machine's peak that is.
#include <algorithm>
#include <cmath>
#include <memory>

#include <sys/resource.h>

#include "arch/families.h"
#include "arch/task.h"
#include "base/error.h"
#include "base/format.h"
#include "base/log.h"
#include "base/random.h"
#include "cli/command.h"
#include "cli/description.h"
#include "cli/model.h"
#include "cli/output.h"
#include "engine/compile.h"
#include "engine/detector.h"
#include "engine/profile.h"
#include "graph/cost.h"
#include "graph/lower.h"
#include "graph/weights.h"

namespace spinenet {
namespace {

struct BenchOptions {
  std::string name;
  int size = 0, classes = 0, runs = 20;
  std::string precision = "fp32";
  std::string instructions;
  std::vector<std::string> skip;
  bool layers = false;
};

struct Subject {
  std::string architecture;
  int image_size = 0;
  Program program;
  Weights weights;
};

struct Measurement {
  Profile profile;
  double min_ms = 0, median_ms = 0, gflops = 0, peak_gflops = 0, process_mb = 0, engine_mb = 0;
  std::string_view instructions;
  int threads = 1;
};

// A model with its weights, or an architecture with first ones.
Subject open_subject(const BenchOptions& options) {
  Subject subject;
  Architecture architecture;
  Task task = Task::detect;
  int classes = options.classes;
  subject.image_size = options.size;
  if (is_model_path(options.name)) {
    Model model = open_model(options.name);
    architecture = std::move(model.architecture);
    task = task_named(model.file.task);
    classes = static_cast<int>(model.file.classes.size());
    if (options.size == 0) subject.image_size = model.file.image_size;
    subject.weights = std::move(model.file.weights);
  } else {
    architecture = find_architecture(options.name);
    task = default_task(architecture);
    const DescribeOptions usual = default_describe_options(task);
    if (options.size == 0) subject.image_size = usual.image_size;
    if (options.classes == 0) classes = usual.classes;
  }
  // Its heads run as often as there are proposals and objects: a picture's time is that of what is in it.
  if (task == Task::segment) {
    fail(ErrorKind::unsupported, "bench times networks of one program, not the three of a model that segments",
         options.name, "time predict on pictures of your own");
  }
  const int side = task == Task::classify ? subject.image_size : input_size(subject.image_size, architecture.max_level);
  subject.architecture = architecture.name;
  const LowerOptions lower{.height = side, .width = side, .classes = classes};
  subject.program =
      task == Task::classify ? lower_classifier(architecture, lower) : lower_detector(architecture, lower);
  if (subject.weights.empty()) subject.weights = initial_weights(subject.program, {}, 1);
  return subject;
}

double peak_memory_mb() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) * 1024 / 1e6;
}

std::vector<float> random_picture(const Shape& shape) {
  std::vector<float> picture(static_cast<size_t>(shape.channels * shape.height * shape.width));
  Random random(1);
  for (float& x : picture) x = static_cast<float>(random.uniform(-2, 2));
  return picture;
}

Measurement measure(const Subject& subject, const BenchOptions& options, int threads) {
  const auto plan = compile(subject.program, subject.weights, {threads, options.instructions, options.skip});
  Session session(plan);
  const std::vector<float> picture = random_picture(subject.program.values.front());
  const double peak_before = measure_peak_gflops(*plan->kernels, threads);
  session.run(picture);
  Measurement m;
  m.profile = profile(session, picture, options.runs);
  m.peak_gflops = std::max(peak_before, measure_peak_gflops(*plan->kernels, threads));
  std::vector<double> seconds = m.profile.seconds;
  std::sort(seconds.begin(), seconds.end());
  m.min_ms = seconds.front() * 1e3;
  m.median_ms = seconds[seconds.size() / 2] * 1e3;
  m.gflops = 2e-6 * static_cast<double>(cost(subject.program).multiply_adds) / m.median_ms;
  m.engine_mb = static_cast<double>(memory_bytes(*plan)) / 1e6;
  m.process_mb = peak_memory_mb();
  m.instructions = plan->kernels->name;
  m.threads = threads;
  return m;
}

double rounded(double x) {
  return std::round(x * 1000) / 1000;
}

Json to_json(const Subject& subject, const Measurement& m, const BenchOptions& options) {
  Json json{{"architecture", subject.architecture},
            {"image_size", subject.image_size},
            {"input_size", subject.program.values.front().height},
            {"latency_ms", {{"min", rounded(m.min_ms)}, {"median", rounded(m.median_ms)}}},
            {"runs", options.runs},
            {"gflops", rounded(m.gflops)},
            {"peak_gflops", rounded(m.peak_gflops)},
            {"peak_share", rounded(m.gflops / m.peak_gflops)},
            {"threads", m.threads},
            {"precision", options.precision},
            {"instructions", m.instructions},
            {"peak_memory_mb", rounded(m.process_mb)},
            {"engine_memory_mb", rounded(m.engine_mb)}};
  if (!options.layers) return json;
  for (const StepProfile& step : m.profile.steps) {
    json["layers"].push_back({{"name", step.name},
                              {"algorithm", step.algorithm},
                              {"shape", {step.shape.channels, step.shape.height, step.shape.width}},
                              {"multiply_adds", step.multiply_adds},
                              {"ms", rounded(step.seconds * 1e3)}});
  }
  return json;
}

std::string layers_text(const Measurement& m) {
  std::vector<std::vector<std::string>> rows{{"layer", "algorithm", "output", "ms", "GFLOP/s"}};
  for (const StepProfile& step : m.profile.steps) {
    const double gflops = 2e-9 * static_cast<double>(step.multiply_adds) / step.seconds;
    rows.push_back({step.name, std::string(step.algorithm),
                    fmt::format("{}x{}x{}", step.shape.channels, step.shape.height, step.shape.width),
                    fmt::format("{:.2f}", step.seconds * 1e3),
                    step.multiply_adds > 0 ? fmt::format("{:.0f}", gflops) : ""});
  }
  return table_text(rows) + "\n";
}

std::string to_text(const Subject& subject, const Measurement& m, const BenchOptions& options) {
  std::string text = options.layers ? layers_text(m) : "";
  const int64_t side = subject.program.values.front().height;
  return text + table_text({{"network", fmt::format("{}, {} x {} pixels", subject.architecture, side, side)},
                            {"latency", fmt::format("{:.2f} ms (median of {}), {:.2f} ms at best", m.median_ms,
                                                    options.runs, m.min_ms)},
                            {"speed", fmt::format("{:.0f} GFLOP/s of the network's definition", m.gflops)},
                            {"peak", fmt::format("{:.0f} GFLOP/s measured with {}, {} threads: a share of {:.2f}",
                                                 m.peak_gflops, m.instructions, m.threads, m.gflops / m.peak_gflops)},
                            {"memory", fmt::format("{:.0f} MB in the engine, {:.0f} MB in the process at most",
                                                   m.engine_mb, m.process_mb)}});
}

void check_precision(const std::string& precision) {
  if (precision == "fp32") return;
  if (precision == "bf16" || precision == "int8") {
    fail(ErrorKind::unsupported, fmt::format("precision {}", precision), "bench", "this version computes in fp32");
  }
  fail(ErrorKind::usage, fmt::format("unknown precision \"{}\"", precision), "bench", "use fp32");
}

int run_bench(const BenchOptions& options, const CommonOptions& common) {
  check_precision(options.precision);
  const int threads = threads_of(common);
  if (threads == 1 && common.threads == 0) log_warning("one thread alone: this process may use one core");
  const Subject subject = open_subject(options);
  const Measurement measurement = measure(subject, options, threads);
  if (common.json) {
    print_json(to_json(subject, measurement, options));
  } else {
    print(to_text(subject, measurement, options));
  }
  return 0;
}

}  // namespace

void add_bench(CLI::App& app, Invocation& invocation) {
  const auto options = std::make_shared<BenchOptions>();
  CLI::App& verb = *app.add_subcommand("bench", "Measure how fast the engine runs a network on this machine");
  verb.add_option("MODEL", options->name, "A model (.safetensors), a known architecture, or an architecture JSON file")
      ->required()
      ->type_name("");
  verb.add_option("--size", options->size, "Image size in pixels; 640, or the model's")
      ->check(within(1, 65536))
      ->type_name("N");
  verb.add_option("--classes", options->classes, "Number of classes of an architecture; 91")
      ->check(within(1, 100000))
      ->type_name("N");
  verb.add_option("--runs", options->runs, "Pictures to run")
      ->check(within(1, 1000000))
      ->type_name("N")
      ->capture_default_str();
  verb.add_option("--precision", options->precision, "fp32")->type_name("NAME")->capture_default_str();
  verb.add_option("--instructions", options->instructions,
                  "avx512, avx2 or portable; the best that this machine has if not given")
      ->type_name("NAME");
  verb.add_option("--skip", options->skip, "Leave this optimisation out, such as winograd; may be given again")
      ->type_name("NAME");
  verb.add_flag("--layers", options->layers, "Show every step of the compiled network");
  add_json_flag(verb, invocation.common);
  add_common_flags(verb, invocation.common);
  verb.footer(
      "Examples:\n  spinenet bench spinenet-49 --threads 2\n  spinenet bench best.safetensors --layers\n\n"
      "GFLOP/s count the multiply-adds of the network's definition, so a share of the peak above 1 is what Winograd's\n"
      "convolutions save.");
  verb.callback([&invocation, options] {
    invocation.run = [&invocation, options] { return run_bench(*options, invocation.common); };
  });
}

}  // namespace spinenet

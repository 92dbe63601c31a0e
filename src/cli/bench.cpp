// spinenet bench: how fast the engine runs a network here, and what share of this machine's peak that is.
#include <cmath>
#include <memory>

#include "base/error.h"
#include "base/format.h"
#include "base/log.h"
#include "cli/bench_measure.h"
#include "cli/choose.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/precision.h"

namespace spinenet::cli {
namespace {

struct BenchOptions {
  SubjectOptions subject;
  int runs = 20, batch = 1;
  std::string precision = "fp32";
  std::string instructions;
  std::vector<std::string> skip;
  ChooseOptions choose;
  bool layers = false;
};

double rounded(double x) {
  return std::round(x * 1000) / 1000;
}

double pictures_per_second(const Measurement& m, const engine::CompileOptions& options) {
  return options.batch * 1e3 / m.median_ms;
}

Json to_json(const Subject& subject, const Measurement& m, const engine::CompileOptions& compiled,
             const BenchOptions& options) {
  Json json{{"architecture", subject.architecture.name},
            {"task", name_of(subject.task)},
            {"image_size", subject.image_size},
            {"input_size", subject.input_size},
            {"batch", options.batch},
            {"latency_ms", {{"min", rounded(m.min_ms)}, {"median", rounded(m.median_ms)}}},
            {"pictures_per_second", rounded(pictures_per_second(m, compiled))},
            {"runs", options.runs},
            {"gflops", rounded(m.gflops)},
            {"peak_gflops", rounded(m.peak_gflops)},
            {"peak_share", rounded(m.gflops / m.peak_gflops)},
            {"threads", compiled.threads},
            {"precision", options.precision},
            {"choose", options.choose.choose},
            {"instructions", m.instructions},
            {"peak_memory_mb", rounded(m.process_mb)},
            {"engine_memory_mb", rounded(m.engine_mb)}};
  for (const PartTime& part : m.parts) json["parts_ms"][part.name] = rounded(part.median_ms);
  if (subject.task == arch::Task::segment) {
    json["rois"] = m.rois;
    json["objects"] = m.objects;
  }
  if (!options.layers) return json;
  for (const engine::StepProfile& step : m.steps) {
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
  for (const engine::StepProfile& step : m.steps) {
    const double gflops = 2e-9 * static_cast<double>(step.multiply_adds) / step.seconds;
    rows.push_back({step.name, std::string(step.algorithm),
                    fmt::format("{}x{}x{}", step.shape.channels, step.shape.height, step.shape.width),
                    fmt::format("{:.2f}", step.seconds * 1e3),
                    step.multiply_adds > 0 ? fmt::format("{:.0f}", gflops) : ""});
  }
  return table_text(rows) + "\n";
}

std::string to_text(const Subject& subject, const Measurement& m, const engine::CompileOptions& compiled,
                    const BenchOptions& options) {
  std::vector<std::vector<std::string>> rows{
      {"network",
       fmt::format("{}, {} x {} pixels, {}{}", subject.architecture.name, subject.input_size, subject.input_size,
                   options.precision, options.batch > 1 ? fmt::format(", {} pictures at once", options.batch) : "")},
      {"latency", fmt::format("{:.2f} ms (median of {}), {:.2f} ms at best", m.median_ms, options.runs, m.min_ms)},
      {"throughput", fmt::format("{:.2f} pictures a second", pictures_per_second(m, compiled))}};
  for (const PartTime& part : m.parts) rows.push_back({part.name, fmt::format("{:.2f} ms", part.median_ms)});
  if (subject.task == arch::Task::segment) {
    rows.push_back({"work", fmt::format("{:.0f} proposals and {:.0f} objects a picture", m.rois, m.objects)});
  }
  rows.push_back({"speed", fmt::format("{:.0f} GFLOP/s of the network's definition", m.gflops)});
  rows.push_back({"peak", fmt::format("{:.0f} GFLOP/s of floats measured with {}, {} threads: a share of {:.2f}",
                                      m.peak_gflops, m.instructions, compiled.threads, m.gflops / m.peak_gflops)});
  rows.push_back(
      {"memory", fmt::format("{:.0f} MB in the engine, {:.0f} MB in the process at most", m.engine_mb, m.process_mb)});
  return (options.layers ? layers_text(m) : "") + table_text(rows);
}

int run_bench(const BenchOptions& options, const CommonOptions& common) {
  const int threads = threads_of(common);
  if (threads == 1 && common.threads == 0) log_warning("one thread alone: this process may use one core");
  const Subject subject = open_subject(options.subject);
  if (options.layers && subject.task == arch::Task::segment) {
    fail(ErrorKind::usage, "the layers of several networks", "bench", "leave out --layers: the parts are shown");
  }
  engine::CompileOptions compiled{threads, options.instructions, options.skip, options.batch,
                                  precision_named(options.precision)};
  compiled.place = options.subject.name;
  set_choose(options.choose, compiled);
  const Measurement measurement = measure(subject, compiled, {options.runs, options.layers});
  if (common.json) {
    print_json(to_json(subject, measurement, compiled, options));
  } else {
    print(to_text(subject, measurement, compiled, options));
  }
  return 0;
}

}  // namespace

void add_bench(CLI::App& app, Invocation& invocation) {
  const auto options = std::make_shared<BenchOptions>();
  CLI::App& verb = *app.add_subcommand("bench", "Measure how fast the engine runs a network on this machine");
  verb.add_option("MODEL", options->subject.name,
                  "A model (.safetensors), a known architecture, or an architecture JSON file")
      ->required()
      ->type_name("");
  verb.add_option("--size", options->subject.size, "Image size in pixels; that of the task, or the model's")
      ->check(within(1, 65536))
      ->type_name("N");
  verb.add_option("--classes", options->subject.classes, "Number of classes of an architecture; that of the task")
      ->check(within(1, 100000))
      ->type_name("N");
  verb.add_option("--task", options->subject.task, "detect, segment or classify; what an architecture is mostly for")
      ->type_name("TASK");
  verb.add_option("--batch", options->batch, "Pictures that run together")
      ->check(within(1, 1024))
      ->type_name("N")
      ->capture_default_str();
  verb.add_option("--runs", options->runs, "Times to run")
      ->check(within(1, 1000000))
      ->type_name("N")
      ->capture_default_str();
  verb.add_option("--precision", options->precision, "fp32, bf16 or int8")->type_name("NAME")->capture_default_str();
  verb.add_option("--instructions", options->instructions,
                  "avx512_vnni, avx512, avx2 or portable; the best that this machine has if not given")
      ->type_name("NAME");
  verb.add_option("--skip", options->skip, "Leave this optimisation out, such as winograd; may be given again")
      ->type_name("NAME");
  add_choose_options(verb, options->choose);
  verb.add_flag("--layers", options->layers,
                "Show every step of the compiled network, in runs of their own with all threads at one step");
  add_json_flag(verb, invocation.common);
  add_common_flags(verb, invocation.common);
  verb.footer(
      "Examples:\n  spinenet bench spinenet-49 --threads 2\n  spinenet bench best.safetensors --layers\n"
      "  spinenet bench spinenet-49 --task segment\n  spinenet bench spinenet-49 --precision int8\n\n"
      "GFLOP/s count the multiply-adds of the network's definition, so a share of the peak above 1 is what Winograd's\n"
      "convolutions save.");
  verb.callback([&invocation, options] {
    invocation.run = [&invocation, options] { return run_bench(*options, invocation.common); };
  });
}

}  // namespace spinenet::cli

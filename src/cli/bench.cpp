// spinenet bench: how fast the engine runs a network here, and what share of this machine's peak that is.
#include <cmath>
#include <memory>

#include "base/format.h"
#include "base/log.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/run_flags.h"
#include "runtime/bench/measure.h"
#include "runtime/bench/subject.h"

namespace spinenet::cli {
namespace {

struct BenchFlags {
  runtime::SubjectOptions subject;
  int runs = 20, batch = 1;
  std::string precision = "fp32";
  std::string instructions;
  std::vector<std::string> skip;
  AutotuneFlags autotune;
  bool layers = false;
};

// What was timed, and how.
struct Bench {
  std::string architecture, task, precision;
  int image_size = 0, runs = 0;
  engine::CompileOptions compiled;
  runtime::BenchResult result;

  bool two_stages() const { return !result.parts.empty(); }
};

double rounded(double x) {
  return std::round(x * 1000) / 1000;
}

Json bench_json(const Bench& bench) {
  const runtime::BenchResult& result = bench.result;
  const bool autotune = bench.compiled.autotune;
  Json json{{"architecture", bench.architecture},
            {"task", bench.task},
            {"image_size", bench.image_size},
            {"input_size", result.input_size},
            {"batch", bench.compiled.batch},
            {"latency_ms", {{"min", rounded(result.min_ms)}, {"median", rounded(result.median_ms)}}},
            {"images_per_second", rounded(result.images_per_second)},
            {"pictures_per_second", rounded(result.images_per_second)},  // its name up to 0.2
            {"runs", bench.runs},
            {"gflops", rounded(result.gflops)},
            {"peak_gflops", rounded(result.peak_gflops)},
            {"peak_share", rounded(result.gflops / result.peak_gflops)},
            {"threads", bench.compiled.threads},
            {"precision", bench.precision},
            {"autotune", autotune},
            {"choose", autotune ? "measure" : "rule"},  // its name up to 0.2
            {"instructions", result.instructions},
            {"peak_memory_mb", rounded(result.process_mb)},
            {"engine_memory_mb", rounded(result.engine_mb)}};
  for (const runtime::PartTime& part : result.parts) json["parts_ms"][part.name] = rounded(part.median_ms);
  if (bench.two_stages()) {
    json["rois"] = result.rois;
    json["objects"] = result.objects;
  }
  for (const engine::StepProfile& step : result.steps) {
    json["layers"].push_back({{"name", step.name},
                              {"algorithm", step.algorithm},
                              {"shape", {step.shape.channels, step.shape.height, step.shape.width}},
                              {"multiply_adds", step.multiply_adds},
                              {"ms", rounded(step.seconds * 1e3)}});
  }
  return json;
}

std::string layers_text(const std::vector<engine::StepProfile>& steps) {
  std::vector<std::vector<std::string>> rows{{"layer", "algorithm", "output", "ms", "GFLOP/s"}};
  for (const engine::StepProfile& step : steps) {
    const double gflops = 2e-9 * static_cast<double>(step.multiply_adds) / step.seconds;
    rows.push_back({step.name, std::string(step.algorithm),
                    fmt::format("{}x{}x{}", step.shape.channels, step.shape.height, step.shape.width),
                    fmt::format("{:.2f}", step.seconds * 1e3),
                    step.multiply_adds > 0 ? fmt::format("{:.0f}", gflops) : ""});
  }
  return table_text(rows) + "\n";
}

std::string bench_text(const Bench& bench) {
  const runtime::BenchResult& result = bench.result;
  const int batch = bench.compiled.batch;
  std::vector<std::vector<std::string>> rows{
      {"network", fmt::format("{}, {} x {} pixels, {}{}", bench.architecture, result.input_size, result.input_size,
                              bench.precision, batch > 1 ? fmt::format(", {} images together", batch) : "")},
      {"latency",
       fmt::format("{:.2f} ms (median of {}), {:.2f} ms at best", result.median_ms, bench.runs, result.min_ms)},
      {"throughput", fmt::format("{:.2f} images per second", result.images_per_second)}};
  for (const runtime::PartTime& part : result.parts) {
    rows.push_back({part.name, fmt::format("{:.2f} ms", part.median_ms)});
  }
  if (bench.two_stages()) {
    rows.push_back({"work", fmt::format("{:.0f} proposals and {:.0f} objects per image", result.rois, result.objects)});
  }
  rows.push_back({"speed", fmt::format("{:.0f} GFLOP/s of the network's definition", result.gflops)});
  rows.push_back({"peak", fmt::format("{:.0f} GFLOP/s of floats measured with {}, {} threads: a share of {:.2f}",
                                      result.peak_gflops, result.instructions, bench.compiled.threads,
                                      result.gflops / result.peak_gflops)});
  rows.push_back({"memory", fmt::format("{:.0f} MB in the engine, at most {:.0f} MB in the process", result.engine_mb,
                                        result.process_mb)});
  return (result.steps.empty() ? "" : layers_text(result.steps)) + table_text(rows);
}

int run_bench(const BenchFlags& flags, const CommonOptions& common) {
  const int threads = threads_of(common);
  if (threads == 1 && common.threads == 0) log_warning("one thread alone: this process may use one core");
  const Autotune autotune = autotune_of(flags.autotune);
  engine::CompileOptions compiled{threads, flags.instructions, flags.skip, flags.batch,
                                  precision_named(flags.precision)};
  compiled.place = flags.subject.name;
  compiled.autotune = autotune.on;
  compiled.choice_file = autotune.cache;
  runtime::Model model = runtime::open_subject(flags.subject);
  Bench bench{
      model.architecture.name, model.file.task, flags.precision, model.file.image_size, flags.runs, compiled, {}};
  bench.result = runtime::measure(std::move(model), compiled, {flags.runs, flags.layers});
  if (common.json) {
    print_json(bench_json(bench));
  } else {
    print(bench_text(bench));
  }
  return 0;
}

}  // namespace

void add_bench(CLI::App& app, Invocation& invocation) {
  const auto options = std::make_shared<BenchFlags>();
  CLI::App& verb = *app.add_subcommand("bench", "Measure how fast the engine runs a network on this machine");
  invocation.paths.add(verb,
                       verb.add_option("MODEL", options->subject.name,
                                       "A model (.safetensors), a known architecture, or an architecture JSON file")
                           ->required()
                           ->type_name(""),
                       PathRole::input, "the model");
  verb.add_option("--size", options->subject.size, "Image size in pixels; that of the task, or the model's")
      ->check(within(1, 65536))
      ->type_name("N");
  verb.add_option("--classes", options->subject.classes, "Number of classes of an architecture; that of the task")
      ->check(within(1, 100000))
      ->type_name("N");
  verb.add_option("--task", options->subject.task, "detect, segment or classify; what an architecture is mostly for")
      ->type_name("TASK");
  verb.add_option("--batch", options->batch, "Images that run together")
      ->check(within(1, 1024))
      ->type_name("N")
      ->capture_default_str();
  verb.add_option("--runs", options->runs, "Times to run")
      ->check(within(1, 1000000))
      ->type_name("N")
      ->capture_default_str();
  verb.add_option("--precision", options->precision, "fp32, bf16 or int8")->type_name("NAME")->capture_default_str();
  verb.add_option("--instructions", options->instructions,
                  "amx, avx512_vnni, avx512, avx2 or portable; the best that this machine has if not given")
      ->type_name("NAME");
  verb.add_option("--skip", options->skip, "Leave this optimisation out, such as winograd; may be given again")
      ->type_name("NAME");
  add_autotune_flags(verb, options->autotune, invocation.paths);
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

// spinenet bench: how fast the engine runs a network here, and what share of this machine's peak that is.
#include <memory>
#include <optional>

#include "base/format.h"
#include "base/log.h"
#include "cli/command.h"
#include "cli/run_flags.h"
#include "runtime/bench/bench_text.h"
#include "runtime/bench/subject.h"
#include "runtime/choose_precision.h"
#include "runtime/networks.h"

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

int run_bench(const BenchFlags& flags, const CommonOptions& common) {
  const int threads = threads_of(common);
  const Autotune autotune = autotune_of(flags.autotune);
  engine::CompileOptions compiled{threads, flags.instructions, flags.skip, flags.batch};
  compiled.place = flags.subject.name;
  compiled.autotune = autotune.on;
  compiled.choice_file = autotune.cache;
  const std::optional<engine::Precision> named = precision_named(flags.precision);
  runtime::Model model = runtime::open_subject(flags.subject);
  compiled.precision = named ? *named : choose_precision(model, networks_of(model), compiled);
  runtime::Bench bench{model.architecture.name,
                       model.file.task,
                       std::string(name_of(compiled.precision)),
                       model.file.image_size,
                       flags.runs,
                       compiled,
                       {}};
  bench.result = runtime::measure(std::move(model), compiled, {flags.runs, flags.layers});
  if (threads == 1 && common.threads == 0) log_warning("one thread alone: this process may use one core");
  print_result(common, to_json(bench), bench_text(bench));
  return 0;
}

}  // namespace

void add_bench(CLI::App& app, Invocation& invocation) {
  const auto options = std::make_shared<BenchFlags>();
  CLI::App& verb = *app.add_subcommand("bench", "Measure how fast the engine runs a network on this machine");
  invocation.paths.add_model(
      verb,
      verb.add_option("MODEL", options->subject.name,
                      fmt::format("{}, a known architecture, or an architecture JSON file", kModelText))
          ->required()
          ->type_name(""),
      options->subject.name, PathRole::network);
  verb.add_option("--size", options->subject.size, "Image size in pixels")
      ->check(within(1, 65536))
      ->type_name("N")
      ->default_str("the model's own, that of the task of an architecture");
  verb.add_option("--classes", options->subject.classes, "Number of classes of an architecture")
      ->check(within(1, 100000))
      ->type_name("N")
      ->default_str("that of the task");
  verb.add_option("--task", options->subject.task, "What an architecture is for: detect, segment or classify")
      ->type_name("TASK")
      ->default_str("its usual task");
  verb.add_option("--batch", options->batch, "Images that run together")
      ->check(within(1, 1024))
      ->type_name("N")
      ->capture_default_str();
  verb.add_option("--runs", options->runs, "Times to run")
      ->check(within(1, 1000000))
      ->type_name("N")
      ->capture_default_str();
  verb.add_option("--precision", options->precision,
                  "fp32, bf16 or int8; auto: what predict takes of a calibrated model")
      ->type_name("PRECISION")
      ->capture_default_str();
  verb.add_option("--instructions", options->instructions, "amx, avx512_vnni, avx512, avx2 or portable")
      ->type_name("INSTRUCTIONS")
      ->default_str("the best that this machine has");
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

// spinenet train: a recipe becomes a run folder.
#include <memory>

#include "base/error.h"
#include "base/format.h"
#include "cli/command.h"
#include "cli/output.h"
#ifdef SPINENET_WITH_TORCH
#include <csignal>

#include "cli/stop_signal.h"
#include "train/distributed.h"
#include "train/train.h"
#endif

namespace spinenet::cli {
namespace {

struct TrainFlags {
  std::string recipe;
  std::string out;
  std::vector<std::string> settings;
  bool resume = false;
  int64_t until_epoch = 0;
  int nproc = 1;
  bool keys = false;
};

#ifdef SPINENET_WITH_TORCH

// The command line without --nproc, for each of the processes.
std::vector<std::string> arguments_of_one(const std::vector<std::string>& arguments) {
  std::vector<std::string> kept;
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "--nproc") {
      ++i;
    } else if (!arguments[i].starts_with("--nproc=")) {
      kept.push_back(arguments[i]);
    }
  }
  return kept;
}

int run_train(const TrainFlags& flags, const Invocation& invocation) {
  if (flags.keys) {
    print(train::recipe_keys());
    return 0;
  }
  if (flags.nproc > 1) {
    // An interrupt from the terminal reaches every process; this one waits for the others.
    std::signal(SIGINT, [](int) {});
    return train::launch_processes(flags.nproc, arguments_of_one(invocation.arguments));
  }
  const std::atomic<int>& stop_signal = watch_stop_signals();
  train::TrainOptions options;
  options.recipe = flags.recipe;
  options.out = flags.out;
  if (invocation.common.threads > 0) options.settings.push_back(fmt::format("threads={}", invocation.common.threads));
  options.settings.insert(options.settings.end(), flags.settings.begin(), flags.settings.end());
  options.resume = flags.resume;
  options.until_epoch = flags.until_epoch;
  options.progress = progress_of(invocation.common);
  options.stop_signal = &stop_signal;
  const Json summary = train::train(options);
  if (train::process_place().rank == 0) {
    if (invocation.common.json) {
      print_json(summary);
    } else {
      for (const auto& [name, value] : summary.items()) print(fmt::format("{}: {}\n", name, value.dump()));
    }
  }
  return stop_signal != 0 && summary.value("stopped_by_signal", false) ? 128 + stop_signal : 0;
}

#else

int run_train(const TrainFlags&, const Invocation&) {
  fail(ErrorKind::unsupported, "this build has no LibTorch, so it cannot train", "train",
       "install libtorch-dev and build with -DSPINENET_BUILD_TRAIN=ON");
}

#endif

}  // namespace

void add_train(CLI::App& app, Invocation& invocation) {
  const auto flags = std::make_shared<TrainFlags>();
  CLI::App& verb = *app.add_subcommand("train", "Train a network from a recipe, into a run folder");
  verb.add_option("RECIPE", flags->recipe, "The recipe, a YAML file; not needed with --resume")->type_name("");
  verb.add_option("--out", flags->out, "The run folder; runs/ and the recipe's name if not given")->type_name("DIR");
  verb.add_option("--set", flags->settings, "Change a value of the recipe: --set optimizer.learning_rate=0.01")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  verb.add_flag("--resume", flags->resume, "Go on from the last whole checkpoint of the run folder");
  verb.add_option("--until", flags->until_epoch, "Measure, write a checkpoint and end after this epoch")
      ->check(within(1, 1000000000))
      ->type_name("EPOCH");
  verb.add_flag("--keys", flags->keys, "Print every key of a recipe with its default, as docs/config.md");
  verb.add_option("--nproc", flags->nproc, "Processes on this machine, one for each GPU")
      ->check(within(1, 1024))
      ->type_name("N")
      ->capture_default_str();
  add_json_flag(verb, invocation.common);
  add_common_flags(verb, invocation.common);
  verb.footer(
      "Examples:\n  spinenet train recipes/scenes-easy.yaml --out runs/easy\n"
      "  spinenet train --resume --out runs/easy\n\n"
      "A signal (Ctrl-C) ends the step, writes a checkpoint and stops; a second one stops at once.");
  verb.callback([&invocation, flags] {
    invocation.run = [&invocation, flags] {
      if (flags->recipe.empty() && !flags->resume && !flags->keys) {
        fail(ErrorKind::usage, "RECIPE is missing", "", "see spinenet train --help");
      }
      if (flags->resume && flags->recipe.empty() && flags->out.empty()) {
        fail(ErrorKind::usage, "--resume needs --out, the run folder", "", "see spinenet train --help");
      }
      return run_train(*flags, invocation);
    };
  });
}

}  // namespace spinenet::cli

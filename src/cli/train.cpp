// spinenet train: a recipe becomes a run folder.
#include <memory>

#include "base/error.h"
#include "cli/command.h"
#include "cli/training_program.h"

namespace spinenet::cli {

void add_train(CLI::App& app, Invocation& invocation) {
  const auto flags = std::make_shared<TrainFlags>();
  CLI::App& verb = *app.add_subcommand("train", "Train a network from a recipe, into a run folder");
  PathTable& paths = invocation.paths;
  paths.add(
      verb,
      verb.add_option("RECIPE", flags->recipe, "The recipe, a YAML file; not needed with --resume")->type_name(""),
      PathRole::input, "the recipe");
  paths.add(verb,
            verb.add_option("--out", flags->out, "The run folder")
                ->type_name("DIR")
                ->default_str("runs/ and the recipe's name"),
            PathRole::owned_folder);
  paths.add_model(
      verb,
      verb.add_option("--from", flags->from,
                      "A model, or a run folder, to begin with: its weights and how it sees pixels, and its "
                      "architecture where its task is the recipe's")
          ->type_name("MODEL"),
      flags->from);
  verb.add_option("--set", flags->settings, "Change a value of the recipe: --set optimizer.learning_rate=0.01")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  verb.add_flag("--resume", flags->resume,
                "Go on from the last whole checkpoint of the run folder; --set changes what may change then");
  verb.add_option("--until", flags->until_epoch, "Measure, write a checkpoint and end after this epoch")
      ->check(within(1, 1000000000))
      ->type_name("EPOCH");
  verb.add_flag("--keys", flags->keys, "Print every key of a recipe, as docs/config.md");
  verb.add_flag("--describe", flags->describe)->group("");  // for a search
  verb.add_option("--nproc", flags->nproc, "Processes on this machine, one for each GPU")
      ->check(within(1, 1024))
      ->type_name("N")
      ->capture_default_str();
  verb.add_option(
          "--peer-timeout", flags->peer_timeout,
          "Seconds to wait for another process before it counts as lost: to come, and within a step or while process 0 "
          "measures; NCCL waits as its own settings say")
      ->check(within(1, 1000000))
      ->type_name("S")
      ->default_str("120 to come, then 1800");
  add_json_flag(verb, invocation.common);
  add_common_flags(verb, invocation.common);
  verb.footer(
      "Examples:\n  spinenet train recipes/scenes-easy.yaml --out runs/easy\n"
      "  spinenet train recipes/detect.yaml --set data.root=mine --from imported.safetensors --out runs/mine\n"
      "  spinenet train --resume --out runs/easy\n"
      "  spinenet train --resume --out runs/easy --set epochs=60  # makes a finished run longer\n\n"
      "A signal (Ctrl-C) ends the step, writes a checkpoint and stops; a second one stops at once.\n"
      "A training that fails says why in failure.json of the run folder, too.");
  verb.callback([&invocation, flags] {
    invocation.run = [&invocation, flags] {
      if (flags->recipe.empty() && !flags->resume && !flags->keys) {
        fail(ErrorKind::usage, "RECIPE is missing", "", "see spinenet train --help");
      }
      if (flags->resume && flags->recipe.empty() && flags->out.empty()) {
        fail(ErrorKind::usage, "--resume needs --out, the run folder", "", "see spinenet train --help");
      }
      if (!invocation.training) become_training_program(invocation, "train");
      return invocation.training->train(*flags, invocation);
    };
  });
}

}  // namespace spinenet::cli

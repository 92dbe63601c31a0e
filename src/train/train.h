// `spinenet train`: a recipe becomes a run folder.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/progress.h"
#include "plot/training_text.h"

namespace spinenet::train {

struct Recipe;

struct TrainOptions {
  std::filesystem::path recipe;       // not needed when resuming
  std::filesystem::path out;          // empty: runs/ and the recipe's name
  std::vector<std::string> settings;  // "optimizer.learning_rate=0.1"
  // A model to begin with: init.weights and pixels, and architecture.base where its task is the recipe's; `settings`
  // have the last word.
  std::filesystem::path from{};
  bool resume = false;
  int64_t until_epoch = 0;  // measure, write a checkpoint and end after this epoch; 0: all of the recipe's
  int64_t peer_timeout =
      0;  // seconds to wait for another process, to come and within a step; 0: as distributed.h has it
  ProgressOptions progress = standard_progress();
  const std::atomic<int>* stop_signal = nullptr;  // not 0: finish the step, write a checkpoint, end
  // Told what will be done before the first step, of several processes by rank 0 alone. Empty: nobody wants to know.
  std::function<void(const plot::TrainingPlan&)> begins = {};
  // And once some steps are timed, what is to come.
  std::function<void(int64_t done, double seconds_per_step)> paced = {};
};

// Trains, measures, writes everything into the run folder. A summary: run, steps, best AP, speed; with
// "stopped_by_signal" when it was, "AP" of the last measurement. In several processes (environment of torchrun) each
// calls it; rank 0 writes. What it throws, failure.json of the run folder keeps, too; what refuses a resume
// before its first step leaves the folder as it is.
Json train(const TrainOptions& options);

// Fails where the recipe's device cannot train in its precision: on CPUs LibTorch 1.13 leaves parts of the gradients of
// bfloat16 convolutions unwritten. `file`: of the recipe, for the message.
void check_precision(const Recipe& recipe, const std::filesystem::path& file);

// docs/config.md: every key of a recipe with its type, default and meaning.
std::string recipe_keys();

}  // namespace spinenet::train

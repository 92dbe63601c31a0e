// The whole state of a run at a step, so that a run which was killed goes on as if it had not been.
//
// checkpoints/step-NNNNNNNNN.safetensors, written to a temporary file, synced and renamed, with checksums; the newest
// two are kept. Loading takes the newest whole one and names each broken one that it passes over. Thread contract: one
// writer per folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "base/owned_folder.h"
#include "nn/parameters.h"
#include "train/optimizer.h"

namespace spinenet::train {

// What is not a tensor. Times of day are left out, so that equal runs have equal bytes.
struct Progression {
  int64_t step = 0;  // the next one to do
  int64_t total_steps = 0;
  double best_score = -1;  // of the metric that decides
  int64_t best_step = -1;
  int64_t evaluations_without_gain = 0;
  int64_t metrics_bytes = 0;  // length of metrics.jsonl at this step
  int64_t skipped_steps = 0;  // because of a non-finite loss
};

struct TrainState {
  nn::Parameters parameters, average;
  OptimizerState optimizer;
  Progression progression;
};

// `recipe` is the text of the run's recipe. ErrorKind::io when it cannot be written; the checkpoints that were there
// are then untouched.
void save_checkpoint(const OwnedFolder& run, const TrainState& state, const std::string& recipe);

// Whole or not, newest first. What cannot be read throws.
std::vector<std::filesystem::path> checkpoints_in(const std::filesystem::path& folder);

// Throws where the run cannot go on from a checkpoint of this recipe. `place`: the checkpoint, for the message.
using CheckRecipe = std::function<void(const std::string& recipe, const std::string& place)>;

// Fills `state`, whose tensors must have the right sizes. The path that was read, or nothing when there is no whole
// checkpoint. ErrorKind::bad_data for one of another network; what `check` throws.
std::optional<std::filesystem::path> load_checkpoint(const std::filesystem::path& folder, TrainState& state,
                                                     const CheckRecipe& check);

}  // namespace spinenet::train

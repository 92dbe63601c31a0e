// The whole state of a run at a step, so that a run which was killed goes on as if it had not been.
//
// checkpoints/step-NNNNNNNNN.safetensors, written to a temporary file, synced and renamed, with checksums; the newest
// two are kept. Loading takes the newest whole one and names each broken one that it passes over. Thread contract: one
// writer per folder.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "base/owned_folder.h"
#include "nn/parameters.h"
#include "train/checkpoint_text.h"
#include "train/optimizer.h"

namespace spinenet::train {

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

// What a training works with, from what it was asked for: its folder, its recipe, its device, how it loads images.
//
// Thread contract: free functions.
#pragma once

#include <filesystem>
#include <string>
#include <utility>

#include "data/loading/loader.h"
#include "nn/tensors.h"
#include "train/distributed.h"
#include "train/recipe.h"
#include "train/train.h"

namespace spinenet::train {

std::filesystem::path run_path(const TrainOptions& options);

// The recipe of a run that begins, with what --from, the settings and the data decide (fit_to_data, which is then
// false).
Recipe new_recipe(const TrainOptions& options);

// A resumed run goes on with the recipe that it wrote down; settings change what may be changed (resume.h).
Recipe recipe_of(const TrainOptions& options);

// process_place(), with the patience that was asked for.
ProcessPlace place_of(const TrainOptions& options);

// ErrorKind::unsupported where the device cannot train in the recipe's precision.
torch::Device training_device(const TrainOptions& options, const Recipe& recipe, const ProcessPlace& place);

// Annotation file and image folder of the validation set, as `spinenet eval` takes them; "" where there is none, or
// where it is a part of the training set.
std::pair<std::string, std::string> validation_paths(const Recipe& recipe);

data::LoaderOptions loader_options(const Recipe& recipe, const ProcessPlace& place);

}  // namespace spinenet::train

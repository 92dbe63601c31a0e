// What a training of a detector would be, without training: for an architecture search, which knows no recipe.
//
// Thread contract: the main thread alone.
#pragma once

#include "base/json.h"
#include "base/progress.h"
#include "train/train.h"

namespace spinenet::train {

// {"task", "recipe": resolved YAML less what differs between machines, "defaults": every key of a recipe with its
// default as YAML, "architecture", "image_size", "classes": their number in the data of a detector, else null}. Scenes
// that the recipe asks for are made. Errors as train() has them.
Json describe_training(const TrainOptions& options);

}  // namespace spinenet::train

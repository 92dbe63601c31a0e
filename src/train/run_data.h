// The data sets of a recipe, ready to be loaded: the built-in scenes are made when they are asked for and missing.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "base/progress.h"
#include "data/loading/coco_dataset.h"
#include "detect/annotations.h"
#include "train/recipe.h"
#include "train/run_record.h"

namespace spinenet::train {

struct RunData {
  std::unique_ptr<data::Dataset> train;
  const data::CocoDataset* stored = nullptr;  // `train`, unless its scenes are made while training
  std::unique_ptr<data::CocoDataset> val;     // none when the recipe measures nothing
  detect::Annotations val_annotations;
  std::vector<detect::Category> classes;
  bool has_training_objects = false;  // that are no crowds
  DataRecord record;

  std::vector<int64_t> category_ids() const;
};

// How scenes that are not there are made.
struct ScenesMaking {
  ProgressOptions progress;
  const std::atomic<int>* stop_signal = nullptr;  // not 0: Stopped, instead of making or waiting for them
};

// ErrorKind::bad_data when the folder holds scenes of other options. With `making`, scenes that are not there are made
// (one process of a machine does). Masks are read where they are asked for.
RunData open_data(const DataRecipe& recipe, const ScenesMaking* making, bool masks = false);

}  // namespace spinenet::train

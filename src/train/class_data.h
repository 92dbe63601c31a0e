// The classification sets of a recipe, ready to be loaded.
#pragma once

#include <memory>
#include <vector>

#include "data/loading/dataset.h"
#include "detect/annotations.h"
#include "train/recipe.h"
#include "train/run_record.h"

namespace spinenet::train {

struct ClassData {
  std::unique_ptr<data::Dataset> train;
  std::unique_ptr<data::Dataset> val;  // none when the recipe measures nothing
  std::vector<detect::Category> classes;
  DataRecord record;
};

// ErrorKind::bad_data when a set is not sound or the two do not go together.
ClassData open_class_data(const DataRecipe& recipe);

}  // namespace spinenet::train

// The same pictures of the validation set as several models see them, beside what is there.
//
// Thread contract: pure functions but for the files that they read.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/progress.h"
#include "data/loading/dataset.h"
#include "plot/compare_page.h"
#include "train/recipe.h"

namespace spinenet::cli {

struct ValidationSet {
  std::unique_ptr<data::Dataset> pictures;
  std::vector<std::string> classes;
};

// ErrorKind::bad_data when the recipe has none. Scenes that it asks for are made, their progress shown as `making`
// says.
ValidationSet validation_set(const train::Recipe& recipe, const ProgressOptions& making);

struct NamedModel {
  std::string name;
  std::filesystem::path path;
};

// One row for each picture: the truth, then each model. A picture that cannot be read is left out with a warning.
std::vector<std::vector<plot::ComparedPicture>> compared_pictures(const ValidationSet& set,
                                                                  const std::vector<NamedModel>& models, int threads);

}  // namespace spinenet::cli

// The same images of the validation set as several models see them, beside what is there.
//
// Thread contract: pure functions but for the files that they read.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "compare/training.h"
#include "plot/compare_page.h"

namespace spinenet::compare {

struct NamedModel {
  std::string name;
  std::filesystem::path path;
};

// One row for each image: the truth, then each model. An image that cannot be read is left out with a warning.
std::vector<std::vector<plot::ComparedImage>> compared_images(const ValidationSet& set,
                                                              const std::vector<NamedModel>& models, int threads);

}  // namespace spinenet::compare

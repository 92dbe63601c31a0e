// report.html of a run: curves out of metrics.jsonl, precision and recall, confusion matrix, sample pictures.
#pragma once

#include <filesystem>
#include <string>

#include "base/json.h"
#include "train/recipe.h"
#include "train/run_data.h"
#include "train/trainer.h"

namespace spinenet {

// Measures best.safetensors of the folder once more on the validation set.
void write_report(const std::filesystem::path& folder, const std::string& recipe_text, const Trainer& trainer,
                  const RunData& data, const Recipe& recipe, const Json& summary);

}  // namespace spinenet

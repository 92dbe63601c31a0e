// report.html of a run: curves out of metrics.jsonl, and how the best model does as its task shows it.
#pragma once

#include <string>

#include "base/json.h"
#include "base/owned_folder.h"
#include "base/progress.h"
#include "train/recipe.h"
#include "train/task.h"
#include "train/trainer.h"

namespace spinenet::train {

struct ReportSource {
  const OwnedFolder& folder;
  const std::string& recipe_text;
  const Recipe& recipe;
  const TrainTask& task;
  const Trainer& trainer;
  const Json& summary;
  const ProgressOptions& progress;
};

// Measures best.safetensors of the folder once more on the validation set.
void write_report(const ReportSource& source);

}  // namespace spinenet::train

// What a comparison needs of training, as functions that the training program hands in: this module sees no recipe's
// struct and no LibTorch.
//
// Thread contract: the main thread alone.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "arch/architecture.h"
#include "arch/task.h"
#include "base/json.h"
#include "base/progress.h"
#include "compare/plan.h"
#include "data/loading/dataset.h"

namespace spinenet::compare {

// A training recipe as far as it matters here.
struct ReadRecipe {
  std::string text;  // resolved, as a run folder keeps it
  SharedValues shared;
  arch::Task task = arch::Task::detect;
  int image_size = 0;
  arch::Architecture architecture;
};

struct ValidationSet {
  std::unique_ptr<data::Dataset> images;
  std::vector<std::string> classes;
};

struct TrainRequest {
  std::filesystem::path recipe;
  std::filesystem::path out;
  std::vector<std::string> settings;
  bool resume = false;
  ProgressOptions progress;
  const std::atomic<int>* stop_signal = nullptr;
};

struct Training {
  // Errors as reading the recipe has them, and ErrorKind::unsupported when this machine cannot train it.
  std::function<ReadRecipe(const std::filesystem::path& recipe, const std::vector<std::string>& settings)> read;
  // Of the request's recipe with its settings; without images when it has no validation set. Scenes that it asks for
  // are made, their progress shown so, until a signal asks to stop (Stopped).
  std::function<ValidationSet(const TrainRequest& request)> validation_set;
  // The summary of the run; "stopped_by_signal" when it was.
  std::function<Json(const TrainRequest& request)> train;
};

}  // namespace spinenet::compare

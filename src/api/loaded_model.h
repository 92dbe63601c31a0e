// What stands behind the installed classes: a model with its networks compiled, and a session on it.
//
// Invariant: a LoadedModel does not change. Thread contract: a LoadedModel is shared; a DetectorSession answers one
// call after the other.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <spinenet/detector.h>

#include "api/thread_budget.h"
#include "engine/plan.h"
#include "image/image.h"
#include "model/model.h"
#include "model/object_finder.h"

namespace spinenet {

struct LoadedModel {
  Model model;  // its weights are in the plans, not here
  std::vector<api::Class> classes;
  int image_size = 0, threads = 1;
  std::vector<std::shared_ptr<const CompiledPlan>> plans;
  ThreadBudget* budget = nullptr;
};

// `memory_limit`: as that of CompileOptions. ErrorKind::usage for options out of range.
std::shared_ptr<const LoadedModel> load(Model model, const api::ModelOptions& options, int64_t memory_limit = 0);

struct DetectorSession {
  std::shared_ptr<const LoadedModel> loaded;
  ObjectFinder find;                     // of detectors
  std::optional<Classifier> classifier;  // else
};

DetectorSession make_session(std::shared_ptr<const LoadedModel> loaded, const api::DetectorOptions& options);

// ErrorKind::usage when the view makes no sense.
Image to_image(const api::Pixels& pixels);

// The caller holds the model's threads.
std::vector<api::Answer> answer(const DetectorSession& session, std::span<const Image> images);

}  // namespace spinenet

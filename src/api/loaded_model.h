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
#include "engine/plan/plan.h"
#include "image/image.h"
#include "runtime/model.h"
#include "runtime/object_finder.h"

namespace spinenet::api {

struct LoadedModel {
  runtime::Model model;  // its weights are in the plans, not here
  std::vector<api::Class> classes;
  int image_size = 0, threads = 1;
  std::vector<std::shared_ptr<const engine::CompiledPlan>> plans;
  ThreadBudget* budget = nullptr;
};

// `memory_limit`: as that of CompileOptions. ErrorKind::usage for options out of range.
std::shared_ptr<const LoadedModel> load(runtime::Model model, const api::ModelOptions& options,
                                        int64_t memory_limit = 0);

struct DetectorSession {
  std::shared_ptr<const LoadedModel> loaded;
  runtime::ObjectFinder find;                     // of detectors
  std::optional<runtime::Classifier> classifier;  // else
};

DetectorSession make_session(std::shared_ptr<const LoadedModel> loaded, const api::DetectorOptions& options);

// ErrorKind::usage when the view makes no sense.
image::Image to_image(const api::Pixels& pixels);

// The caller holds the model's threads.
std::vector<api::Answer> answer(const DetectorSession& session, std::span<const image::Image> images);

}  // namespace spinenet::api

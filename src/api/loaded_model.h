// What is behind the installed classes: a model made ready to run, and a session on it.
//
// Invariant: a LoadedModel does not change. Thread contract: a LoadedModel is shared; a DetectorSession answers one
// call after the other.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <spinenet/detector.h>

#include "image/image.h"
#include "runtime/detect_function.h"
#include "runtime/prepare.h"
#include "runtime/thread_budget.h"

namespace spinenet::api {

struct LoadedModel {
  runtime::PreparedModel prepared;
  std::vector<Class> classes;
  runtime::ThreadBudget* budget = nullptr;
};

// `memory_limit`: as that of runtime::RunOptions. spinenet::ErrorKind::usage for options out of range.
std::shared_ptr<const LoadedModel> load(runtime::Model model, const ModelOptions& options, int64_t memory_limit = 0);

struct DetectorSession {
  std::shared_ptr<const LoadedModel> loaded;
  runtime::DetectFunction detect;                 // of detectors
  std::optional<runtime::Classifier> classifier;  // else
  std::optional<uint32_t> answering = {};         // fork_count() of the process that is in a call
};

DetectorSession make_session(std::shared_ptr<const LoadedModel> loaded, const DetectorOptions& options);

// spinenet::ErrorKind::usage when the view makes no sense.
image::Image to_image(const Pixels& pixels);

// The caller holds the model's threads.
std::vector<Prediction> predict(const DetectorSession& session, std::span<const image::Image> images);

}  // namespace spinenet::api

// A model file or an architecture, opened and understood, and the way to run it that this build has.
//
// Thread contract: free functions on their arguments.
#pragma once

#include <filesystem>
#include <string>

#include "arch/architecture.h"
#include "arch/task.h"
#include "engine/classifier.h"
#include "engine/detector.h"
#include "formats/model_file.h"
#include "graph/forward.h"
#include "graph/program.h"

namespace spinenet {

struct Model {
  std::filesystem::path path;
  ModelFile file;
  Architecture architecture;
};

bool is_model_path(std::string_view name);

// ErrorKind::bad_data when the architecture in it makes no sense.
Model open_model(const std::filesystem::path& path);

struct RunOptions {
  int image_size = 0;  // 0: the model's own
  int threads = 1;
  std::string device = "auto";  // cpu, cuda, cuda:N, auto
  PostprocessOptions post;
};

// ErrorKind::unsupported when the model does another task; ErrorKind::bad_data when its weights do not fit.
Detector make_detector(const Model& model, const RunOptions& options);
Classifier make_classifier(const Model& model, const RunOptions& options);

}  // namespace spinenet

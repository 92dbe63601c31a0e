// A model made ready to run the way that this build and the command line say.
//
// Thread contract: free functions on their arguments.
#pragma once

#include <string>

#include "cli/choose.h"
#include "detect/postprocess.h"
#include "engine/compile/compile.h"
#include "runtime/model.h"
#include "runtime/object_finder.h"

namespace spinenet::cli {

struct RunOptions {
  int image_size = 0;  // 0: the model's own
  int threads = 1;
  std::string device = "auto";  // cpu, cuda, cuda:N, auto
  engine::Precision precision = engine::Precision::fp32;
  ChooseOptions choose;
  detect::PostprocessOptions post;
};

// ErrorKind::unsupported when the model does another task; ErrorKind::bad_data when its weights do not fit;
// ErrorKind::usage for int8 of a model without a calibration.
runtime::ObjectFinder make_object_finder(const runtime::Model& model, const RunOptions& options);
runtime::Classifier make_classifier(const runtime::Model& model, const RunOptions& options);

}  // namespace spinenet::cli

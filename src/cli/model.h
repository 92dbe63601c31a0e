// A model made ready to run the way that this build and the command line say.
//
// Thread contract: free functions on their arguments.
#pragma once

#include <string>

#include "cli/choose.h"
#include "detect/postprocess.h"
#include "engine/compile.h"
#include "model/model.h"
#include "model/object_finder.h"

namespace spinenet {

struct RunOptions {
  int image_size = 0;  // 0: the model's own
  int threads = 1;
  std::string device = "auto";  // cpu, cuda, cuda:N, auto
  Precision precision = Precision::fp32;
  ChooseOptions choose;
  PostprocessOptions post;
};

// ErrorKind::unsupported when the model does another task; ErrorKind::bad_data when its weights do not fit;
// ErrorKind::usage for int8 of a model without a calibration.
ObjectFinder make_object_finder(const Model& model, const RunOptions& options);
Classifier make_classifier(const Model& model, const RunOptions& options);

}  // namespace spinenet

// Measuring a classifier on images whose classes are known.
//
// Thread contract: free functions; images are read by threads of their own.
#pragma once

#include <filesystem>
#include <string>

#include "base/progress.h"
#include "eval/top_k.h"
#include "runtime/prepare.h"

namespace spinenet::runtime {

struct EvalClassesOptions {
  std::string annotations;                  // iNaturalist-style JSON; empty: the classes are subfolders of `images`
  std::string images;                       // or the folder with the files of Fashion-MNIST
  std::string group_key = "supercategory";  // of the annotations
  int batch = 1;
  int threads = 1;  // that read images
  ProgressOptions progress;
};

struct ClassesEvaluation {
  std::vector<detect::Category> classes;  // of the model, with the super-categories of the annotations
  std::vector<eval::Classified> images;
  eval::TopKMetrics metrics;
};

// ErrorKind::bad_data or io naming the first image that cannot be read, or a class that the model does not know.
ClassesEvaluation evaluate_classes(const PreparedModel& prepared, const EvalClassesOptions& options);

}  // namespace spinenet::runtime

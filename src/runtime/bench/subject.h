// What `spinenet bench` times: a model file, or an architecture with initial weights.
//
// Thread contract: free functions on their arguments.
#pragma once

#include <string>

#include "runtime/model.h"

namespace spinenet::runtime {

struct SubjectOptions {
  std::string name;  // a model, or an architecture
  std::string task;  // of an architecture; "": its usual one
  int size = 0;      // 0: that of the model, or the usual one of the task
  int classes = 0;   // of an architecture; 0: the usual number
};

// The model, whose file.image_size is the size that was asked for. ErrorKind::usage when the network cannot do the
// task; ErrorKind::bad_data when the model is broken.
Model open_subject(const SubjectOptions& options);

}  // namespace spinenet::runtime

// What `spinenet bench` times: a network of a task with weights, its own or first ones.
//
// Thread contract: free functions on their arguments.
#pragma once

#include <optional>
#include <string>

#include "arch/architecture.h"
#include "arch/task.h"
#include "base/host_tensor.h"
#include "engine/quantize/quantization.h"
#include "graph/lower_two_stage.h"

namespace spinenet::cli {

struct SubjectOptions {
  std::string name;  // a model, or an architecture
  std::string task;  // of an architecture; "": its usual one
  int size = 0;      // 0: the model's, or the usual one of the task
  int classes = 0;   // of an architecture; 0: the usual number
};

struct Subject {
  arch::Architecture architecture;
  arch::Task task = arch::Task::detect;
  int image_size = 0, input_size = 0, classes = 0;
  graph::Program program;          // of the picture; the trunk of two stages
  graph::TwoStageProgram network;  // of a model that segments alone
  Weights weights;
  std::optional<engine::Calibration> calibration;  // of a model that has one
};

// ErrorKind::usage when the network cannot do the task; ErrorKind::bad_data when the model is broken.
Subject open_subject(const SubjectOptions& options);

}  // namespace spinenet::cli

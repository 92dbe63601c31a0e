// How fast the engine runs a model on this machine, and what share of the machine's peak that is.
//
// Thread contract: one thread at a time; the measurements use as many as asked for.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/compile/compile.h"
#include "engine/run/profile.h"
#include "runtime/model.h"
#include "runtime/two_stage_times.h"

namespace spinenet::runtime {

struct BenchResult {
  int input_size = 0;                      // side of the network's input
  std::vector<engine::StepProfile> steps;  // of a network of one program, where asked for
  std::vector<PartTime> parts;             // of two stages
  double min_ms = 0, median_ms = 0;        // of a batch
  double images_per_second = 0;
  double gflops = 0, peak_gflops = 0, process_mb = 0, engine_mb = 0;
  double rois = 0, objects = 0;  // of two stages, for one image
  std::string_view instructions;
};

struct BenchEffort {
  int runs = 1;
  bool steps = false;  // as many runs more, step by step
};

// The images of a batch run together. ErrorKind::usage for steps of several networks and for int8 without some passes.
BenchResult measure(Model model, const engine::CompileOptions& options, const BenchEffort& effort);

}  // namespace spinenet::runtime

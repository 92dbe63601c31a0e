// How fast the engine runs a network on random pictures, beside what this machine could do at most.
//
// Thread contract: one thread at a time; the measurements use as many as they are told.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/bench_subject.h"
#include "engine/compile/compile.h"
#include "engine/run/profile.h"

namespace spinenet::cli {

// A part of what a model of two stages does.
struct PartTime {
  std::string name;
  double median_ms = 0;
};

struct Measurement {
  std::vector<engine::StepProfile> steps;  // of a network of one program, where asked for
  std::vector<PartTime> parts;             // of two stages
  double min_ms = 0, median_ms = 0;        // of a batch
  double gflops = 0, peak_gflops = 0, process_mb = 0, engine_mb = 0;
  double rois = 0, objects = 0;  // of two stages, for one picture
  std::string_view instructions;
};

struct Effort {
  int runs = 1;
  bool steps = false;  // so many runs more, step by step
};

// The pictures of a batch run together.
Measurement measure(const Subject& subject, const engine::CompileOptions& options, const Effort& effort);

}  // namespace spinenet::cli

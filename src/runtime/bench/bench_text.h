// What a measurement of speed found, for people and for programs.
//
// Thread contract: pure functions.
#pragma once

#include <string>

#include "base/json.h"
#include "engine/compile/compile.h"
#include "runtime/bench/measure.h"

namespace spinenet::runtime {

// What was timed, and how.
struct Bench {
  std::string architecture, task, precision;
  int image_size = 0, runs = 0;
  engine::CompileOptions compiled;
  BenchResult result;

  bool two_stages() const { return !result.parts.empty(); }
};

Json to_json(const Bench& bench);
std::string bench_text(const Bench& bench);

}  // namespace spinenet::runtime

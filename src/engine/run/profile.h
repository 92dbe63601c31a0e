// What a plan costs in time: the whole, each step, and the most that this processor could do.
//
// Thread contract: one thread at a time; the measurements use as many as the plan.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/run/session.h"

namespace spinenet::engine {

struct StepProfile {
  std::string name;
  std::string_view algorithm;  // "winograd", "direct", "gathered", "int8", "sum", "pool", ...
  graph::Shape shape;          // of the (first) output
  int64_t multiply_adds = 0;   // of the network's definition, whatever the algorithm saves
  double seconds = 0;          // the least of the runs
};

// `input`: one image or more, which run together. The seconds of each run, in their order.
std::vector<double> time_runs(Session& session, std::span<const float> input, int runs);

// Every step by itself: all threads are done with one before the next begins, which run() does not ask for.
std::vector<StepProfile> profile_steps(Session& session, std::span<const float> input, int runs);

// Multiply-adds and additions in a second, in units of 10^9, when all threads do nothing else. The best of some tries.
double measure_peak_gflops(const kernels::Kernels& kernels, int threads);

}  // namespace spinenet::engine

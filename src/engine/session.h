// Runs a plan on pictures, one after the other: the memory and the threads that it takes.
//
// Invariant: run() allocates nothing. Thread contract: one thread at a time; several sessions may share a plan.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "base/host_tensor.h"
#include "engine/plan.h"
#include "engine/team.h"
#include "graph/forward.h"

namespace spinenet {

class Session {
 public:
  explicit Session(std::shared_ptr<const CompiledPlan> plan);

  const CompiledPlan& plan() const { return *plan_; }

  // `picture`: [C, H, W] of the plan's input. The outputs, [1, C, H, W] each in the program's order, stay until the
  // next run. ErrorKind::bad_data when the picture has another size.
  std::span<const HostTensor> run(std::span<const float> picture);

  // As run(), and adds the seconds that each step took to `seconds` (one for each step).
  std::span<const HostTensor> run(std::span<const float> picture, std::span<double> seconds);

 private:
  void read_picture(std::span<const float> picture);
  void write_outputs();

  std::shared_ptr<const CompiledPlan> plan_;
  AlignedFloats memory_, scratch_;
  std::vector<HostTensor> outputs_;
  Team team_;
};

// A Forward for any number of pictures, one after the other. May be called from several threads, which wait for each
// other.
Forward engine_forward(std::shared_ptr<const CompiledPlan> plan);

}  // namespace spinenet

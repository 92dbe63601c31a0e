// Runs a plan on images, as many at once as its batch: the memory and the threads that it takes.
//
// Invariant: run() allocates nothing. Thread contract: one thread at a time; several sessions may share a plan.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/host_tensor.h"
#include "engine/plan/plan.h"
#include "engine/run/step_runner.h"
#include "graph/forward.h"
#include "kernels/worker_group.h"

namespace spinenet::engine {

class Session {
 public:
  // `workers` may be shared with other sessions that do not run at the same time; none: one of its own.
  explicit Session(std::shared_ptr<const CompiledPlan> plan, std::shared_ptr<kernels::WorkerGroup> workers = nullptr);

  const CompiledPlan& plan() const { return *plan_; }
  kernels::WorkerGroup& workers() { return *workers_; }

  // `input`: [n, C, H, W] of the plan's input, n from 1 to the plan's batch. The outputs, [n, C, H, W] each in the
  // program's order, stay until the next run. ErrorKind::bad_data when the images have another size.
  std::span<const HostTensor> run(std::span<const float> input);

  // As run(), step after step, and adds the seconds that each took to `seconds` (one for each step).
  std::span<const HostTensor> run(std::span<const float> input, std::span<double> seconds);

  // run() in its parts, for those who write or read maps where they lie, channels last: the plan's input before
  // compute(), what lies between its channels included, and its outputs after. image_at() is for maps of floats.
  int64_t read(std::span<const float> input);  // gives the number of images
  void compute(int64_t images);
  const HostTensor& write(size_t output, int64_t images);
  float* image_at(const Map& map, int64_t image) { return memory_.get() + map.offset + image * image_numbers(map); }

  // As run(), step after step, and calls `after` behind each with its number and the session's memory: the place to
  // look at maps that later steps write over.
  using Observer = std::function<void(size_t step, const float* maps)>;
  void observe(std::span<const float> image, const Observer& after);

 private:
  void run_step(size_t index, int64_t images);
  std::span<const HostTensor> write_all(int64_t images);

  std::shared_ptr<const CompiledPlan> plan_;
  AlignedFloats memory_, scratch_;
  std::vector<HostTensor> outputs_;
  std::shared_ptr<kernels::WorkerGroup> workers_;
  std::unique_ptr<StepRunner> runner_;
};

// A Forward for any number of images, a batch after the other. May be called from several threads, which wait for
// each other.
graph::Forward engine_forward(std::shared_ptr<const CompiledPlan> plan);

}  // namespace spinenet::engine

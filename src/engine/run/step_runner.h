// Runs the steps of a plan with a worker group, without a meeting after each step: a thread takes a task of the first
// step that has one left and whose dependencies are done. What one step leaves a thread without, the next gives, and
// branches of the network run beside each other.
//
// Invariant: every step has a task; run() allocates nothing. Results do not depend on the number of threads. Thread
// contract: run() is called from one thread at a time.
#pragma once

#include <atomic>
#include <memory>

#include "engine/plan/plan.h"
#include "kernels/worker_group.h"

namespace spinenet::engine {

class StepRunner {
 public:
  explicit StepRunner(const CompiledPlan& plan);

  // Where a run computes: memory of the maps, and scratch of each thread.
  struct Memory {
    float* maps = nullptr;
    float* scratch = nullptr;
  };
  void run(kernels::WorkerGroup& workers, const Memory& memory, int64_t images);

 private:
  // In a line of the cache of its own: those that others scan are not those that a thread writes.
  struct alignas(64) Progress {
    int64_t count = 0;              // tasks
    std::atomic<int64_t> next = 0;  // not yet taken
    std::atomic<int64_t> done = 0;
  };

  bool is_ready(size_t step) const;
  // A task of the first step that can go on; false when there is none, with what `left` says of later.
  bool run_one(size_t& first, const Memory& memory, int64_t images, int thread, bool& left);
  void work(const Memory& memory, int64_t images, int thread);

  const CompiledPlan* plan_;
  std::unique_ptr<Progress[]> steps_;
  std::atomic<int> finished_{0};  // steps, of all runs: only ever compared for a change
};

}  // namespace spinenet::engine

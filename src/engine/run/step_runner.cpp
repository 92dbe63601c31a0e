#include "engine/run/step_runner.h"

#include <algorithm>

#include "engine/run/run_step.h"

namespace spinenet::engine {

StepRunner::StepRunner(const CompiledPlan& plan)
    : plan_(&plan), steps_(std::make_unique<Progress[]>(plan.steps.size())) {}

bool StepRunner::is_ready(size_t step) const {
  return std::ranges::all_of(plan_->waits[step], [&](int other) {
    const Progress& before = steps_[static_cast<size_t>(other)];
    return before.done.load(std::memory_order_acquire) == before.count;
  });
}

bool StepRunner::run_one(size_t& first, const Memory& memory, int64_t images, int thread, bool& left) {
  left = false;
  for (size_t s = first; s < plan_->steps.size(); ++s) {
    Progress& step = steps_[s];
    if (step.next.load(std::memory_order_relaxed) >= step.count) {
      if (s == first) ++first;
      continue;
    }
    left = true;
    if (!is_ready(s)) continue;
    const int64_t task = step.next.fetch_add(1, std::memory_order_relaxed);
    if (task >= step.count) continue;
    run_task(*plan_, plan_->steps[s], task, {memory.maps, memory.scratch + thread * plan_->scratch, images});
    if (step.done.fetch_add(1, std::memory_order_acq_rel) + 1 == step.count) {
      finished_.fetch_add(1, std::memory_order_release);
      finished_.notify_all();
    }
    return true;
  }
  return false;
}

void StepRunner::work(const Memory& memory, int64_t images, int thread) {
  size_t first = 0;
  bool left = true;
  while (left) {
    const int finished = finished_.load(std::memory_order_acquire);
    if (!run_one(first, memory, images, thread, left) && left) kernels::wait_while(finished_, finished);
  }
}

void StepRunner::run(kernels::WorkerGroup& workers, const Memory& memory, int64_t images) {
  for (size_t s = 0; s < plan_->steps.size(); ++s) {
    steps_[s].count = task_count(*plan_, plan_->steps[s], images);
    steps_[s].next.store(0, std::memory_order_relaxed);
    steps_[s].done.store(0, std::memory_order_relaxed);
  }
  workers.run(workers.size(), [&](int64_t, int thread) { work(memory, images, thread); });
}

}  // namespace spinenet::engine

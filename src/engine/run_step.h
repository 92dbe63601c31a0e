// One task of one step: the part of the work that a thread does by itself.
//
// Thread contract: tasks of a step write different memory.
#pragma once

#include "engine/plan.h"

namespace spinenet {

struct StepMemory {
  float* maps = nullptr;
  float* scratch = nullptr;  // the thread's own
};

int64_t task_count(const Step& step);
void run_task(const CompiledPlan& plan, const Step& step, int64_t task, const StepMemory& memory);

void run_convolution(const CompiledPlan& plan, const ConvStep& step, const ConvTask& task, const StepMemory& memory);

}  // namespace spinenet

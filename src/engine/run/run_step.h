// One task of one step: the part of the work that a thread does by itself.
//
// Thread contract: tasks of a step write different memory.
#pragma once

#include "engine/plan/plan.h"

namespace spinenet::engine {

struct StepMemory {
  float* maps = nullptr;
  float* scratch = nullptr;  // the thread's own
  int64_t images = 1;        // of the batch: those that run
};

// An image of a map of floats.
inline float* image_of(const Map& map, int64_t image, const StepMemory& memory) {
  return memory.maps + map.offset + image * image_numbers(map);
}

int64_t task_count(const CompiledPlan& plan, const Step& step, int64_t images);
void run_task(const CompiledPlan& plan, const Step& step, int64_t task, const StepMemory& memory);

// A row of the input of a transposed convolution, of all images' rows, under one tap.
struct DeconvRow {
  const DeconvTap& tap;
  int64_t y = 0;
  int64_t first_pixel = 0;  // of the output, where the row's first sums go; the next lie a stride apart
};
void run_int8_deconv_row(const CompiledPlan& plan, const DeconvStep& step, const DeconvRow& row,
                         const StepMemory& memory);

// A row of a sum that reads or writes bytes, of at most so many terms.
constexpr size_t kMostMixedTerms = 8;
void run_mixed_row(const CompiledPlan& plan, const SumStep& step, int64_t image, int64_t y, const StepMemory& memory);

}  // namespace spinenet::engine

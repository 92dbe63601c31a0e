// A detector of two stages in the engine, which crops on all its threads straight from the trunk's maps to the input of
// a head.
//
// Thread contract: what engine_two_stage gives answers one thread at a time; several may share the plans.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "engine/plan/plan.h"
#include "runtime/two_stage.h"

namespace spinenet::runtime {

// Crops that a head computes together: enough that a product has rows to fill its blocks, and that the weights of the
// large dense layer are read rarely; few enough that maps stay in the last cache.
constexpr int kBoxHeadBatch = 64, kMaskHeadBatch = 16;

struct TwoStagePlans {
  std::shared_ptr<const engine::CompiledPlan> trunk;
  std::vector<std::shared_ptr<const engine::CompiledPlan>> box_heads;
  std::shared_ptr<const engine::CompiledPlan> mask_head;
};
// In the order of programs_of.
TwoStagePlans two_stage_plans(std::span<const std::shared_ptr<const engine::CompiledPlan>> plans);
// All networks share one worker group.
TwoStageForward engine_two_stage(const TwoStagePlans& plans, const PyramidLevels& levels);

}  // namespace spinenet::runtime

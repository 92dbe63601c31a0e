// A task of a convolution: rows of pixels through a product, or tiles through Winograd's transforms, in each number
// format.
//
// Thread contract: tasks of a step write different memory.
// Source: Lavin and Gray 2016; Meng and Brothers 2019 (Winograd's transforms in integers).
#pragma once

#include "engine/plan/work_partition.h"
#include "engine/run/run_step.h"

namespace spinenet::engine {

void run_convolution(const CompiledPlan& plan, const ConvStep& step, const ConvTask& task, const StepMemory& memory);

// Parts of it, for a task of at most step.choice.rows rows.
void run_int8_product(const CompiledPlan& plan, const ConvStep& step, const ConvTask& task, const StepMemory& memory);
void run_int8_winograd(const CompiledPlan& plan, const ConvStep& step, const ConvTask& task, const StepMemory& memory);
void run_in_tiles(const CompiledPlan& plan, const ConvStep& step, const ConvTask& task, const StepMemory& memory);

// A tile among the images of a batch.
struct TileAt {
  int64_t image = 0;
  const WinogradTile& tile;
};
inline TileAt tile_at(const ConvStep& step, int64_t row) {
  const auto tiles = static_cast<int64_t>(step.tiles.size());
  return {row / tiles, step.tiles[static_cast<size_t>(row % tiles)]};
}

// What the outputs of a task are made of: `columns` of them from `column` on.
struct Columns {
  int64_t column = 0, columns = 0;
};

}  // namespace spinenet::engine

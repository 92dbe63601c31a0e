#include "engine/plan/work_partition.h"

#include <algorithm>

#include "engine/plan/conv_layout.h"

namespace spinenet::engine {
namespace {

bool counts_lines(const ConvStep& step) {
  return step.choice.algorithm == ConvAlgorithm::tile_strips;
}

// Into how many parts each thread's share of the columns may go: where each part copies, transforms or rounds all rows
// again, there are no more parts than threads.
int64_t parts_of_share(const ConvStep& step) {
  return reads_rows_in_place(step) && step.format != NumberFormat::bf16 ? 2 : 1;
}

ConvTask task_of(const WorkPartition& work, size_t stretch, int64_t task) {
  const int64_t block = task / work.splits, split = task % work.splits;
  const int64_t row = block * work.rows / work.blocks, panel = split * work.panels / work.splits;
  return {static_cast<int>(stretch), row, (block + 1) * work.rows / work.blocks - row, panel,
          (split + 1) * work.panels / work.splits - panel};
}

}  // namespace

size_t stretch_count(const ConvStep& step) {
  return has_tiles(step) ? 1 : step.sites.size();
}

int64_t rows_in(const ConvStep& step, size_t stretch, int64_t images) {
  if (has_tiles(step)) return images * static_cast<int64_t>(step.tiles.size());
  const graph::Shape& out = step.sites[stretch].out.shape;
  return images * out.height * (counts_lines(step) ? 1 : out.width);
}

int64_t rows_at_a_time(const ConvStep& step, size_t stretch) {
  if (!counts_lines(step)) return step.choice.rows;
  return std::max<int64_t>(1, step.choice.rows / step.sites[stretch].out.shape.width);
}

WorkPartition partition(const ConvStep& step, size_t stretch, const WorkScope& scope) {
  WorkPartition work{rows_in(step, stretch, scope.images), parts(step.columns, scope.panel)};
  const int64_t shares = parts_of_share(step) * scope.threads;
  if (step.choice.share == Share::columns) {
    work.blocks = 1;
    work.splits = std::min(work.panels, shares);
    return work;
  }
  work.blocks = parts(work.rows, rows_at_a_time(step, stretch));
  if (work.blocks > scope.threads) {
    work.blocks = std::min(rounded_up(work.blocks, scope.threads), work.rows);
  } else if (scope.threads > 1) {
    work.splits = std::min(work.panels, parts(shares, work.blocks));
  }
  return work;
}

int64_t task_count(const ConvStep& step, const WorkScope& scope) {
  int64_t count = 0;
  for (size_t s = 0; s < stretch_count(step); ++s) count += partition(step, s, scope).tasks();
  return count;
}

ConvTask task_at(const ConvStep& step, const WorkScope& scope, int64_t task) {
  size_t stretch = 0;
  WorkPartition work = partition(step, stretch, scope);
  while (task >= work.tasks()) {
    task -= work.tasks();
    work = partition(step, ++stretch, scope);
  }
  return task_of(work, stretch, task);
}

}  // namespace spinenet::engine

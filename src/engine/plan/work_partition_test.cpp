// Partitions of steps of every number format: every row and panel once, and work for every thread.
#include "engine/plan/work_partition.h"

#include <vector>

#include <gtest/gtest.h>

#include "engine/compile/conv_choice.h"
#include "engine/plan/conv_layout.h"

namespace spinenet::engine {
namespace {

constexpr int kPanel = 32;

// A 3x3 or 1x1 convolution of 64 to `columns` channels on two maps.
ConvStep step_of(NumberFormat format, const ConvChoice& choice, int64_t columns) {
  ConvStep step;
  step.format = format;
  step.columns = columns;
  step.conv.kernel = choice.algorithm == ConvAlgorithm::direct ? 1 : 3;
  step.conv.pad_before = step.conv.pad_after = step.conv.kernel / 2;
  for (const int64_t side : {13, 40}) {
    ConvSite& site = step.sites.emplace_back();
    site.in.shape = {64, side, side};
    site.out.shape = {columns, side, side};
    site.in.stride = 64;
    site.out.stride = columns;
  }
  take_choice(step, choice);
  return step;
}

// How often each row and panel of each stretch is in a task.
std::vector<std::vector<int>> covered(const ConvStep& step, const WorkScope& scope) {
  const int64_t panels = parts(step.columns, scope.panel);
  std::vector<std::vector<int>> found;
  for (size_t s = 0; s < stretch_count(step); ++s) {
    found.emplace_back(static_cast<size_t>(rows_in(step, s, scope.images) * panels));
  }
  for (int64_t t = 0; t < task_count(step, scope); ++t) {
    const ConvTask task = task_at(step, scope, t);
    EXPECT_GT(task.rows, 0);
    EXPECT_GT(task.panels, 0);
    for (int64_t r = task.first_row; r < task.first_row + task.rows; ++r) {
      for (int64_t p = task.first_panel; p < task.first_panel + task.panels; ++p) {
        ++found[static_cast<size_t>(task.site)][static_cast<size_t>(r * panels + p)];
      }
    }
  }
  return found;
}

TEST(WorkPartition, CoversEveryRowAndPanelOnceInEveryFormat) {
  for (const NumberFormat format : {NumberFormat::fp32, NumberFormat::bf16, NumberFormat::int8}) {
    for (const auto algorithm : {ConvAlgorithm::direct, ConvAlgorithm::gathered, ConvAlgorithm::winograd}) {
      for (const Share share : {Share::rows, Share::columns}) {
        for (const int64_t rows : {7, 56, 224}) {
          const ConvStep step = step_of(format, {algorithm, rows, share}, 144);
          for (const WorkScope& scope : {WorkScope{kPanel, 1, 1}, {kPanel, 2, 3}, {kPanel, 16, 1}}) {
            for (const std::vector<int>& stretch : covered(step, scope)) {
              EXPECT_EQ(stretch, std::vector<int>(stretch.size(), 1));
            }
          }
        }
      }
    }
  }
}

TEST(WorkPartition, IsTheSameForEveryFormatThatReadsItsRowsInTheSameWay) {
  const ConvChoice choice{ConvAlgorithm::gathered, 56, Share::rows};
  for (const int threads : {1, 2, 8, 64}) {
    const WorkScope scope{kPanel, threads, 1};
    const int64_t floats = task_count(step_of(NumberFormat::fp32, choice, 256), scope);
    EXPECT_EQ(task_count(step_of(NumberFormat::bf16, choice, 256), scope), floats);
    EXPECT_EQ(task_count(step_of(NumberFormat::int8, choice, 256), scope), floats);
  }
}

TEST(WorkPartition, GivesEveryThreadTheSameNumberOfBlocksOrAPartOfTheColumns) {
  const ConvStep step = step_of(NumberFormat::int8, {ConvAlgorithm::gathered, 56, Share::rows}, 256);
  EXPECT_EQ(partition(step, 1, {kPanel, 3, 1}).blocks, 30) << "1,600 rows are 29 blocks of at most 56";
  const WorkPartition small = partition(step, 0, {kPanel, 8, 1});
  EXPECT_EQ(small.blocks, 4) << "169 rows";
  EXPECT_EQ(small.splits, 2);
}

}  // namespace
}  // namespace spinenet::engine

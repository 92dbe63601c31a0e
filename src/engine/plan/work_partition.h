// How the work of a convolution is divided among threads, in every number format: its products' rows in blocks, and few
// blocks by panels of columns, too, so that every thread has work.
//
// A partition is made again for each number of images: it costs a few divisions, and a batch that is not full keeps all
// threads at work. Invariant: the tasks of a partition cover every row and panel once, each task has rows, and the
// results do not depend on the partition. Thread contract: plain values and pure functions.
#pragma once

#include <cstdint>

#include "engine/plan/plan.h"

namespace spinenet::engine {

// Who shares the work.
struct WorkScope {
  int panel = 0, threads = 1;
  int64_t images = 1;
};

// Rows (pixels of all images, lines of all images in strips, or Winograd's tiles over all images and sites) and panels
// of columns.
struct ConvTask {
  int site = 0;
  int64_t first_row = 0, rows = 0;
  int64_t first_panel = 0, panels = 0;
};

// One stretch of rows, which lie one after the other: those of one site, or Winograd's tiles over all sites.
struct WorkPartition {
  int64_t rows = 0, panels = 0;
  int64_t blocks = 0, splits = 1;  // parts of the rows, parts of the panels

  int64_t tasks() const { return blocks * splits; }
};

size_t stretch_count(const ConvStep& step);
int64_t rows_in(const ConvStep& step, size_t stretch, int64_t images);
// So many of them are computed at a time, at most.
int64_t rows_at_a_time(const ConvStep& step, size_t stretch);
WorkPartition partition(const ConvStep& step, size_t stretch, const WorkScope& scope);

// The tasks of all stretches.
int64_t task_count(const ConvStep& step, const WorkScope& scope);
ConvTask task_at(const ConvStep& step, const WorkScope& scope, int64_t task);

}  // namespace spinenet::engine

// What the drawing of an architecture shows, before any coordinate: boxes in columns and rows, and connections.
//
// Invariant: connections lead from a box to a later one. Thread contract: a pure function.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "arch/architecture.h"
#include "graph/lower.h"

namespace spinenet::plot {

// sum and attention are the merges of a searched pyramid.
enum class PictureKind { stem, residual, bottleneck, inverted_bottleneck, convolution, pool, sum, attention };

struct PictureBox {
  PictureKind kind = PictureKind::bottleneck;
  int level = 2;
  int channels = 64;
  int repeats = 1;
  std::string label;   // inside: "5", "C4"
  std::string output;  // "P4" where the head reads it
  std::string title;   // shown by a viewer under the pointer
};

struct PictureConnection {
  int from = 0, to = 0;
  bool raw = false;  // an unused block, added as it is
};

struct Picture {
  std::vector<PictureBox> boxes;  // one column each
  std::vector<PictureConnection> connections;
};

Picture picture_of(const arch::Architecture& architecture, const graph::LowerOptions& options);

std::string_view name_of(PictureKind kind);

}  // namespace spinenet::plot

// What the drawing of an architecture shows, before any coordinate: boxes in columns and rows, and connections.
//
// Invariant: connections lead from a box to a later one. Thread contract: a pure function.
#pragma once

#include <string>
#include <vector>

#include "arch/architecture.h"
#include "base/enum_names.h"
#include "graph/lower.h"

namespace spinenet::plot {

// sum and attention are the merges of a searched pyramid.
enum class DrawingKind { stem, residual, bottleneck, inverted_bottleneck, convolution, pool, sum, attention };
constexpr auto names(DrawingKind) {
  using enum DrawingKind;
  return named<DrawingKind>({{stem, "stem"},
                             {residual, "residual"},
                             {bottleneck, "bottleneck"},
                             {inverted_bottleneck, "inverted_bottleneck"},
                             {convolution, "convolution"},
                             {pool, "pool"},
                             {sum, "sum"},
                             {attention, "attention"}});
}

struct DrawingBox {
  DrawingKind kind = DrawingKind::bottleneck;
  int level = 2;
  int channels = 64;
  int repeats = 1;
  std::string label;   // inside: "5", "C4"
  std::string output;  // "P4" where the head reads it
  std::string title;   // shown by a viewer under the pointer
};

struct DrawingConnection {
  int from = 0, to = 0;
  bool raw = false;  // an unused block, added as it is
};

struct Drawing {
  std::vector<DrawingBox> boxes;  // one column each
  std::vector<DrawingConnection> connections;
};

Drawing drawing_of(const arch::Architecture& architecture, const graph::LowerOptions& options);

}  // namespace spinenet::plot

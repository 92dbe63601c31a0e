// What the drawing of an architecture shows, before any coordinate: boxes in columns and rows, and connections.
//
// Invariant: connections lead from a box to a later one, in a column further right; no two boxes share row and column.
// Thread contract: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "arch/architecture.h"
#include "base/enum_names.h"
#include "graph/lower.h"

namespace spinenet::plot {

// sum and attention are the merges of a searched pyramid; sum is also where branches meet.
enum class DrawingKind {
  stem,
  residual,
  bottleneck,
  dilated_bottleneck,
  inverted_bottleneck,
  convolution,
  pool,
  concatenation,
  sum,
  attention
};
constexpr auto names(DrawingKind) {
  using enum DrawingKind;
  return named<DrawingKind>({{stem, "stem"},
                             {residual, "residual"},
                             {bottleneck, "bottleneck"},
                             {dilated_bottleneck, "dilated_bottleneck"},
                             {inverted_bottleneck, "inverted_bottleneck"},
                             {convolution, "convolution"},
                             {pool, "pool"},
                             {concatenation, "concatenation"},
                             {sum, "sum"},
                             {attention, "attention"}});
}

struct DrawingBox {
  DrawingKind kind = DrawingKind::bottleneck;
  int level = 2;  // its row: cells stand 2^level pixels apart
  int channels = 64;
  int repeats = 1;
  std::string label;   // inside: "5", "C4"
  std::string output;  // "P4" where the head reads it
  std::string title;   // shown by a viewer under the pointer
  int column = 0;      // boxes of different rows may share one
};

struct DrawingConnection {
  int from = 0, to = 0;
  bool raw = false;  // added as it is: an unused block, or the parent of an identity path
};

struct Drawing {
  std::vector<DrawingBox> boxes;
  std::vector<DrawingConnection> connections;
};

Drawing drawing_of(const arch::Architecture& architecture, const graph::LowerOptions& options);

// "256×80×80".
std::string map_text(int64_t channels, int64_t height, int64_t width);
// What the operations whose names begin so cost, and a line of what they are.
std::string part_text(const graph::Program& program, std::string_view prefix);

}  // namespace spinenet::plot

// The necks of YOLOv4 and YOLOv4-tiny, and the latter's backbone. What is concatenated is drawn as such: a map that two
// boxes read leads to both.
#include <tuple>

#include "base/format.h"
#include "plot/backbone_drawing.h"

namespace spinenet::plot {

// The map itself stands beside the pools of three windows.
int BackboneDrawing::draw_spp(int feature) {
  const int level = a_.max_level;
  const int before = add({DrawingKind::convolution, level, "neck.spp.before.", "", "", 3}, {feature});
  std::vector<int> maps;
  for (const int window : {13, 9, 5}) {
    maps.push_back(
        add({DrawingKind::pool, level, fmt::format("neck.spp.pool{}", window), std::to_string(window)}, {before}));
  }
  maps.push_back(before);
  const int all = add({DrawingKind::concatenation, level, "neck.spp.concat", ""}, maps);
  return add({DrawingKind::convolution, level, "neck.spp.after.", "", "", 3}, {all});
}

// From the coarsest level up to the finest, and back.
void BackboneDrawing::draw_pan(const std::vector<int>& features) {
  const int finest = a_.min_level, coarsest = a_.max_level;
  const auto at = [&](int level) { return static_cast<size_t>(level - finest); };
  std::vector<int> maps(features.size());
  maps[at(coarsest)] = draw_spp(features[at(coarsest)]);
  for (int level = coarsest - 1; level >= finest; --level) {
    const std::string scope = fmt::format("neck.up.p{}.", level);
    const int coarser = add({DrawingKind::convolution, level + 1, scope + "coarser.", ""}, {maps[at(level + 1)]});
    const int lateral = add_beside({DrawingKind::convolution, level, scope + "lateral.", ""}, {features[at(level)]});
    const int both = add({DrawingKind::concatenation, level, scope + "concat", ""}, {lateral, coarser});
    maps[at(level)] = add(
        {DrawingKind::convolution, level, scope + "convs.", "", level == finest ? fmt::format("P{}", level) : "", 5},
        {both});
  }
  for (int level = finest + 1; level <= coarsest; ++level) {
    const std::string scope = fmt::format("neck.down.p{}.", level);
    const int finer = add({DrawingKind::convolution, level, scope + "finer.", ""}, {maps[at(level - 1)]});
    const int both = add({DrawingKind::concatenation, level, scope + "concat", ""}, {finer, maps[at(level)]});
    maps[at(level)] =
        add({DrawingKind::convolution, level, scope + "convs.", "", fmt::format("P{}", level), 5}, {both});
  }
}

// A stage is called by the level that its pool gives, one coarser than its own.
std::pair<int, int> BackboneDrawing::tiny_stage(int level, int from) {
  const std::string scope = fmt::format("stages.c{}.", level);
  const int own = level - 1;
  const int whole = add({DrawingKind::convolution, own, scope + "main.", ""}, {from});
  const int first = add({DrawingKind::convolution, own, scope + "first.", "\u00BD"}, {whole});
  const int second = add({DrawingKind::convolution, own, scope + "second.", ""}, {first});
  const int both = add({DrawingKind::concatenation, own, scope + "inner_concat", ""}, {second, first});
  const int inside = add({DrawingKind::convolution, own, scope + "join.", ""}, {both});
  const int all = add({DrawingKind::concatenation, own, scope + "concat", ""}, {whole, inside});
  return {inside, add({DrawingKind::pool, level, scope + "pool", ""}, {all})};
}

Drawing BackboneDrawing::draw(const arch::CspDarknetTiny& backbone) {
  int last = add({DrawingKind::stem, arch::kStemLevel, "stem.", "stem"}, {});
  int finer = last;
  for (int level = 3; level <= 5; ++level) std::tie(finer, last) = tiny_stage(level, last);
  last = add({DrawingKind::convolution, 5, "stages.last.", "C5"}, {last});
  if (!backbone.pyramid) return std::move(drawing_);
  const int narrow = add({DrawingKind::convolution, 5, "neck.reduce.", ""}, {last});
  const int coarser = add({DrawingKind::convolution, 5, "neck.up.p4.coarser.", ""}, {narrow});
  const int both = add({DrawingKind::concatenation, 4, "neck.up.p4.concat", ""}, {coarser, finer});
  add_beside({DrawingKind::convolution, 5, "neck.p5.", "", "P5"}, {narrow});
  add({DrawingKind::convolution, 4, "neck.p4.", "", "P4"}, {both});
  return std::move(drawing_);
}

}  // namespace spinenet::plot

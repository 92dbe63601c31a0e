// The drawings of all backbones but the scale-permuted one, each with its pyramid where it has one: of an Architecture
// the boxes that its Program is made of.
//
// Invariant: as that of Drawing. Thread contract: an object draws once, in one thread.
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "plot/architecture_drawing.h"

namespace spinenet::plot {

class BackboneDrawing {
 public:
  BackboneDrawing(const arch::Architecture& a, const graph::LowerOptions& options);

  Drawing draw(const arch::ResNet& backbone);
  Drawing draw(const arch::ResNetFpn& backbone);
  // The merges of the cell are drawn once.
  Drawing draw(const arch::ResNetNasFpn& backbone);
  Drawing draw(const arch::Vgg& backbone);
  Drawing draw(const arch::CspDarknet& backbone);
  Drawing draw(const arch::CspDarknetTiny& backbone);
  Drawing draw(const arch::EfficientNetLite& backbone);
  Drawing draw(const arch::HrNet& backbone);
  Drawing draw(const arch::DetNet& backbone);

 private:
  struct Part {
    DrawingKind kind = DrawingKind::convolution;
    int level = 2;
    std::string prefix = {};  // of its operations; the last one has its map
    std::string label = {};
    std::string output = {};
    int repeats = 1;
  };
  // Boxes are named by their number. The first is in a new column, the second in that of the last box.
  int add(const Part& part, const std::vector<int>& from);
  int add_beside(const Part& part, const std::vector<int>& from);

  // Stem and stages of level 2 and up; the last box of each stage.
  std::vector<int> bottleneck_stages(std::span<const int> stages);
  // Of the boxes of the backbone's levels, the finest first.
  void feature_pyramid(const std::vector<int>& features, int first_level);
  void draw_merge(const arch::ResNetNasFpn& backbone, size_t k, int first);
  int split_stage(int level, int blocks, int from);
  // Of the boxes of levels 3, 4 and 5 (yolo_drawing.cpp).
  void draw_pan(const std::vector<int>& features);
  int draw_spp(int feature);
  // The last box of the small convolutions, and of the stage.
  std::pair<int, int> tiny_stage(int level, int from);
  std::vector<int> draw_module(const std::string& module, size_t branches, const std::vector<int>& from);
  void draw_hrfpn(const std::vector<int>& sums);
  void draw_hrnet_head(const std::vector<int>& sums);
  // The row of a level.
  int row(int level) const;

  const arch::Architecture& a_;
  graph::Program program_;
  Drawing drawing_;
};

}  // namespace spinenet::plot

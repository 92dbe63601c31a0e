// Rules that turn TensorFlow's layers into ours: a layer of a Program and where the source has it give the rules of all
// its parameters.
//
// Thread contract: pure functions.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "formats/import/naming.h"
#include "graph/program.h"

namespace spinenet::formats {

// What a layer's outputs are in the source beside those that we have: the first of each group of `outputs`, and there
// are `groups` groups. The class outputs of a RetinaNet head are A groups of 1 + K, of which the first is dropped.
struct SourceOutputs {
  int64_t groups = 1;
  int64_t dropped = 0;  // of each group, in front
};

struct SourceLayer {
  std::string name;  // "backbone/layer_with_weights-3/_conv1"
  SourceOutputs outputs{};
  bool dense = false;             // its kernel is [in, out], where `in` is a map by rows, columns and channels
  std::string kernel = "kernel";  // of a separable layer, which is two of ours, "pointwise_kernel"
};

// A layer of ours ("blocks.0.0.conv1", the name of its parameters without ".weight") and the source's.
using LayerMap = std::map<std::string, SourceLayer>;

// The rules of the parameters of those layers of `programs` that the map has.
std::vector<ParameterRule> layer_rules(std::span<const graph::Program> programs, const LayerMap& layers);

// The name of the layer whose parameters an operation has; empty where it has none.
std::string layer_of(const graph::Program& program, const graph::Op& op);

}  // namespace spinenet::formats

// How the tensors of a foreign file become our parameters: one rule for each parameter of the network, which says what
// source tensors it is made of and how.
//
// A naming belongs to one family of networks and one program that publishes them ("torchvision" for ResNet). It is
// chosen by the names that are in the file, never by the file's own name.
//
// Thread contract: pure functions.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "arch/architecture.h"
#include "base/host_tensor.h"
#include "formats/import/source_tensors.h"

namespace spinenet::formats {

// Gives the parameter of the source tensors, which come in the order of ParameterRule::sources. Absent: the one source
// tensor as it is, where only its extents of 1 may differ from the parameter's ([1000, 2048] for [1000, 2048, 1, 1]).
using Conversion = std::function<HostTensor(std::span<const HostTensor> sources)>;

struct ParameterRule {
  std::string parameter;             // ours
  std::vector<std::string> sources;  // theirs, nearly always one
  // The shape of each source tensor; empty where `convert` is absent.
  std::vector<std::vector<int64_t>> source_shapes;
  Conversion convert;
};

// How pixels become the source's input.
struct SourcePixels {
  std::vector<float> mean, deviation;  // of values 0 to 255, in the order red, green, blue
  bool blue_first = false;
};

struct Naming {
  std::string name;                 // "torchvision, timm": for messages and the report
  arch::Architecture architecture;  // as asked for, with the padding, epsilon and so on that the source implies
  SourcePixels pixels;
  std::vector<ParameterRule> rules;  // for every parameter of the backbone, and for those of the head that it can give
  std::vector<std::string> ignored;  // source tensors that no network needs: num_batches_tracked
};

// Turns a TensorFlow kernel [height, width, in, out] into [out, in, height, width].
HostTensor kernel_from_hwio(std::span<const HostTensor> sources);
// And a depthwise one [height, width, channels, multiplier] into [channels * multiplier, 1, height, width].
HostTensor depthwise_kernel_from_hwio(std::span<const HostTensor> sources);
// [in, out] into [out, in, 1, 1].
HostTensor dense_from_tensorflow(std::span<const HostTensor> sources);

}  // namespace spinenet::formats

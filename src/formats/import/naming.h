// How the tensors of a foreign file become our parameters: one rule for each parameter of the network, which says what
// source tensors it is made of and how.
//
// A naming belongs to one family of networks and one program that publishes them ("torchvision" for ResNet). It is
// chosen by the names that are in the file, never by the file's own name.
//
// Thread contract: pure functions.
#pragma once

#include <array>
#include <functional>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "arch/architecture.h"
#include "base/host_tensor.h"
#include "detect/letterbox.h"
#include "formats/import/source_tensors.h"
#include "graph/program.h"

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
  // Of the pixel values in [0, 1], in the order red, green, blue.
  std::array<float, 3> mean{0.485F, 0.456F, 0.406F};
  std::array<float, 3> deviation{0.229F, 0.224F, 0.225F};
  int image_size = 224;                                // what its accuracy was measured at
  double center_crop = 0.875;                          // share of the shorter side that a classifier looked at
  detect::ImageFit fit = detect::ImageFit::letterbox;  // of a detector's input
};

struct Naming {
  std::string name;                 // "torchvision, timm": for messages and the report
  arch::Architecture architecture;  // as asked for, with the padding, epsilon and so on that the source implies
  SourcePixels pixels;
  std::vector<ParameterRule> rules;  // for every parameter that the source can give
  // Source tensors that no network needs ("num_batches_tracked"): those whose names end so.
  std::vector<std::string> ignored;
  // What the names of the source's backbone begin with ("layer1."). All of them have a place in the architecture that
  // the file was made for: one that is left over says that it is another one.
  std::vector<std::string> backbone;
  // Whether the source's program has networks with several activations, of which its files do not say theirs.
  bool any_activation = false;
  int64_t classes = 0;   // of the source's head for this task; 0: it has none, or the last layer says it
  int64_t first_id = 0;  // of those classes, which are numbered
};

// What a naming is made for: the parameters are those of the network that `architecture` and the task give.
struct NamingRequest {
  const arch::Architecture& architecture;
  std::span<const graph::Parameter> parameters;
  const SourceTensors& source;
  int64_t classes = 0;  // 0: as many as the source has
};

// The naming whose names are in the source. ErrorKind::bad_data where there is none, with what was looked for.
Naming find_naming(const NamingRequest& request);

// Tools of namings --------------------------------------------------------------------------------------------------

// The source's name of a parameter, "" where it has none.
using Rename = std::function<std::string(std::string_view parameter)>;
// A rule of one source for each parameter that has a name there.
void add_rules(Naming& naming, std::span<const graph::Parameter> parameters, const Rename& source_of);

// "backbone.layer1." and so on.
std::vector<std::string> with_prefix(std::string_view prefix, std::initializer_list<std::string_view> names);

// The same numbers in another shape: [4096, 25088] as [4096, 512, 7, 7].
Conversion reshaped_to(std::vector<int64_t> shape);
// Turns a TensorFlow kernel [height, width, in, out] into [out, in, height, width].
HostTensor kernel_from_hwio(std::span<const HostTensor> sources);
// And a depthwise one [height, width, channels, multiplier] into [channels * multiplier, 1, height, width].
HostTensor depthwise_kernel_from_hwio(std::span<const HostTensor> sources);

}  // namespace spinenet::formats

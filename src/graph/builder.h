// Writes a Program one operation at a time, with shapes inferred as it goes; its calls read like the paper. Lowerings
// are written with it.
//
// Invariant: the program under construction always verifies. A Builder belongs to one thread.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "graph/names.h"
#include "graph/program.h"

namespace spinenet::graph {

class Builder {
 public:
  // The rules that hold for the whole network.
  struct Rules {
    arch::Activation activation = arch::Activation::relu;
    arch::Padding padding = arch::Padding::symmetric;
    arch::BatchNormSettings batch_norm;
  };
  struct ConvOptions {
    int64_t filters = 0;
    int kernel = 1;
    int stride = 1;
    bool bias = false;
    ParameterRole role = ParameterRole::kernel;
    ParameterRole bias_role = ParameterRole::bias;
    int64_t anchor_channels = 0;  // of a yolo_bias
    bool padded = true;           // by the network's rule; else the window stays within the map
    int groups = 1;               // 1, or the number of channels
    int dilation = 1;             // the padding counts the dilated kernel
  };

  Builder(Shape input, Rules rules);

  ValueId input() const { return 0; }
  const Shape& shape(ValueId value) const { return program_.values[static_cast<size_t>(value)]; }

  // `name` is the operation's; parameters are called `parameters` + ".weight" and so on (by default the same name).
  ValueId conv(ValueId x, const ConvOptions& options, std::string name, const std::string& parameters = {});
  // Twice the size, by a kernel of 2 with stride 2.
  ValueId deconv(ValueId x, int64_t filters, bool bias, std::string name);
  ValueId batch_norm(ValueId x, std::string name, ParameterRole weight_role = ParameterRole::norm_weight,
                     ParameterRole bias_role = ParameterRole::norm_bias);
  ValueId activate(ValueId x, std::string name);  // the network's activation
  ValueId activate(ValueId x, arch::Activation kind, std::string name);
  ValueId max_pool(ValueId x, int kernel, int stride, std::string name);
  // The windows stay within the map; what fills no whole one is dropped.
  ValueId unpadded_max_pool(ValueId x, int kernel, int stride, std::string name);
  ValueId average_pool(ValueId x, int kernel, int stride, std::string name);
  ValueId global_pool(ValueId x, PoolKind kind, std::string name);
  ValueId upsample(ValueId x, int factor, std::string name);
  // To a size that the factor reaches or passes by less than one pixel of x.
  ValueId upsample(ValueId x, int factor, int64_t height, int64_t width, std::string name);
  ValueId bilinear_upsample(ValueId x, int factor, std::string name);
  ValueId bilinear_upsample(ValueId x, int factor, int64_t height, int64_t width, std::string name);
  ValueId add(const std::vector<ValueId>& values, std::string name);
  ValueId mean(const std::vector<ValueId>& values, std::string name);
  // Their channels in this order.
  ValueId concat(const std::vector<ValueId>& values, std::string name);
  ValueId slice(ValueId x, int64_t first, int64_t count, std::string name);
  ValueId scale(ValueId x, ValueId gate, std::string name);
  ValueId sigmoid(ValueId x, bool hard, std::string name);
  // x itself when the rate is 0.
  ValueId drop_path(ValueId x, double rate, std::string name);
  void output(std::string name, ValueId value);

  // The verified program.
  Program finish();

 private:
  ValueId append(std::string name, OpKind kind, ShortList<ValueId, 4> inputs, ShortList<ParameterId, 4> parameters,
                 Shape shape);
  // An operation on one value that has no parameters.
  ValueId append_one(OpKind kind, ValueId x, std::string name);
  ValueId join(OpKind kind, const std::vector<ValueId>& values, std::string name);
  ParameterId parameter(std::string name, Extents shape, ParameterRole role);

  Rules rules_;
  Program program_;
  NameIndex parameter_names_;
};

}  // namespace spinenet::graph

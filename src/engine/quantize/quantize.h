// Which values of a Network become bytes, and which convolutions compute with them: all that may, but for those that a
// calibration keeps in floats.
//
// Bytes are what a quantised convolution reads. What writes either kind (those convolutions, sums) writes bytes where
// such a convolution reads them, at once or by way of sums and pools; a pool keeps its input's. Between the two kinds
// lies a sum of one term. The image becomes bytes where only such convolutions read it and the calibration has its
// range; those of older versions have none. Crops of another network's maps come as floats, which a sum of one
// term converts to bytes. Thread contract: a pure function of its arguments.
#pragma once

#include <optional>
#include <string>

#include "engine/compile/network.h"
#include "engine/quantize/quantization.h"

namespace spinenet::engine {

// Sets the network's formats. `crops`: its input is a crop of another network's maps. ErrorKind::bad_data, said of
// `place`, when the calibration lacks a node's range or keeps one that the network does not have.
void quantize(Network& network, const Calibration& calibration, bool crops, const std::string& place);

// A convolution of a quantised network, transposed or not, that multiplies bytes.
bool multiplies_bytes(const Network& network, const Node& node);

// A convolution that could, if its input is bytes.
bool may_multiply_bytes(const Node& node);
// The weights that it multiplies with; nothing for a node that could not.
std::optional<graph::ParameterId> weight_of_bytes(const Node& node);

}  // namespace spinenet::engine

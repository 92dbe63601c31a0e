// Darknet's .weights: a short header and the floats of all layers in the order of the network's description, without
// names, shapes or checksums. So the layers must be known, and the file must be exactly as long as they are.
//
// Of the layer with number i come "i.biases", "i.scales", "i.rolling_mean", "i.rolling_variance" (the last three of a
// layer with a batch norm) and "i.weights".
//
// Thread contract: pure functions; the tensors' `read` as SourceTensors says.
// Source: darknet's parser.c, functions load_weights_upto and load_convolutional_weights.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "formats/import/file_bytes.h"
#include "formats/import/source_tensors.h"

namespace spinenet::formats {

struct DarknetLayer {
  int64_t filters = 0, channels = 0, kernel = 1;
  bool batch_norm = true;
};

// Numbers that the layers have.
int64_t floats_of(std::span<const DarknetLayer> layers);

// Numbers behind the header of the file. ErrorKind::bad_data for a header that is none.
int64_t darknet_floats(const FileBytes& file);

// ErrorKind::bad_data for a header that is none, and for a file that is longer or shorter than header and layers.
SourceTensors read_darknet(const std::shared_ptr<const FileBytes>& file, std::span<const DarknetLayer> layers);

}  // namespace spinenet::formats

// Runs the graph of an OnnxFile as the ONNX operator specification defines it, for the operators that this program
// writes: what an exported file gives is measured by it, from the bytes alone and with nothing shared with
// graph/reference.
//
// Thread contract: a pure function; it uses `threads` threads.
// Source: ONNX operator sets 13 and 16.
#pragma once

#include <map>
#include <span>
#include <string>

#include "formats/onnx/file.h"

namespace spinenet::formats {

using OnnxValues = std::map<std::string, OnnxTensor>;

// `given`: the inputs, or values from within the graph; only what `wanted` needs beyond them is computed. Extents which
// the file declares of its inputs are not enforced. ErrorKind::bad_data naming the node for an unknown operator or
// values that do not fit it.
OnnxValues run_onnx(const OnnxFile& file, const OnnxValues& given, std::span<const std::string> wanted, int threads);

}  // namespace spinenet::formats

// Opening a file of foreign weights, whatever its format: the format follows from its first bytes.
//
// Thread contract: pure functions.
#pragma once

#include <filesystem>
#include <memory>

#include "base/enum_names.h"
#include "formats/import/file_bytes.h"
#include "formats/import/source_tensors.h"

namespace spinenet::formats {

enum class SourceFormat { pytorch, safetensors, darknet };
constexpr auto names(SourceFormat) {
  using enum SourceFormat;
  return named<SourceFormat>({{pytorch, "PyTorch"}, {safetensors, "safetensors"}, {darknet, "Darknet"}});
}

// Darknet's files begin with nothing of their own, so they are those that are called .weights or .conv.N (N being how
// many convolutions they hold) and are neither of the others. ErrorKind::bad_data for a file that is none of them.
SourceFormat source_format(const FileBytes& file);

// A safetensors file of another program, its tensors read one at a time. ErrorKind::usage for a model of this program,
// which needs no import.
SourceTensors read_safetensors_source(const std::shared_ptr<const FileBytes>& file);

}  // namespace spinenet::formats

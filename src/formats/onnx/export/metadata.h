// What an exported file says of itself, key by key: docs/export.md lists them.
//
// Thread contract: a pure function.
#pragma once

#include <map>
#include <string>

#include "formats/model_file.h"
#include "formats/onnx/export/export.h"

namespace spinenet::formats {

std::map<std::string, std::string> metadata_of(const ModelFile& model, const OnnxOptions& options);

}  // namespace spinenet::formats

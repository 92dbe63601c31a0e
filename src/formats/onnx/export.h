// A trained network as an ONNX file: what the file holds, in three forms, and the file itself, checked before it is
// kept.
//
//   raw         class.p3.., box.p3..: the outputs of the network as they are
//   boxes       boxes [N, anchors, 4] and scores [N, anchors, classes] of every anchor
//   detections  the best after suppression: boxes [N, D, 4], scores [N, D], labels [N, D], count [N]
//
// The input `image` is [N, 3, H, W], normalised. Everything a user of the file needs to know is in its metadata
// (docs/export.md lists the keys).
//
// Thread contract: free functions on their arguments.
#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <string_view>

#include "detect/anchors.h"
#include "detect/postprocess.h"
#include "formats/model_file.h"
#include "formats/onnx/check.h"
#include "formats/onnx/file.h"
#include "graph/program.h"

namespace spinenet {

enum class OnnxForm { raw, boxes, detections };
constexpr std::array<std::string_view, 3> names(OnnxForm) {
  return {"raw", "boxes", "detections"};
}

struct OnnxOptions {
  OnnxForm form = OnnxForm::detections;
  int64_t batch = 0;          // 0: any, chosen at each run
  int height = 0, width = 0;  // of the input; 0: any multiple of 2^max_level, chosen at each run
  AnchorOptions anchors;
  PostprocessOptions post;
  std::string program_version;
};

// `program`: the detector of the model, lowered for the input size, or for any size where that is open.
// ErrorKind::usage when there are fewer candidates than max_detections.
OnnxFile make_onnx(const Program& program, const ModelFile& model, const OnnxOptions& options);

// Writes the file beside `path`, reads it back, checks it (formats/onnx/check.h) and only then puts it in its place.
// ErrorKind::failed when it differs from the source by more than the limit: nothing is left of it then, and what was at
// `path` is as it was.
OnnxCheck export_onnx(const std::filesystem::path& path, const OnnxFile& file, const OnnxCheckOptions& check);

}  // namespace spinenet

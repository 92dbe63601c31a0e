// A trained network as an ONNX file: what the file holds, in several forms, and the file itself, checked before it is
// kept.
//
//   raw         class.p3.., box.p3.., or yolo.p3.. of a YOLO head: the outputs of the network as they are
//   boxes       boxes [N, anchors, 4] and scores [N, anchors, classes] of every anchor
//   detections  the best after suppression: boxes [N, D, 4], scores [N, D], labels [N, D], count [N]
//
// of a detector with a YOLO head in the first two, since ONNX has no suppression by its rule; of a classifier in two:
// raw (class [N, K, 1, 1]) and scores [N, K], which add up to 1. Of a model that segments in one: detections, of one
// image, with masks (formats/onnx/export/export_segmenter.h).
//
// The input `image` is [N, 3, H, W], normalised. Everything a user of the file needs to know is in its metadata
// (docs/export.md lists the keys).
//
// Thread contract: free functions on their arguments.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "arch/task.h"
#include "base/enum_names.h"
#include "base/output.h"
#include "detect/anchors.h"
#include "detect/postprocess.h"
#include "detect/proposals.h"
#include "detect/yolo_head.h"
#include "formats/model_file.h"
#include "formats/onnx/check/check.h"
#include "formats/onnx/file.h"
#include "graph/program.h"

namespace spinenet::formats {

enum class OnnxForm { raw, boxes, detections, scores };
constexpr auto names(OnnxForm) {
  using enum OnnxForm;
  return named<OnnxForm>({{raw, "raw"}, {boxes, "boxes"}, {detections, "detections"}, {scores, "scores"}});
}
// Those that a task has, of a detector with this head; the usual one last.
std::span<const OnnxForm> forms_of(arch::Task task, arch::HeadKind head = arch::HeadKind::retina);

struct OnnxOptions {
  OnnxForm form = OnnxForm::detections;
  int64_t batch = 0;  // 0: any, chosen at each run
  // Of the input; 0: any multiple of the coarsest stride, chosen at each run. A fixed size of a classifier may be any.
  int height = 0, width = 0;
  // What an image is scaled to fit in, for the metadata; 0: the size that the model was trained for.
  int image_height = 0, image_width = 0;
  detect::AnchorOptions anchors;
  std::vector<detect::YoloLevel> yolo;  // of a YOLO head; none: the head is another one
  detect::PostprocessOptions post;
  detect::ProposalOptions proposals;  // of a model that segments
  bool single_point = false;          // the same: how its heads read ROIs (see detect/roi_align.h)
  std::string program_version;
};

// `program`: the network of the model, lowered for the input size, or for the coarsest stride where that is open.
// ErrorKind::usage when the task does not have the form, or when there are fewer candidates than max_detections.
OnnxFile make_onnx(const graph::Program& program, const ModelFile& model, const OnnxOptions& options);

// Reads the bytes of the file back, checks them (formats/onnx/check/check.h) and only then writes them.
// ErrorKind::failed when it differs from the source by more than the limit: nothing is written then.
OnnxCheck export_onnx(const Output& output, const OnnxFile& file, const OnnxCheckOptions& check);

}  // namespace spinenet::formats

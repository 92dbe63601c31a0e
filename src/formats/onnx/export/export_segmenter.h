// A trained Mask R-CNN as an ONNX file of operator set 16: its networks, and between them proposals, crops, the boxes
// of a cascade and the choice of detections in standard operators.
//
// Inputs: `image` [1, 3, H, W], normalised, and `picture` [1, 2], float: height and width of the image within it, to
// which boxes are cut. Outputs: boxes [1, D, 4], scores [1, D], labels [1, D], count [1], which is D, and
// masks [1, D, 28, 28]: probabilities over the box of each detection. One image a run: the number of regions differs
// from image to image, so that several of them make no array.
//
// Thread contract: a pure function.
#pragma once

#include "formats/onnx/export/export.h"
#include "graph/lower_two_stage.h"

namespace spinenet::formats {

// `network`: lowered as make_onnx's program is. ErrorKind::usage for another form than detections and another batch
// than 1.
OnnxFile make_segmenter_onnx(const graph::TwoStageProgram& network, const ModelFile& model, const OnnxOptions& options);

}  // namespace spinenet::formats

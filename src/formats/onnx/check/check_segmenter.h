// Whether the ONNX file of a Mask R-CNN gives what its source gives, part by part: its networks on noise, and on
// made-up values what lies between them: proposals, crops, the choice of detections, the masks of their classes. Each
// part is given the same values on both sides, so that rounding in one cannot change what the next one sees.
//
// Thread contract: a pure function, as far as the source is; it uses `threads` threads.
#pragma once

#include <vector>

#include "formats/onnx/check/check.h"

namespace spinenet::formats {

std::vector<OnnxCheckRow> check_segmenter(const OnnxFile& file, const OnnxCheckOptions& options);

}  // namespace spinenet::formats

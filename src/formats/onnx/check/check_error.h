// How far what an ONNX file gives is from what it should give.
//
// Thread contract: pure functions.
#pragma once

#include <limits>
#include <span>

#include "base/host_tensor.h"
#include "formats/onnx/file.h"

namespace spinenet::formats {

// Of another shape, or no number at all.
inline constexpr double kOnnxDiffers = std::numeric_limits<double>::infinity();

// The largest difference over the largest magnitude of what is expected.
double relative_error(std::span<const float> found, std::span<const float> expected);
double relative_error(const OnnxTensor& found, const HostTensor& expected);

}  // namespace spinenet::formats

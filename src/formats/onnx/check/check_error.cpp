#include "formats/onnx/check/check_error.h"

#include <algorithm>
#include <cmath>

namespace spinenet::formats {

double relative_error(std::span<const float> found, std::span<const float> expected) {
  if (found.size() != expected.size()) return kOnnxDiffers;
  double difference = 0, magnitude = 0;
  for (size_t i = 0; i < found.size(); ++i) {
    const double d = std::abs(static_cast<double>(found[i]) - static_cast<double>(expected[i]));
    if (!std::isfinite(d)) return kOnnxDiffers;
    difference = std::max(difference, d);
    magnitude = std::max(magnitude, std::abs(static_cast<double>(expected[i])));
  }
  return difference == 0 ? 0 : difference / std::max(magnitude, 1e-30);
}

double relative_error(const OnnxTensor& found, const HostTensor& expected) {
  return found.shape == expected.shape ? relative_error(found.floats, expected.data) : kOnnxDiffers;
}

}  // namespace spinenet::formats

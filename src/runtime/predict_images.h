// Images one after another: read, predicted, drawn. One that cannot be read does not end the rest.
//
// Thread contract: as detect_function.h.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/progress.h"
#include "detect/postprocess.h"
#include "runtime/drawn_images.h"
#include "runtime/image_ids.h"
#include "runtime/prediction.h"
#include "runtime/prepare.h"

namespace spinenet::runtime {

struct PredictImagesOptions {
  detect::PostprocessOptions post{};
  DrawOptions draw{};
  ProgressOptions progress{};
};

struct PredictedImages {
  std::vector<ImagePrediction> done;
  int64_t failed = 0;  // images that could not be read; each has a warning
};

// Without a folder nothing is drawn. What drawing changed or left out is said once.
PredictedImages predict_images(const PreparedModel& prepared, std::span<const NumberedImage> images,
                               std::optional<DrawnImages>& folder, const PredictImagesOptions& options);

}  // namespace spinenet::runtime

// A model that finds objects, of boxes alone or with masks, made ready to answer what is in pictures.
//
// Thread contract: an ObjectFinder belongs to one thread.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "cli/model.h"
#include "detect/detections.h"
#include "image/image.h"

namespace spinenet {

using ObjectFinder = std::function<std::vector<std::vector<Detection>>(std::span<const Image> images)>;

// ErrorKind::unsupported when the model's task is another one; ErrorKind::bad_data when its weights do not fit.
ObjectFinder make_object_finder(const Model& model, const RunOptions& options);

}  // namespace spinenet

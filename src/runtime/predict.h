// A model of any task made ready to predict what is in an image.
//
// Thread contract: as detect_function.h.
#pragma once

#include <functional>

#include "detect/postprocess.h"
#include "image/image.h"
#include "runtime/prediction.h"
#include "runtime/prepare.h"

namespace spinenet::runtime {

using PredictFunction = std::function<Prediction(const image::Image&)>;

// Of a detector, the objects of at least the score and at most the number of `post`; of a classifier, at most so many
// of the best classes, without those after the first whose score is below that. Both of the classes that count alone.
PredictFunction make_predict_function(const PreparedModel& prepared, const detect::PostprocessOptions& post);

}  // namespace spinenet::runtime

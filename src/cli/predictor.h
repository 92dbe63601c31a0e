// A model of any task made ready to answer what is in a picture.
//
// Thread contract: free functions; a Predictor belongs to one thread.
#pragma once

#include <functional>

#include "cli/model.h"
#include "cli/prediction.h"
#include "image/image.h"

namespace spinenet::cli {

using Predictor = std::function<Answer(const image::Image&)>;

// Of a detector, the objects of at least the score and at most the number of options.post; of a classifier, the best
// five classes, less those behind the first that are below that score.
Predictor make_predictor(const runtime::Model& model, const RunOptions& options);

}  // namespace spinenet::cli

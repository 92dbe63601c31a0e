// What answers a question about pictures, made of a model and the Forwards of its networks.
//
// Thread contract: as safe as the Forwards.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "detect/detections.h"
#include "detect/postprocess.h"
#include "detect/proposals.h"
#include "engine/classifier.h"
#include "engine/plan.h"
#include "graph/forward.h"
#include "image/image.h"
#include "model/model.h"

namespace spinenet {

// A model that finds objects, of boxes alone or with masks: what is in each picture, best first.
using ObjectFinder = std::function<std::vector<std::vector<Detection>>(std::span<const Image> images)>;

struct FinderOptions {
  int image_size = 0;  // 0: the model's own; that of the networks behind the Forwards
  PostprocessOptions post;
};

// How many proposals a model that segments looks at: as in its training, where its metadata say so.
ProposalOptions proposal_options(const Model& model);

// `networks`: one Forward for each of networks_of() (model/networks.h). ErrorKind::unsupported when the model's task is
// another one; ErrorKind::bad_data when its metadata make no sense.
ObjectFinder make_object_finder(const Model& model, const FinderOptions& options, std::vector<Forward> networks);
// `plans`: the same networks in the engine, compiled for the batches of engine_batch().
using NetworkPlans = std::vector<std::shared_ptr<const CompiledPlan>>;
ObjectFinder make_object_finder(const Model& model, const FinderOptions& options, const NetworkPlans& plans);

// The share of a picture's shorter side that a classifier looks at.
double center_crop_of(const Model& model);
Classifier make_classifier(const Model& model, int image_size, std::vector<Forward> networks);

}  // namespace spinenet

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
#include "engine/plan/plan.h"
#include "graph/forward.h"
#include "image/image.h"
#include "runtime/classifier.h"
#include "runtime/model.h"

namespace spinenet::runtime {

// A model that finds objects, of boxes alone or with masks: what is in each picture, best first.
using ObjectFinder = std::function<std::vector<std::vector<detect::Detection>>(std::span<const image::Image> images)>;

struct FinderOptions {
  int image_size = 0;  // 0: the model's own; that of the networks behind the Forwards
  detect::PostprocessOptions post;
};

// How many proposals a model that segments looks at: as in its training, where its metadata say so.
detect::ProposalOptions proposal_options(const Model& model);

// `networks`: one Forward for each of networks_of() (runtime/networks.h). ErrorKind::unsupported when the model's task
// is another one; ErrorKind::bad_data when its metadata make no sense.
ObjectFinder make_object_finder(const Model& model, const FinderOptions& options, std::vector<graph::Forward> networks);
// `plans`: the same networks in the engine, compiled for the batches of engine_batch().
using NetworkPlans = std::vector<std::shared_ptr<const engine::CompiledPlan>>;
ObjectFinder make_object_finder(const Model& model, const FinderOptions& options, const NetworkPlans& plans);

// The share of a picture's shorter side that a classifier looks at.
double center_crop_of(const Model& model);
Classifier make_classifier(const Model& model, int image_size, std::vector<graph::Forward> networks);

}  // namespace spinenet::runtime

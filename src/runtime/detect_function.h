// What answers a question about images, made of a prepared model.
//
// Thread contract: each function made here belongs to one thread at a time; prepare.h tells which may run at once.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "detect/detections.h"
#include "detect/letterbox.h"
#include "detect/postprocess.h"
#include "detect/proposals.h"
#include "image/image.h"
#include "runtime/classifier.h"
#include "runtime/prepare.h"

namespace spinenet::runtime {

// Of a model that finds objects, as boxes alone or with masks: what is in each image, best first.
using DetectFunction = std::function<std::vector<std::vector<detect::Detection>>(std::span<const image::Image> images)>;

// ErrorKind::unsupported when the model's task is another one; ErrorKind::bad_data when its metadata make no sense.
DetectFunction make_detect_function(const PreparedModel& prepared, const detect::PostprocessOptions& post);
Classifier make_classifier(const PreparedModel& prepared);

// What of the raw outputs counts when nothing else is said: of a YOLO head what Darknet's own measurement takes.
detect::PostprocessOptions usual_postprocess(const arch::Architecture& architecture);

// How an image comes to the model's input, where its metadata say so.
detect::ImageFit image_fit_of(const Model& model);
// How many proposals a model that segments looks at: as in its training, where its metadata say so.
detect::ProposalOptions proposal_options(const Model& model);
// The share of an image's shorter side that a classifier looks at.
double center_crop_of(const Model& model);

}  // namespace spinenet::runtime

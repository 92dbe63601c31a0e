#include "cli/model.h"

#include "cli/forward.h"
#include "model/networks.h"

namespace spinenet {
namespace {

std::vector<Forward> run_networks(const Model& model, const RunOptions& options) {
  return forwards_of(model, options.image_size, [&](const Program& program, const Weights& weights) {
    return make_forward(program, weights, options.threads, options.device);
  });
}

}  // namespace

ObjectFinder make_object_finder(const Model& model, const RunOptions& options) {
  return make_object_finder(model, {options.image_size, options.post}, run_networks(model, options));
}

Classifier make_classifier(const Model& model, const RunOptions& options) {
  return make_classifier(model, options.image_size, run_networks(model, options));
}

}  // namespace spinenet

#include "model.h"

#include <utility>

#include "arch/task.h"
#include "runtime/detect_function.h"

namespace spinenet::python {
namespace {

Model::Function function_of(const runtime::PreparedModel& prepared, const detect::PostprocessOptions& post) {
  if (prepared.model.file.task != name_of(arch::Task::classify)) {
    return [detect = runtime::make_detect_function(prepared, post)](const image::Image& image) {
      return Found{std::move(detect({&image, 1}).front()), {}};
    };
  }
  return [classifier = runtime::make_classifier(prepared), post](const image::Image& image) {
    std::vector<float> probabilities = classifier.classify(image);
    std::vector<runtime::ClassScore> shown = runtime::shown_classes(probabilities, post);
    return Found{std::move(shown), std::move(probabilities)};
  };
}

runtime::RunOptions within_budget(runtime::RunOptions options, const runtime::ThreadBudget& budget) {
  options.threads = runtime::threads_within(budget, options.threads, "model");
  options.device = "cpu";
  return options;
}

}  // namespace

Model::Model(runtime::Model model, runtime::RunOptions options)
    : budget_(runtime::process_thread_budget()),
      prepared_(runtime::prepare(std::move(model), within_budget(std::move(options), budget_))),
      classes_(std::make_shared<const std::vector<formats::ModelClass>>(prepared_.model.file.classes)) {}

Model::Session Model::take(const detect::PostprocessOptions& post) {
  idle_.reserve(idle_.size() + taken_ + 1);  // so that give_back() cannot fail
  ++taken_;
  for (auto session = idle_.begin(); session != idle_.end(); ++session) {
    if (session->post != post) continue;
    Session taken = std::move(*session);
    idle_.erase(session);
    return taken;
  }
  // In the place of the one that has been idle the longest, so that there are never more than calls at the same time.
  if (!idle_.empty()) idle_.erase(idle_.begin());
  return {post, {}};
}

void Model::give_back(Session session) noexcept {
  --taken_;
  if (session.function) idle_.push_back(std::move(session));
}

Found Model::predict(Session& session, const image::Image& image) const {
  const runtime::ThreadLease lease(budget_, prepared_.threads);
  Function function = std::exchange(session.function, {});
  if (!function) function = function_of(prepared_, session.post);
  Found found = function(image);
  session.function = std::move(function);
  return found;
}

}  // namespace spinenet::python

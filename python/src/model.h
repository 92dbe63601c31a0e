// A model that Python opened, and the sessions on it that are idle: each call takes one, so several threads of Python
// compute at once, and the next calls find what the earlier ones prepared.
//
// Invariant: a session is either idle or belongs to one call.
// Thread contract: all of it wants Python's lock (the GIL), except for what is marked as going without. The lock is
// what guards the idle sessions: who forks holds it, so in the child they are whole. The session of a thread that
// computed at that moment is not among them.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "image/image.h"
#include "runtime/predict.h"
#include "runtime/prepare.h"
#include "runtime/thread_budget.h"

namespace spinenet::python {

struct Found {
  runtime::Prediction shown;
  std::vector<float> probabilities;  // of a classifier, of all classes in the order of the model
};

class Model {
 public:
  using Function = std::function<Found(const image::Image&)>;
  struct Session {
    detect::PostprocessOptions post;
    Function function;
  };

  // Goes without the lock. `threads` and `options` as prepare() has them, 0 threads being the whole budget.
  Model(runtime::Model model, runtime::RunOptions options);

  const runtime::PreparedModel& prepared() const { return prepared_; }
  const std::shared_ptr<const std::vector<formats::ModelClass>>& classes() const { return classes_; }

  // One with these options, whose function may still be empty.
  Session take(const detect::PostprocessOptions& post);
  void give_back(Session session) noexcept;
  // Goes without the lock. A session that fails is lost.
  Found predict(Session& session, const image::Image& image) const;

 private:
  runtime::ThreadBudget& budget_;
  runtime::PreparedModel prepared_;
  std::shared_ptr<const std::vector<formats::ModelClass>> classes_;  // predictions outlive the model
  std::vector<Session> idle_;
  size_t taken_ = 0;
};

}  // namespace spinenet::python

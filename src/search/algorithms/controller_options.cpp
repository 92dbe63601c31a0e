#include "search/algorithms/controller_options.h"

namespace spinenet::search {

void fields(FieldList& list, ControllerOptions& o) {
  list("hidden", o.hidden, "Width of the LSTM", between(1, 1024));
  list("embedding", o.embedding, "Width of its input", between(1, 1024));
  list("temperature", o.temperature, "Logits are divided by it: above 1 more random", above(0));
  list("tanh_constant", o.tanh_constant, "Logits stay within this on both sides by a tanh; 0: no bound", at_least(0));
  list("objective", o.objective, "What an update improves: the expected reward, or its clipped surrogate");
  list("batch", o.batch, "Trials that an update learns from", between(1, 4096));
  list("epochs", o.epochs, "Steps on each batch", between(1, 1000));
  list("clip", o.clip, "clipped: farthest that a choice's probability moves on a batch, as a share", between(0, 1));
  list("learning_rate", o.learning_rate, "Of Adam", above(0));
  list("entropy_weight", o.entropy_weight, "Of the bonus for undecided choices, against rewards in deviations",
       at_least(0));
  list("baseline_decay", o.baseline_decay, "Share of the rewards' mean and spread kept at each batch",
       between(0, 0.99999));
  list("failure_reward", o.failure_reward, "Of a trial that its architecture undid");
}

}  // namespace spinenet::search

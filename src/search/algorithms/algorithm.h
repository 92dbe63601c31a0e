// What proposes architectures. An algorithm is a state machine: suggest gives the next sample, update tells it what a
// trial gave; its whole state is text, so that a study can keep it in the transaction that writes the trial, and any
// worker can go on with it.
//
// Invariant: state() and restore() round-trip exactly: the same state, random generator and updates give the same
// suggestions on every machine.
// Thread contract: belongs to one thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/random.h"
#include "search/trials/trial.h"

namespace spinenet::search {

class SearchAlgorithm {
 public:
  virtual ~SearchAlgorithm() = default;
  // `random` is forked from the study's seed and the trial's number.
  virtual arch::Sample suggest(Random& random) = 0;
  // The next trial is given and not asked for, as if suggest had been called for it; update tells of it as of others.
  virtual void skip() {}
  // A trial that has ended, whatever its state, each once and in the order of their numbers.
  virtual void update(const Trial& trial) = 0;
  virtual std::string state() const = 0;
  // ErrorKind::bad_data when the text is not a state of this algorithm.
  virtual void restore(std::string_view state) = 0;
};

}  // namespace spinenet::search

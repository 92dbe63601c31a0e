// A worker: claims trials of a study, has them evaluated, reports what came out, until the study has enough. Any number
// of workers in any number of processes and machines work on one study.
//
// Thread contract: run_worker uses the calling thread and one more for heartbeats; the evaluation runs in the calling
// one.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <variant>

#include "search/plan.h"
#include "search/store/store.h"

namespace spinenet::search {

// What an evaluation may know beside the architecture.
struct TrialContext {
  int64_t number = 0;
  int attempt = 1;
  // Trials 0..number-lag, all ended: what a decision about this trial may depend on, so that the same trials come out
  // for any number of workers. Read from the store when called.
  std::function<std::vector<Trial>()> earlier;
  // False: the lease is lost or the worker is to stop; the outcome will not be asked for.
  std::function<bool()> wanted;
};

// What kept a trial from an outcome and is not known to be the network's doing: a full disk, a missing file, another
// program in the place of ours, a process that was killed.
struct MachineFault {
  std::string reason;
  // The trial's own process ended in a way that the network may have caused after all: the worker counts as one that
  // lost the trial, so that a study comes to its end whatever the reason is.
  bool ended_by_itself = false;
};
using Evaluation = std::variant<Outcome, MachineFault>;

// Tries one architecture. An outcome is what the network did, and is charged to it. A machine fault, and whatever is
// thrown, gives the trial back untried and ends the worker.
using Evaluate = std::function<Evaluation(const arch::ScalePermuted& backbone, const TrialContext& context)>;

struct WorkerOptions {
  StudyAddress store;
  std::string name;  // worker_name() if empty
  int64_t trials = 0;
  int lag = 16;
  double lease_seconds = 60;
  double poll_seconds = 0.2;   // between claims when there is nothing to do
  std::function<bool()> stop;  // true: end after giving the running trial back
  std::function<void(const Claim&, const Outcome&, bool accepted)> ended;  // after each report; may be empty
};

// Until the study has options.trials ended trials or stop() says so. The number of trials that this worker reported and
// the store accepted. ErrorKind::failed for a machine fault, naming the trial and the reason.
int64_t run_worker(const WorkerOptions& options, Planner& planner, const arch::SearchSpace& space,
                   const Evaluate& evaluate);

// "host:pid-3f9a" of this process: the digits are random, because a container begins with the same numbers every time.
std::string worker_name();

}  // namespace spinenet::search

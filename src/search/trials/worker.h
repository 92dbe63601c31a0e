// A worker: claims trials of a study, has them evaluated, reports what came out, until the study has enough. Any number
// of workers in any number of processes and machines work on one study.
//
// Thread contract: run_worker uses the calling thread and one more for heartbeats; the evaluation runs in the calling
// one.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

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

// Tries one architecture. What it throws as Error becomes a failed trial with the message as its reason;
// ErrorKind::usage ends the worker instead, for then every trial would fail.
using Evaluate = std::function<Outcome(const arch::ScalePermuted& backbone, const TrialContext& context)>;

struct WorkerOptions {
  std::string store;  // for open_store
  std::string name;   // host:pid if empty
  int64_t trials = 0;
  int lag = 16;
  double lease_seconds = 60;
  double poll_seconds = 0.2;   // between claims when there is nothing to do
  std::function<bool()> stop;  // true: end after giving the running trial back
  std::function<void(const Claim&, const Outcome&, bool accepted)> ended;  // after each report; may be empty
};

// Until the study has options.trials ended trials or stop() says so. The number of trials that this worker reported and
// the store accepted.
int64_t run_worker(const WorkerOptions& options, Planner& planner, const arch::SearchSpace& space,
                   const Evaluate& evaluate);

// "host:pid" of this process.
std::string worker_name();

}  // namespace spinenet::search

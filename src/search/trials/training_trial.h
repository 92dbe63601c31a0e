// One trial of an architecture search by the training program: the architecture becomes a file, `spinenet-train train`
// a process of its own, its measurement the outcome. Whatever happens to that process, the search goes on.
//
// Thread contract: pure functions and plain values; try_architecture may run in several processes at once.
#pragma once

#include <filesystem>
#include <optional>

#include "base/run_failure.h"
#include "search/trials/candidate.h"
#include "search/trials/process.h"
#include "search/trials/proxy_training.h"
#include "search/trials/worker.h"

namespace spinenet::search {

struct TrialSetup {
  SearchTask task;
  TrainingProgram program;
  std::filesystem::path folder;  // trials write below it
  int threads = 1;               // of a trial
  bool keep_runs = false;        // also of trials that ended well
};

Outcome try_architecture(const TrialSetup& setup, const arch::ScalePermuted& backbone, const TrialContext& context);

// How a training process ended that did not end well, as an outcome of a trial: failed, with the kind and the reason
// that it left in its run folder, or, where it left none, the last line that it wrote. ErrorKind::usage where every
// other trial would end so, too.
Outcome failure_of(const ProcessResult& result, const std::optional<RunFailure>& failure);

}  // namespace spinenet::search

// One trial of an architecture search by the training program: the architecture becomes a file, `spinenet-train train`
// a process of its own, its measurement the outcome. Whatever happens to that process, the search goes on.
//
// Thread contract: pure functions and plain values; try_architecture may run in several processes at once.
#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <string_view>

#include "base/folder_kinds.h"
#include "base/run_failure.h"
#include "search/trials/candidate.h"
#include "search/trials/process.h"
#include "search/trials/proxy_training.h"
#include "search/trials/worker.h"

namespace spinenet::search {

struct TrialSetup {
  SearchTask task;
  TrainingProgram program;
  std::filesystem::path folder;  // the study's own; each trial makes one for itself in it
  int threads = 1;               // of a trial
  bool keep_runs = false;        // also of trials that ended well
  // Of proxy.inherit, else null: where earlier trials left their weights and this one leaves its own.
  const OwnedFolder* weights = nullptr;
};

// What lies in the folder of one trial beside its run, which is a training run's own folder: the network, and the
// weights that it begins with, as they were when their checksum was looked at.
inline constexpr std::array<std::string_view, 2> kTrialFiles{"architecture.json", "parent.safetensors"};
inline constexpr FolderKind kTrialFolder{"a trial of a search", kTrialFiles};

Evaluation try_architecture(const TrialSetup& setup, const arch::ScalePermuted& backbone, const TrialContext& context);

// How a training process ended that did not end well. An outcome only where the network did it: a loss that is not
// finite, more time or (with `memory_bytes`, the study's limit) more memory than a trial may take. What the training
// left in its run folder says so, not what it printed.
Evaluation failure_of(const ProcessResult& result, const std::optional<RunFailure>& failure, int64_t memory_bytes);

}  // namespace spinenet::search

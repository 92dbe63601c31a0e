// The folder of a run: recipe.yaml (resolved), metrics.jsonl, timing.jsonl, tensorboard/, checkpoints/,
// best.safetensors, last.safetensors, report.html, record.json (run_record.h); of a run that failed, failure.json
// (kTrainingRun).
//
// Thread contract: free functions; the folder is one process's own while it is held.
#pragma once

#include <filesystem>

#include "base/folder_kinds.h"

namespace spinenet::train {

// Made when it is not there. Errors as OwnedFolder's; ErrorKind::usage when it holds a run already and `resume` is
// false, or none and `resume` is true. A run of a version that marked no folders is known by its recipe.yaml and lock.
OwnedFolder take_run_folder(const std::filesystem::path& path, bool resume);

std::filesystem::path checkpoints_of(const std::filesystem::path& run_folder);

}  // namespace spinenet::train

// The reason of a training that ends early, left in its run folder (base/run_failure.h).
//
// Thread contract: the thread that handles the exception.
#pragma once

#include <filesystem>

#include "base/owned_folder.h"
#include "base/run_failure.h"

namespace spinenet::train {

// Of the exception that is being handled. LibTorch's own errors of memory count as those of the C++ runtime do.
RunFailure current_failure();

// Where the folder is this process's own. A reason that cannot be written is a warning: the exception goes on.
void write_failure(const OwnedFolder& run_folder, const RunFailure& failure);

// Of a new training that threw before it had its folder. Written only where the folder is there, nobody uses it, and it
// holds no other run.
void write_early_failure(const std::filesystem::path& run_folder, const RunFailure& failure);

}  // namespace spinenet::train

// One trial of an architecture search by this program itself: the architecture becomes a file, `spinenet train` a
// process of its own, its measurement the outcome. Whatever happens to that process, the search goes on.
//
// Thread contract: pure functions and plain values; try_architecture may run in several processes at once.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "arch/architecture.h"
#include "search/search_recipe.h"
#include "search/trials/process.h"
#include "search/trials/worker.h"

namespace spinenet::cli {

struct TrialSetup {
  search::SearchRecipe recipe;
  arch::Architecture base;  // whose backbone is replaced
  int image_size = 0;
  int classes = 1;
  std::filesystem::path folder;                    // trials write below it
  int threads = 1;                                 // of a trial
  std::map<std::string, std::string> environment;  // of a trial, such as the GPU it may see
  bool keep_runs = false;                          // also of trials that ended well
};

// The architecture that is trained, of this backbone; as wide as proxy.multiply_adds allows, or as it is where no width
// is cheap enough.
arch::Architecture candidate(const TrialSetup& setup, const arch::ScalePermuted& backbone);
// Why the constraints or proxy.multiply_adds refuse a backbone, or nothing.
std::optional<std::string> objection(const TrialSetup& setup, const arch::ScalePermuted& backbone);
search::Outcome try_architecture(const TrialSetup& setup, const arch::ScalePermuted& backbone,
                                 const search::TrialContext& context);

// How a training process ended, as an outcome of a trial: failed, with the kind and the last line that it wrote.
search::Outcome failure_of(const search::ProcessResult& result);

}  // namespace spinenet::cli

// The trainings of a comparison, one after the other, each in a run folder of its own below the comparison's:
// RECIPE/seed-N. A finished one leaves RECIPE/seed-N.json beside its folder and is not run again; one that was
// interrupted goes on from its last checkpoint.
//
// Thread contract: the main thread alone.
#pragma once

#include <atomic>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/owned_folder.h"
#include "base/progress.h"
#include "compare/result.h"
#include "compare/training.h"

namespace spinenet::compare {

struct CompareSetup {
  std::vector<std::filesystem::path> recipes;
  std::vector<uint64_t> seeds;
  std::vector<std::string> settings;  // of all recipes
  std::string baseline;               // a recipe's name; empty: the first
  MeasuredAt at;                      // which measurement of a run counts
  std::filesystem::path out;          // taken by compare()
  ProgressOptions progress;
  const std::atomic<int>* stop_signal = nullptr;
  Training training;
};

struct Entrant {
  std::string name;
  std::filesystem::path path;
  ReadRecipe recipe;
};

// ErrorKind::usage when the recipes are not alike (see plan.h).
std::vector<Entrant> read_entrants(const CompareSetup& setup);

std::filesystem::path run_folder(const CompareSetup& setup, const Entrant& entrant, uint64_t seed);

// Every recipe with the first seed, then with the next one. None when a signal ended it. A training that fails is part
// of the result; ErrorKind::usage when a folder holds a run of another recipe.
std::optional<Comparison> run_comparison(const CompareSetup& setup, const OwnedFolder& folder,
                                         const std::vector<Entrant>& entrants, int classes);

}  // namespace spinenet::compare

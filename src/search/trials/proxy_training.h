// The training that a search's trials run, as the training program tells it: `spinenet-train train RECIPE --describe`
// reads recipe and data, trains nothing and answers with JSON. The search itself knows no training recipe.
//
// Thread contract: the main thread alone.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "search/search_recipe.h"
#include "search/trials/candidate.h"

namespace spinenet::search {

// The program of every trial, and what its environment has beside this process's own.
struct TrainingProgram {
  std::filesystem::path path;
  std::map<std::string, std::string> environment;
};

struct ProxyTraining {
  std::string recipe;    // resolved, as YAML, less what differs between machines
  std::string defaults;  // every key of such a recipe with its default; none of a program that does not say it
  arch::Architecture base;
  int image_size = 0;
  int classes = 1;
};

// The recipe of the proxy task with its changes, as arguments of `train`.
std::vector<std::string> proxy_arguments(const ProxyRecipe& proxy);

struct AskOptions {
  bool quiet = false;            // no progress where the data has to be made
  std::function<bool()> wanted;  // false ends the question; may be empty
};

// Nothing where `wanted` ended it. The training program's own error where it refuses the recipe; ErrorKind::unsupported
// when the task is no detection; ErrorKind::usage when the base architecture has no scale-permuted backbone.
std::optional<ProxyTraining> ask_training(const TrainingProgram& program, const ProxyRecipe& proxy,
                                          const AskOptions& options);

}  // namespace spinenet::search

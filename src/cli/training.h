// What the verbs need of LibTorch, as functions that the main of spinenet-train alone provides. Both programs have the
// same verbs; in `spinenet` those that need training start spinenet-train in its place (training_program.h).
//
// Thread contract: the main thread alone.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "compare/training.h"

namespace spinenet::cli {

struct Invocation;

struct TrainFlags {
  std::string recipe;
  std::string out;
  std::string from;
  std::vector<std::string> settings;
  bool resume = false;
  int64_t until_epoch = 0;
  int64_t peer_timeout = 0;
  int nproc = 1;
  bool keys = false;
  bool describe = false;
};

struct Training {
  std::function<int(const TrainFlags& flags, const Invocation& invocation)> train;  // the exit status
  compare::Training compare;
  std::function<std::vector<std::pair<std::string, std::string>>()> facts;  // for `spinenet checks`
};

}  // namespace spinenet::cli

// A search on this machine: the leader agrees with the store on what is searched and watches its workers; each worker
// tries architectures until the study has enough trials.
//
// Thread contract: the main thread alone (a worker has a thread more for its heartbeats).
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/progress.h"
#include "search/store/address.h"
#include "search/trials/proxy_training.h"

namespace spinenet::search {

struct SearchOptions {
  std::filesystem::path recipe;
  std::vector<std::string> settings;  // changes to it, as for --set
  StudyAddress study;
  std::filesystem::path folder;         // of the trials; empty: trials_folder()
  std::filesystem::path weights;        // of proxy.inherit; empty: in the folder of the trials
  std::vector<std::string> begin_with;  // for begin_with()
  int begin_count = 8;
  int64_t trials = 0;  // 0: the recipe's
  int workers = 1;
  int gpus = 0;     // worker i sees GPU i modulo gpus; 0: every GPU
  int threads = 1;  // of a trial
  double lease_seconds = 60;
  bool keep_runs = false;
  TrainingProgram training;
  // Of this process; each worker gets --worker I added. Passwords of addresses are left out: a worker finds the study's
  // address in its environment (inherited_address).
  std::vector<std::string> arguments;
  ProgressOptions progress;
  bool quiet = false;
  std::function<int()> stop;  // the signal that asks to end, or 0
};

// The exit status, as run_workers gives it; asked to stop at once, the study may not have been begun. ErrorKind::usage
// when the study is about something else.
int lead_search(const SearchOptions& options);
// Worker `index` of a study that has been begun.
int work_on_search(const SearchOptions& options, int index);

}  // namespace spinenet::search

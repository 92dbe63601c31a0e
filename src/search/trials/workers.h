// The workers of a search on this machine: this program again, as often as asked, watched until the study is complete.
//
// Thread contract: the main thread alone.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/progress.h"
#include "search/store/store.h"

namespace spinenet::search {

struct WorkersOptions {
  std::vector<std::string> arguments;  // of this process, without passwords; each worker gets --worker I added
  StudyAddress study;                  // handed to the workers by their environment
  int workers = 1;
  int64_t trials = 0;
  ProgressOptions progress;
  std::function<int()> stop;  // the signal that asks to end, or 0
};

// Starts the workers, shows how far the study is, starts a worker again that crashed (ten times in all). One that ends
// with a reason of its own is not started again, and the others go on. The exit status of the search: 0 when the study
// is complete, 128 + signal when asked to stop, else that of the worker that failed first.
int run_workers(Store& store, const WorkersOptions& options);

}  // namespace spinenet::search

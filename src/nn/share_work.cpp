#include "nn/share_work.h"

#include <chrono>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include <unistd.h>

#include "kernels/crowding.h"
#include "kernels/worker_group.h"

namespace spinenet::nn {
namespace {

// Longer than what most operations take that are not shared.
constexpr std::chrono::microseconds kBetweenOperations(1000);

struct Team {
  std::mutex taken;
  std::map<int, std::unique_ptr<kernels::WorkerGroup>> groups;  // by size: the others sleep
  std::optional<kernels::Crowding> crowding;
  kernels::ProcessorWaits waits;
  int last = 1;  // the size that was used last

  int size_of(int threads) {
    if (!crowding || crowding->most() != threads) crowding.emplace(threads);
    last = crowding->threads(std::chrono::steady_clock::now(), [this](kernels::Crowding::Time now) {
      std::vector<int> used = last > 1 ? group(last).thread_ids() : std::vector<int>{};
      used.push_back(::gettid());
      return waits.share(now, used);
    });
    return last;
  }
  kernels::WorkerGroup& group(int size) {
    std::unique_ptr<kernels::WorkerGroup>& group = groups[size];
    if (!group) group = std::make_unique<kernels::WorkerGroup>(size, kBetweenOperations);
    return *group;
  }
};

// Never destroyed: at the end of a process its threads may sleep on.
Team& team() {
  static auto* one = new Team;
  return *one;
}

thread_local bool is_sharing = false;

}  // namespace

void share_work(int64_t pieces, int threads, const std::function<void(int64_t)>& work) {
  std::unique_lock<std::mutex> lock;
  int size = 1;
  if (pieces > 1 && threads > 1 && !is_sharing) {
    lock = std::unique_lock(team().taken, std::try_to_lock);
    if (lock.owns_lock()) size = team().size_of(threads);
  }
  std::vector<std::exception_ptr> thrown(static_cast<size_t>(pieces));
  const auto piece = [&](int64_t i, int) {
    const bool before = std::exchange(is_sharing, true);
    try {
      work(i);
    } catch (...) {
      thrown[static_cast<size_t>(i)] = std::current_exception();
    }
    is_sharing = before;
  };
  if (size > 1) {
    team().group(size).run(pieces, piece);
  } else {
    for (int64_t i = 0; i < pieces; ++i) piece(i, 0);
  }
  for (const std::exception_ptr& each : thrown) {
    if (each) std::rethrow_exception(each);
  }
}

}  // namespace spinenet::nn

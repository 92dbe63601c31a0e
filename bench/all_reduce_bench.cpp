// Measures what processes on this machine take to add up a tensor over the loopback interface, as training does with
// the gradient once a step and with the sums of every batch norm twice. Prints one JSON line.
//   all_reduce_bench PROCESSES VALUES TIMES
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/json.h"
#include "train/distributed.h"

namespace spinenet {
namespace {

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void measure(int rank, int processes, int64_t values, int times) {
  train::ProcessPlace place;
  place.rank = place.local_rank = rank;
  place.world = place.local_world = processes;
  place.master_port = 21000 + static_cast<int>(::getppid() % 20000);
  train::Communicator communicator(place, torch::kCPU);
  torch::Tensor tensor = torch::ones({values});
  std::vector<double> taken;
  for (int i = 0; i < times + 3; ++i) {
    const double start = now();
    communicator.all_reduce(tensor);
    tensor.fill_(1);
    if (i >= 3) taken.push_back(now() - start);  // the first ones make connections
  }
  std::sort(taken.begin(), taken.end());
  const double median = taken[taken.size() / 2];
  const double bytes = 4.0 * static_cast<double>(values);
  if (rank > 0) return;
  // Each process sends and takes 2 (N - 1) / N of the tensor, whatever the way.
  const double moved = 2 * (processes - 1) * bytes / processes;
  const Json told{{"processes", processes},
                  {"bytes", bytes},
                  {"median_ms", 1e3 * median},
                  {"least_ms", 1e3 * taken.front()},
                  {"sent_by_each_mb_per_s", 1e-6 * moved / median}};
  std::puts(told.dump().c_str());
}

}  // namespace
}  // namespace spinenet

int main(int argc, char** argv) {
  const int processes = argc == 4 ? std::atoi(argv[1]) : 0;
  const int64_t values = argc == 4 ? std::atoll(argv[2]) : 0;
  const int times = argc == 4 ? std::atoi(argv[3]) : 0;
  if (processes < 2 || processes > 256 || values < 1 || times < 1) {
    std::fputs("usage: all_reduce_bench PROCESSES VALUES TIMES\n", stderr);
    return 2;
  }
  for (int rank = 0; rank < processes; ++rank) {
    if (::fork() != 0) continue;
    try {
      spinenet::measure(rank, processes, values, times);
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s\n", error.what());
      ::_exit(1);
    }
    std::fflush(stdout);
    ::_exit(0);
  }
  int status = 0, failed = 0;
  while (::wait(&status) > 0) failed |= status;
  return failed == 0 ? 0 : 1;
}

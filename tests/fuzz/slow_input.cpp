// Stands between libFuzzer and every fuzzer (--wrap in CMakeLists.txt): an input that takes more than two seconds of
// processor time is a finding, however busy the machine is; libFuzzer's own -timeout goes by the clock on the wall.
// Tells the slowest input so far, which run_long reads.
//
// Thread contract: libFuzzer's one thread.
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include <sys/time.h>
#include <unistd.h>

namespace {

constexpr time_t kMostSeconds = 2;
constexpr double kToldFrom = 0.01;

// Of all threads of this process.
double processor_seconds() {
  timespec used{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + 1e-9 * static_cast<double>(used.tv_nsec);
}

// libFuzzer keeps the input at an abort, of one that has no end, too.
void refuse(int) {
  constexpr char kText[] = "ERROR: an input takes more than two seconds of processor time\n";
  if (::write(STDERR_FILENO, kText, sizeof(kText) - 1) < 0) std::abort();
  std::abort();
}

void set_limit(time_t seconds) {
  const itimerval limit{{0, 0}, {seconds, 0}};
  setitimer(ITIMER_PROF, &limit, nullptr);
}

}  // namespace

// NOLINTBEGIN(bugprone-reserved-identifier): the names that --wrap gives.
extern "C" int __real_LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int __wrap_LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static double slowest = 0;
  static const bool refuses = std::signal(SIGPROF, refuse) != SIG_ERR;
  const double begin = processor_seconds();
  if (refuses) set_limit(kMostSeconds);
  const int result = __real_LLVMFuzzerTestOneInput(data, size);
  set_limit(0);
  const double seconds = processor_seconds() - begin;
  if (seconds > 1.1 * slowest && seconds > kToldFrom) {
    slowest = seconds;
    std::fprintf(stderr, "slowest input: %.3f s of processor time, %zu bytes\n", seconds, size);
  }
  return result;
}
// NOLINTEND(bugprone-reserved-identifier)

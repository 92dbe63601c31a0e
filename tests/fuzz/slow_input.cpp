// Stands between libFuzzer and every fuzzer (--wrap in CMakeLists.txt): an input that takes more than two seconds of
// processor time is a finding, however busy the machine is; libFuzzer's own -timeout goes by the clock on the wall.
// Tells the slowest input so far, which run_long reads.
//
// Thread contract: libFuzzer's one thread.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>

namespace {

constexpr double kMostSeconds = 2;
constexpr double kToldFrom = 0.01;

// Of all threads of this process.
double processor_seconds() {
  timespec used{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + 1e-9 * static_cast<double>(used.tv_nsec);
}

}  // namespace

// NOLINTBEGIN(bugprone-reserved-identifier): the names that --wrap gives.
extern "C" int __real_LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int __wrap_LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static double slowest = 0;
  const double begin = processor_seconds();
  const int result = __real_LLVMFuzzerTestOneInput(data, size);
  const double seconds = processor_seconds() - begin;
  if (seconds > 1.1 * slowest && seconds > kToldFrom) {
    slowest = seconds;
    std::fprintf(stderr, "slowest input: %.3f s of processor time, %zu bytes\n", seconds, size);
  }
  if (seconds > kMostSeconds) {
    std::fprintf(stderr, "ERROR: an input takes more than %.0f s of processor time\n", kMostSeconds);
    std::abort();
  }
  return result;
}
// NOLINTEND(bugprone-reserved-identifier)

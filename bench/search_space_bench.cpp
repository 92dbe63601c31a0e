// Graphs per second of one core: draw a sample of a search space, lower it to a verified Program, count its cost.
// search_space_bench [SPACE [GRAPHS [SIZE]]] prints one JSON line: the median of five rounds of GRAPHS graphs, how long
// each part of a graph takes, and for comparison the canonical hash. No two graphs are drawn from the same random
// numbers, and the program ends with an error at the first that cannot be lowered: the default is 100,000 in all.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <optional>
#include <string>

#include "arch/canonical.h"
#include "arch/families.h"
#include "arch/search_space.h"
#include "base/error.h"
#include "base/json.h"
#include "graph/cost.h"
#include "graph/lower.h"

namespace spinenet {
namespace {

constexpr size_t kRounds = 5;

// Seconds that this thread has worked since the last call, whatever else the machine does.
class Lap {
 public:
  double operator()() {
    const double before = last_;
    last_ = now();
    return last_ - before;
  }

 private:
  static double now() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
  }

  double last_ = now();
};

// Seconds spent on each part; lowering includes giving the Program's memory back.
struct Round {
  double sample = 0, lower = 0, cost = 0, hash = 0;
  int64_t multiply_adds = 0;
  uint64_t hashes = 0;
};

Round measure(const arch::SearchSpace& space, int graphs, int size, Random random) {
  arch::Architecture architecture = arch::named_architecture("spinenet-49");
  auto& backbone = std::get<arch::ScalePermuted>(architecture.backbone);
  Round round;
  Lap lap;
  for (int i = 0; i < graphs; ++i) {
    backbone = arch::random_sample(space, random).backbone;
    round.sample += lap();
    std::optional<graph::Program> program = graph::lower_backbone(architecture, {.height = size, .width = size});
    round.lower += lap();
    round.multiply_adds += graph::cost(*program).multiply_adds;
    round.cost += lap();
    program.reset();
    round.lower += lap();
    round.hashes ^= arch::canonical_hash(backbone);
    round.hash += lap();
  }
  return round;
}

void print(const std::string& name, int graphs, const std::array<Round, kRounds>& rounds) {
  const auto median = [&](auto seconds_of) {
    std::array<double, kRounds> seconds{};
    std::transform(rounds.begin(), rounds.end(), seconds.begin(), seconds_of);
    std::sort(seconds.begin(), seconds.end());
    return seconds[kRounds / 2] / graphs;
  };
  const double graph = median([](const Round& r) { return r.sample + r.lower + r.cost; });
  const Json json{{"space", name},
                  {"graphs", graphs * static_cast<int>(kRounds)},
                  {"graphs_per_second", 1 / graph},
                  {"sample_us", 1e6 * median([](const Round& r) { return r.sample; })},
                  {"lower_us", 1e6 * median([](const Round& r) { return r.lower; })},
                  {"cost_us", 1e6 * median([](const Round& r) { return r.cost; })},
                  {"canonical_hash_us", 1e6 * median([](const Round& r) { return r.hash; })},
                  {"multiply_adds", rounds[0].multiply_adds / graphs},
                  {"hashes", rounds[0].hashes}};
  std::puts(json.dump().c_str());
}

}  // namespace
}  // namespace spinenet

int main(int argc, char** argv) {
  const std::string name = argc > 1 ? argv[1] : "spinenet-49";
  const int graphs = argc > 2 ? std::atoi(argv[2]) : 20000;
  const int size = argc > 3 ? std::atoi(argv[3]) : 640;
  try {
    std::array<spinenet::Round, spinenet::kRounds> rounds;
    for (size_t i = 0; i < rounds.size(); ++i) {
      rounds[i] = spinenet::measure(spinenet::arch::named_search_space(name), graphs, size, spinenet::Random(i));
    }
    spinenet::print(name, graphs, rounds);
  } catch (const spinenet::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return spinenet::exit_status(error.kind());
  }
  return 0;
}

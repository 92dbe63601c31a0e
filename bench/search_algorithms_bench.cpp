// Compares the search algorithms on the synthetic objectives at equal budget, and times them:
//   search_algorithms_bench [--trials N] [--seeds N] [--lag N] [KEY=VALUE ...]
// The settings are those of a search recipe: controller.batch=10, evolution.population=50. One line for each objective
// and algorithm: quartiles of the best score over the seeds, and the one-sided p of Mann and Whitney against random
// search.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/format.h"
#include "search/comparison.h"

namespace spinenet {
namespace {

struct Plan {
  search::SearchRun run;
  int seeds = 20;
  search::AlgorithmOptions algorithm;
};

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double quantile(std::vector<double> values, double share) {
  std::ranges::sort(values);
  const double place = share * static_cast<double>(values.size() - 1);
  const auto low = static_cast<size_t>(place);
  const size_t high = std::min(low + 1, values.size() - 1);
  return values[low] + (place - static_cast<double>(low)) * (values[high] - values[low]);
}

std::vector<double> best_scores(const Plan& plan, search::AlgorithmKind kind, search::SyntheticKind objective) {
  search::AlgorithmOptions algorithm = plan.algorithm;
  algorithm.kind = kind;
  std::vector<double> scores;
  for (int seed = 1; seed <= plan.seeds; ++seed) {
    search::SearchRun run = plan.run;
    run.seed = static_cast<uint64_t>(seed);
    scores.push_back(search::run_search(arch::named_search_space("spinenet-49"), algorithm,
                                        search::spinenet_49_objective(objective), run)
                         .back());
  }
  return scores;
}

void compare(const Plan& plan) {
  std::printf("%-10s %-11s %8s %8s %8s %10s %8s\n", "objective", "algorithm", "quarter", "median", "3/4", "p",
              "seconds");
  for (const search::SyntheticKind objective :
       {search::SyntheticKind::additive, search::SyntheticKind::epistatic, search::SyntheticKind::deceptive}) {
    std::vector<double> random;
    for (const search::AlgorithmKind kind :
         {search::AlgorithmKind::random, search::AlgorithmKind::evolution, search::AlgorithmKind::controller}) {
      const double start = now();
      const std::vector<double> scores = best_scores(plan, kind, objective);
      if (kind == search::AlgorithmKind::random) random = scores;
      std::printf("%-10s %-11s %8.4f %8.4f %8.4f %10.2g %8.2f\n", name_of(objective).data(), name_of(kind).data(),
                  quantile(scores, 0.25), quantile(scores, 0.5), quantile(scores, 0.75),
                  kind == search::AlgorithmKind::random ? 1 : search::mann_whitney_p(scores, random), now() - start);
      std::fflush(stdout);
    }
  }
}

struct Times {
  std::vector<double> suggest, update, state, restore;  // milliseconds
};

Times measure(const Plan& plan, search::AlgorithmKind kind) {
  search::AlgorithmOptions options = plan.algorithm;
  options.kind = kind;
  const arch::SearchSpace space = arch::named_search_space("spinenet-49");
  const search::SyntheticObjective objective = search::spinenet_49_objective(search::SyntheticKind::additive);
  const std::unique_ptr<search::SearchAlgorithm> algorithm = search::make_algorithm(space, options);
  Times times;
  const auto time = [](std::vector<double>& list, const auto& work) {
    const double start = now();
    work();
    list.push_back((now() - start) * 1e3);
  };
  for (int64_t number = 0; number < 200; ++number) {
    Random random = Random(1).fork(static_cast<uint64_t>(number));
    arch::Sample sample;
    time(times.suggest, [&] { sample = algorithm->suggest(random); });
    search::Trial trial;
    trial.number = number;
    trial.state = search::TrialState::complete;
    trial.measurement.score = search::score_of(objective, sample.backbone);
    trial.choices = sample.choices;
    time(times.update, [&] { algorithm->update(trial); });
    std::string state;
    time(times.state, [&] { state = algorithm->state(); });
    time(times.restore, [&] { algorithm->restore(state); });
  }
  return times;
}

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

void time_algorithms(const Plan& plan) {
  std::printf("\n%-11s %12s %12s %12s %12s %12s  (ms)\n", "algorithm", "suggestion", "update", "worst update", "state",
              "restore");
  for (const search::AlgorithmKind kind :
       {search::AlgorithmKind::random, search::AlgorithmKind::evolution, search::AlgorithmKind::controller}) {
    const Times times = measure(plan, kind);
    std::printf("%-11s %12.4f %12.4f %12.4f %12.4f %12.4f\n", name_of(kind).data(), quantile(times.suggest, 0.5),
                mean(times.update), *std::ranges::max_element(times.update), quantile(times.state, 0.5),
                quantile(times.restore, 0.5));
  }
}

Plan read_plan(int argc, char** argv) {
  Plan plan;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    const auto number = [&] { return i + 1 < argc ? std::atoll(argv[++i]) : 0; };
    if (word == "--trials") {
      plan.run.trials = number();
    } else if (word == "--seeds") {
      plan.seeds = static_cast<int>(number());
    } else if (word == "--lag") {
      plan.run.lag = number();
    } else {
      apply_setting(plan.algorithm, word);
    }
  }
  if (plan.run.trials < 1 || plan.seeds < 1 || plan.run.lag < 1) {
    fail(ErrorKind::usage, "trials, seeds and lag are at least 1", "search_algorithms_bench");
  }
  return plan;
}

}  // namespace
}  // namespace spinenet

int main(int argc, char** argv) {
  try {
    const spinenet::Plan plan = spinenet::read_plan(argc, argv);
    spinenet::compare(plan);
    spinenet::time_algorithms(plan);
  } catch (const spinenet::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return spinenet::exit_status(error.kind());
  }
  return 0;
}

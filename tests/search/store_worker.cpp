// A worker of the toy study as a program of its own, for tests that kill it, cut its network or start many of it.
//   store_worker work PLACE TRIALS LAG LEASE_SECONDS TRY_SECONDS [fresh]   until the study is finished
//   store_worker check PLACE TRIALS LAG                                    are the trials those of one undisturbed
//   worker?
// `fresh` makes all trials different. Each line of standard output is written at once: "claimed NUMBER TOKEN", then
// "done" or "refused".
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

#include <unistd.h>

#include "base/error.h"
#include "base/format.h"
#include "search/store/store.h"
#include "search/toy_study_fixture.h"

namespace spinenet {
namespace {

void say(const std::string& line) {
  if (::write(1, line.data(), line.size()) != static_cast<ssize_t>(line.size())) std::abort();
}

void pause(double seconds) {
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
}

search::Suggestion suggest_fresh(int64_t number, const std::string& state, std::span<const search::Trial> news) {
  search::Suggestion suggestion = search::fixture::toy_suggest(number, state, news);
  suggestion.hash = Random::mix(static_cast<uint64_t>(number));
  suggestion.rejection.reset();
  return suggestion;
}

void work(search::Store& store, const search::ClaimOptions& options, double try_seconds,
          const search::Suggest& suggest) {
  while (true) {
    const search::ClaimAnswer answer = store.claim(options, suggest);
    if (answer.state == search::ClaimState::finished) return;
    if (!answer.claim) {
      pause(0.01);
      continue;
    }
    const search::Claim& claim = *answer.claim;
    say(fmt::format("claimed {} {}\n", claim.number, claim.token));
    pause(try_seconds);
    const bool accepted = store.report(claim, search::fixture::toy_outcome(claim));
    say(fmt::format("{} {} {}\n", accepted ? "done" : "refused", claim.number, claim.token));
  }
}

int check(search::Store& store, int64_t trials, int lag) {
  const auto expected = search::fixture::toy_trials(trials, lag);
  const auto found = search::fixture::lasting_parts(store.trials());
  for (size_t i = 0; i < std::max(expected.size(), found.size()); ++i) {
    const std::string a = i < expected.size() ? expected[i] : "none", b = i < found.size() ? found[i] : "none";
    if (a == b) continue;
    say(fmt::format("expected {}\nfound    {}\n", a, b));
    return 1;
  }
  const search::StudyStatus status = store.status();
  say(fmt::format("{} trials, {} complete, {} failed, {} rejected, {} running\n", status.trials, status.complete,
                  status.failed, status.rejected, status.running));
  return status.trials == trials && status.running == 0 ? 0 : 1;
}

int run(int argc, char** argv) {
  const std::string verb = argc > 4 ? argv[1] : "";
  if (verb == "check") return check(*search::open_store(argv[2], false), std::atoll(argv[3]), std::atoi(argv[4]));
  if (verb != "work" || argc < 7) {
    std::fputs("usage: store_worker work PLACE TRIALS LAG LEASE_SECONDS TRY_SECONDS [fresh]\n", stderr);
    return 2;
  }
  const auto store = search::open_store(argv[2], true);
  store->open(search::fixture::toy_description(std::atoi(argv[4])));
  search::ClaimOptions options;
  options.worker = fmt::format("test:{}", ::getpid());
  options.trials = std::atoll(argv[3]);
  options.lease_seconds = std::atof(argv[5]);
  options.max_attempts = 1'000'000;
  work(*store, options, std::atof(argv[6]),
       argc > 7 ? search::Suggest(suggest_fresh) : search::Suggest(search::fixture::toy_suggest));
  return 0;
}

}  // namespace
}  // namespace spinenet

int main(int argc, char** argv) {
  try {
    return spinenet::run(argc, argv);
  } catch (const spinenet::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return spinenet::exit_status(error.kind());
  }
}

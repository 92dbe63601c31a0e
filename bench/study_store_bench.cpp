// Measures a store of studies; PLACE is a new file or an empty schema of a PostgreSQL database. Prints one JSON line.
//   study_store_bench sync FOLDER SECONDS              how often a second the disk syncs a small write
//   study_store_bench events PLACE PROCESSES SECONDS [TRIAL]   claims and reports of many workers, which sleep TRIAL
//   seconds
//                                                              on average over each trial; exit 1 on any error
//   study_store_bench size PLACE TRIALS                status, trials and claim in a study of so many trials
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/format.h"
#include "base/json.h"
#include "base/random.h"
#include "search/store/store.h"

namespace spinenet {
namespace {

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void print(const Json& json) {
  std::puts(json.dump().c_str());
}

search::StudyDescription description(int lag) {
  search::StudyDescription d;
  d.space = d.algorithm = d.task = "bench";
  d.lag = lag;
  return d;
}

// As long as those of the SpineNet-49 space, all different.
search::Suggestion suggest(int64_t number, const std::string& state, std::span<const search::Trial>) {
  search::Suggestion suggestion;
  suggestion.choices.assign(65, static_cast<int>(number % 10));
  suggestion.hash = Random::mix(static_cast<uint64_t>(number));
  suggestion.state = state;
  return suggestion;
}

search::Outcome outcome(const search::Claim& claim) {
  search::Outcome o;
  o.measurement.score = static_cast<double>(claim.hash >> 11) * 0x1.0p-53;
  o.measurement.metrics = {{"AP", o.measurement.score}, {"AP50", 0.5},     {"multiply_adds", 1.2345e9},
                           {"parameters", 1234567},     {"seconds", 12.3}, {"latency_ms", 4.5678}};
  return o;
}

void measure_sync(const std::string& folder, double seconds) {
  std::string name = folder + "/spinenet_sync_XXXXXX";
  const int fd = ::mkstemp(name.data());
  if (fd < 0) fail(ErrorKind::io, "cannot make a file", folder);
  ::unlink(name.c_str());
  const std::vector<char> page(4096, 'x');
  std::vector<double> times;
  const double start = now();
  for (double last = start; last < start + seconds; last = now()) {
    const auto offset = static_cast<off_t>(times.size() % 256 * page.size());
    if (::pwrite(fd, page.data(), page.size(), offset) < 0 || ::fdatasync(fd) != 0) {
      fail(ErrorKind::io, "cannot write", folder);
    }
    times.push_back(now() - last);
  }
  std::sort(times.begin(), times.end());
  print({{"syncs_per_s", static_cast<double>(times.size()) / (now() - start)},
         {"median_ms", 1e3 * times[times.size() / 2]},
         {"p99_ms", 1e3 * times[times.size() * 99 / 100]}});
  ::close(fd);
}

struct Tally {
  int64_t claims = 0, reports = 0, refused = 0, waits = 0, errors = 0;
  double longest = 0;   // seconds of one call
  double in_calls = 0;  // seconds of all of them
};

// Half to one and a half of the average, so that workers do not come all at once.
void sleep_over_trial(Random& random, double average) {
  if (average > 0) std::this_thread::sleep_for(std::chrono::duration<double>(random.uniform(0.5, 1.5) * average));
}

Tally work(const std::string& place, int lag, double seconds, double trial) {
  Tally tally;
  Random random(static_cast<uint64_t>(::getpid()));
  if (trial > 0) std::this_thread::sleep_for(std::chrono::duration<double>(random.uniform(0, trial)));
  const auto store = search::open_store(place, /*create=*/true);
  store->open(description(lag));
  search::ClaimOptions options;
  options.worker = fmt::format("bench:{}", ::getpid());
  options.trials = INT64_MAX;
  const double end = now() + seconds;
  for (double start = now(); start < end; start = now()) {
    const search::ClaimAnswer answer = store->claim(options, suggest);
    tally.longest = std::max(tally.longest, now() - start);
    tally.in_calls += now() - start;
    if (!answer.claim) {
      ++tally.waits;
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      continue;
    }
    ++tally.claims;
    sleep_over_trial(random, trial);
    const double ended = now();
    ++(store->report(*answer.claim, outcome(*answer.claim)) ? tally.reports : tally.refused);
    tally.longest = std::max(tally.longest, now() - ended);
    tally.in_calls += now() - ended;
  }
  return tally;
}

// The tally goes to the pipe in one piece.
[[noreturn]] void be_worker(int pipe, const std::string& place, int lag, double seconds, double trial) {
  Tally tally;
  try {
    tally = work(place, lag, seconds, trial);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    tally.errors = 1;
  }
  const bool written = ::write(pipe, &tally, sizeof tally) == sizeof tally;
  ::_exit(written ? 0 : 1);
}

bool measure_events(const std::string& place, int processes, double seconds, double trial) {
  const int lag = 2 * processes;
  int ends[2];
  if (::pipe(ends) != 0) fail(ErrorKind::io, "cannot make a pipe");
  const double start = now();
  for (int i = 0; i < processes; ++i) {
    if (::fork() == 0) be_worker(ends[1], place, lag, seconds, trial);
  }
  ::close(ends[1]);
  Tally sum, one;
  int answers = 0;
  while (::read(ends[0], &one, sizeof one) == sizeof one) {
    ++answers;
    sum.claims += one.claims;
    sum.reports += one.reports;
    sum.refused += one.refused;
    sum.waits += one.waits;
    sum.errors += one.errors;
    sum.longest = std::max(sum.longest, one.longest);
    sum.in_calls += one.in_calls;
  }
  const double elapsed = now() - start;
  while (::wait(nullptr) > 0) {
  }
  sum.errors += processes - answers;
  const search::StudyStatus status = search::open_store(place, false)->status();
  const bool exact = status.trials == sum.claims && status.complete == sum.reports && status.running == 0;
  print({{"processes", processes},
         {"seconds", elapsed},
         {"claims", sum.claims},
         {"reports", sum.reports},
         {"refused", sum.refused},
         {"waits", sum.waits},
         {"errors", sum.errors},
         {"events_per_s", static_cast<double>(sum.claims + sum.reports) / elapsed},
         {"mean_call_ms",
          1e3 * sum.in_calls / static_cast<double>(std::max<int64_t>(sum.claims + sum.reports + sum.waits, 1))},
         {"longest_call_s", sum.longest},
         {"every_trial_counted_once", exact}});
  return exact && sum.errors == 0 && sum.refused == 0;
}

template <class Call>
double median_ms(int times, const Call& call) {
  std::vector<double> taken;
  for (int i = 0; i < times; ++i) {
    const double start = now();
    call();
    taken.push_back(1e3 * (now() - start));
  }
  std::sort(taken.begin(), taken.end());
  return taken[taken.size() / 2];
}

// All trials but the last few are made in one claim: every hundredth is refused, the others take over what trial 0 got.
void measure_size(const std::string& place, int64_t count) {
  const auto store = search::open_store(place, /*create=*/true);
  store->open(description(16));
  search::ClaimOptions options;
  options.worker = "bench";
  options.trials = INT64_MAX;
  std::vector<search::Claim> claims;
  for (int i = 0; i < 16; ++i) claims.push_back(*store->claim(options, suggest).claim);
  for (const search::Claim& claim : claims) store->report(claim, outcome(claim));
  const double start = now();
  store->claim(options, [&](int64_t number, const std::string& state, std::span<const search::Trial> news) {
    search::Suggestion suggestion = suggest(number, state, news);
    if (number >= count) return suggestion;
    suggestion.hash = claims[0].hash;
    if (number % 100 == 99) suggestion.rejection = "refused";
    return suggestion;
  });
  const double filled = now() - start;
  const double status_ms = median_ms(21, [&] { store->status(); });
  const double trials_ms = median_ms(3, [&] { store->trials(); });
  const double last_ms = median_ms(21, [&] { store->trials(count - 50); });
  const double claim_ms = median_ms(11, [&] { store->claim(options, suggest); });
  print({{"trials", store->status().trials},
         {"made_in_s", filled},
         {"status_ms", status_ms},
         {"all_trials_ms", trials_ms},
         {"last_trials_ms", last_ms},
         {"claim_ms", claim_ms}});
}

}  // namespace
}  // namespace spinenet

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  try {
    if (what == "sync" && argc == 4) {
      spinenet::measure_sync(argv[2], std::atof(argv[3]));
    } else if (what == "events" && (argc == 5 || argc == 6)) {
      const double trial = argc == 6 ? std::atof(argv[5]) : 0;
      return spinenet::measure_events(argv[2], std::atoi(argv[3]), std::atof(argv[4]), trial) ? 0 : 1;
    } else if (what == "size" && argc == 4) {
      spinenet::measure_size(argv[2], std::atoll(argv[3]));
    } else {
      std::fputs(
          "usage: study_store_bench sync FOLDER SECONDS | events PLACE PROCESSES SECONDS [TRIAL] | size PLACE TRIALS\n",
          stderr);
      return 2;
    }
  } catch (const spinenet::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return spinenet::exit_status(error.kind());
  }
  return 0;
}

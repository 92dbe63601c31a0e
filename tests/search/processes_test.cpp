// Workers in processes of their own: killed at random moments, and very many of them.
#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "search/store/store_fixture.h"

namespace spinenet {
namespace {

using namespace search::fixture;

// Its lines go behind the others in `log`. It dies with the test.
pid_t start_worker(const std::vector<std::string>& arguments, const std::string& log) {
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child != 0) return child;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);
  ::dup2(::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644), 1);
  std::vector<std::string> words{SPINENET_STORE_WORKER, "work"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  ::execv(SPINENET_STORE_WORKER, pointers.data());
  ::_exit(127);
}

size_t lines(const std::string& log) {
  std::ifstream in(log);
  return static_cast<size_t>(std::count(std::istreambuf_iterator<char>(in), {}, '\n'));
}

// How often each trial was reported and accepted.
std::map<int64_t, int> accepted(const std::string& log) {
  std::map<int64_t, int> counts;
  std::ifstream lines(log);
  std::string word;
  int64_t number = 0, token = 0;
  while (lines >> word >> number >> token) counts[number] += word == "done" ? 1 : 0;
  return counts;
}

class Processes : public StoreTest {
 protected:
  // So that kills keep pace with the work on slow machines too; not for long, because the study may be finished.
  static void wait_for_lines(const std::string& log, size_t count) {
    for (int i = 0; i < 100 && lines(log) < count; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }

  // A study worked on by `workers` until it is finished, of which a random one is killed now and then and started
  // again. The number of those killed.
  int finish_under_kills(int workers, int64_t trials, int lag, Random& random) {
    const std::string log = in_folder("log");
    std::filesystem::remove(log);
    const std::vector<std::string> arguments{place(), std::to_string(trials), std::to_string(lag), "0.3", "0.004"};
    std::vector<pid_t> running;
    for (int i = 0; i < workers; ++i) running.push_back(start_worker(arguments, log));
    int kills = 0;
    while (true) {
      wait_for_lines(log, lines(log) + static_cast<size_t>(random.below(8)));
      std::this_thread::sleep_for(std::chrono::duration<double>(random.uniform(0, 0.01)));
      pid_t& victim = running[static_cast<size_t>(random.below(workers))];
      ::kill(victim, SIGKILL);
      int status = 0;
      ::waitpid(victim, &status, 0);
      if (WIFEXITED(status)) {  // it had come to the end before
        EXPECT_EQ(WEXITSTATUS(status), 0);
        victim = running.back();
        running.pop_back();
        break;
      }
      ++kills;
      victim = start_worker(arguments, log);
    }
    for (const pid_t worker : running) {
      int status = 0;
      ::waitpid(worker, &status, 0);
      EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    for (const auto& [number, count] : accepted(log)) EXPECT_LE(count, 1) << "trial " << number;
    return kills;
  }
};
INSTANTIATE_TEST_SUITE_P(Stores, Processes, testing::Values(StoreKind::sqlite, StoreKind::postgres), kind_name);

TEST_P(Processes, KilledAtAnyMomentTheyLoseNothingAndCountNothingTwice) {
  constexpr int64_t kTrials = 150;
  constexpr int kLag = 8, kKills = 50;
  const auto expected = toy_trials(kTrials, kLag);
  Random random(GetParam() == StoreKind::sqlite ? 1 : 2);
  int kills = 0;
  for (int studies = 0; kills < kKills && studies < 50; ++studies) {
    next_place();
    kills += finish_under_kills(4, kTrials, kLag, random);
    const auto store = open(toy_description(kLag));
    EXPECT_EQ(lasting_parts(store->trials()), expected);
    const search::StudyStatus status = store->status();
    EXPECT_EQ(status.trials, kTrials);
    EXPECT_EQ(status.complete + status.failed + status.rejected, kTrials);
  }
  EXPECT_GE(kills, kKills);
  RecordProperty("kills", kills);
}

TEST_P(Processes, SixtyFourOfThemMeetNoError) {
  constexpr int64_t kTrials = 640;
  const std::string log = in_folder("log");
  std::vector<pid_t> workers;
  for (int i = 0; i < 64; ++i) {
    workers.push_back(start_worker({place(), std::to_string(kTrials), "128", "600", "0.001", "fresh"}, log));
  }
  for (const pid_t worker : workers) {
    int status = 0;
    ::waitpid(worker, &status, 0);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  const auto counts = accepted(log);
  EXPECT_EQ(counts.size(), static_cast<size_t>(kTrials));
  for (const auto& [number, count] : counts) EXPECT_EQ(count, 1) << "trial " << number;
  const auto store = open(toy_description(128));
  for (const search::Trial& trial : store->trials()) EXPECT_EQ(trial.attempts, 1) << "trial " << trial.number;
  EXPECT_EQ(store->status().complete + store->status().failed, kTrials);
}

}  // namespace
}  // namespace spinenet

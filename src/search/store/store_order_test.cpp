// What every store promises of order: the window of `lag` trials, news, duplicates, rejections, the tally.
#include <atomic>
#include <mutex>
#include <numeric>
#include <thread>

#include <gtest/gtest.h>

#include "search/store/store_fixture.h"

namespace spinenet::search {
namespace {

using namespace fixture;

class StoreOrder : public StoreTest {};
INSTANTIATE_TEST_SUITE_P(Stores, StoreOrder, testing::Values(StoreKind::sqlite, StoreKind::postgres), kind_name);

TEST_P(StoreOrder, ATrialWaitsForThoseThatItMayKnow) {
  const auto store = open(toy_description(3));
  std::vector<Claim> claims;
  for (int i = 0; i < 3; ++i) claims.push_back(claim_one(*store));
  EXPECT_EQ(store->claim(claim_options(), suggest_fresh).state, ClaimState::wait);
  EXPECT_TRUE(store->report(claims[1], complete(1)));
  EXPECT_TRUE(store->report(claims[2], complete(2)));
  EXPECT_EQ(store->claim(claim_options(), suggest_fresh).state, ClaimState::wait) << "trial 0 still runs";
  EXPECT_TRUE(store->report(claims[0], complete(0)));
  for (const int64_t number : {3, 4, 5}) EXPECT_EQ(claim_one(*store).number, number);
  EXPECT_EQ(store->claim(claim_options(), suggest_fresh).state, ClaimState::wait);
}

TEST_P(StoreOrder, NewsComeOnceInOrderAndNeverAhead) {
  for (const int lag : {1, 2, 5}) {
    next_place();
    const auto store = open(toy_description(lag));
    Random random(static_cast<uint64_t>(lag));
    std::vector<Claim> running;
    std::vector<int64_t> told;
    const Suggest suggest = [&](int64_t number, const std::string& state, std::span<const Trial> news) {
      for (const Trial& trial : news) {
        EXPECT_NE(trial.state, TrialState::running);
        told.push_back(trial.number);
      }
      const auto known = std::max<int64_t>(0, number - lag + 1);
      EXPECT_EQ(static_cast<int64_t>(told.size()), known) << "trials 0.." << number - lag << ", no more, no less";
      return suggest_fresh(number, state, news);
    };
    while (true) {
      const ClaimAnswer answer = store->claim(claim_options(40), suggest);
      if (answer.state == ClaimState::finished) break;
      if (answer.claim) running.push_back(*answer.claim);
      if (running.empty() || (answer.claim && random.chance(0.5))) continue;
      random.shuffle(std::span(running));
      EXPECT_TRUE(store->report(running.back(), complete(random.uniform())));
      running.pop_back();
    }
    std::vector<int64_t> expected(static_cast<size_t>(40 - lag));
    std::iota(expected.begin(), expected.end(), 0);
    EXPECT_EQ(told, expected);
  }
}

TEST_P(StoreOrder, ADuplicateTakesOverWhatItMayKnow) {
  const auto store = open(toy_description(2));
  const Suggest same = suggest_hashes({UINT64_MAX});
  const Claim zero = claim_one(*store, claim_options(), same), one = claim_one(*store, claim_options(), same);
  EXPECT_EQ(one.number, 1) << "trial 0 may not be known to trial 1, so it is tried";
  Outcome outcome = complete(0.25);
  outcome.measurement.metrics = {{"AP", 0.25}};
  EXPECT_TRUE(store->report(zero, failed(TrialFailure::timeout, "slow")));
  const Claim two = claim_one(*store, claim_options(), same);
  EXPECT_EQ(two.number, 2) << "trial 0 gave no measurement to take over";
  EXPECT_TRUE(store->report(one, outcome));
  // Trials 3 and 4 are done at once; trial 5 must wait for nothing else but finds the study's end.
  const ClaimAnswer answer = store->claim(claim_options(4), same);
  EXPECT_EQ(answer.state, ClaimState::wait) << "trial 2 still runs";
  const std::vector<Trial> trials = store->trials();
  ASSERT_EQ(trials.size(), 4U);
  EXPECT_EQ(trials[3].state, TrialState::complete);
  EXPECT_EQ(trials[3].duplicate_of, 1);
  EXPECT_EQ(trials[3].measurement, outcome.measurement);
  EXPECT_EQ(trials[3].attempts, 0);
  EXPECT_EQ(trials[2].duplicate_of, -1);
  EXPECT_TRUE(store->report(two, complete(0.5)));
  EXPECT_EQ(store->claim(claim_options(8), same).state, ClaimState::finished);
  for (int64_t i = 3; i < 8; ++i) EXPECT_EQ(store->trials(i, 1).at(0).duplicate_of, 1) << "the earliest of all";
  const StudyStatus status = store->status();
  EXPECT_EQ(status.complete, 7);
  EXPECT_EQ(status.duplicates, 5);
  EXPECT_EQ(status.best, 2);
}

TEST_P(StoreOrder, RejectedOnesEndAtOnceAndTheClaimGoesOn) {
  const auto store = open(toy_description(2));
  const Suggest mostly_rejected = [](int64_t number, const std::string& state, auto news) {
    Suggestion suggestion = suggest_fresh(number, state, news);
    if (number % 5 != 4) suggestion.rejection = "too many\nmultiply-adds";
    return suggestion;
  };
  EXPECT_EQ(claim_one(*store, claim_options(12), mostly_rejected).number, 4);
  EXPECT_EQ(store->claim(claim_options(12), mostly_rejected).state, ClaimState::wait);
  const std::vector<Trial> trials = store->trials();
  ASSERT_EQ(trials.size(), 6U);
  EXPECT_EQ(trials[0].state, TrialState::rejected);
  EXPECT_EQ(trials[0].reason, "too many multiply-adds");
  EXPECT_GT(trials[0].finished, 0);
  EXPECT_EQ(trials[5].state, TrialState::rejected);
  const StudyStatus status = store->status();
  EXPECT_EQ(status.rejected, 5);
  EXPECT_EQ(status.running, 1);
}

TEST_P(StoreOrder, FinishesWhenAllHaveEnded) {
  const auto store = open(toy_description(4));
  EXPECT_EQ(store->claim(claim_options(0), suggest_fresh).state, ClaimState::finished);
  const Claim zero = claim_one(*store, claim_options(2)), one = claim_one(*store, claim_options(2));
  EXPECT_EQ(store->claim(claim_options(2), suggest_fresh).state, ClaimState::wait);
  EXPECT_TRUE(store->report(zero, complete(0)));
  EXPECT_EQ(store->claim(claim_options(1), suggest_fresh).state, ClaimState::finished) << "a study of one trial";
  EXPECT_EQ(store->claim(claim_options(2), suggest_fresh).state, ClaimState::wait);
  EXPECT_TRUE(store->report(one, complete(1)));
  EXPECT_EQ(store->claim(claim_options(2), suggest_fresh).state, ClaimState::finished);
  EXPECT_EQ(claim_one(*store, claim_options(3)).number, 2) << "a study can be made longer";
}

// The tally is kept on the way; trials() is the truth.
StudyStatus counted(const std::vector<Trial>& trials) {
  StudyStatus s;
  for (const Trial& t : trials) {
    ++s.trials;
    s.running += t.state == TrialState::running ? 1 : 0;
    s.complete += t.state == TrialState::complete ? 1 : 0;
    s.failed += t.state == TrialState::failed ? 1 : 0;
    s.rejected += t.state == TrialState::rejected ? 1 : 0;
    s.duplicates += t.duplicate_of >= 0 ? 1 : 0;
    if (t.state == TrialState::complete && (s.best < 0 || t.measurement.score > s.best_score)) {
      s.best = t.number;
      s.best_score = t.measurement.score;
    }
    s.first_started = s.trials == 1 ? t.started : std::min(s.first_started, t.started);
    s.last_finished = std::max(s.last_finished, t.finished);
  }
  return s;
}

void expect_equal(const StudyStatus& a, const StudyStatus& b) {
  EXPECT_EQ(a.trials, b.trials);
  EXPECT_EQ(a.running, b.running);
  EXPECT_EQ(a.complete, b.complete);
  EXPECT_EQ(a.failed, b.failed);
  EXPECT_EQ(a.rejected, b.rejected);
  EXPECT_EQ(a.duplicates, b.duplicates);
  EXPECT_EQ(a.best, b.best);
  EXPECT_EQ(a.best_score, b.best_score);
  EXPECT_EQ(a.first_started, b.first_started);
  EXPECT_EQ(a.last_finished, b.last_finished);
}

TEST_P(StoreOrder, TheStatusIsWhatTheTrialsSay) {
  const auto store = open(toy_description(6));
  expect_equal(store->status(), counted({}));
  Random random(3);
  std::vector<Claim> running;
  ClaimState state = ClaimState::wait;
  while (state != ClaimState::finished) {
    const ClaimAnswer answer = store->claim(claim_options(150, random.chance(0.2) ? -1 : 60), toy_suggest);
    state = answer.state;
    if (answer.claim) running.push_back(*answer.claim);
    if (!running.empty() && (!answer.claim || random.chance(0.3))) {
      random.shuffle(std::span(running));
      store->report(running.back(), toy_outcome(running.back()));
      running.pop_back();
    }
    expect_equal(store->status(), counted(store->trials()));
  }
}

TEST_P(StoreOrder, TrialsComeInPages) {
  const auto store = open(toy_description(30));
  for (int i = 0; i < 25; ++i) claim_one(*store);
  const auto all = lasting_parts(store->trials());
  ASSERT_EQ(all.size(), 25U);
  std::vector<std::string> pages;
  for (int64_t first = 0; first < 30; first += 7) {
    for (const Trial& trial : store->trials(first, 7)) pages.push_back(lasting_part(trial));
  }
  EXPECT_EQ(pages, all);
  EXPECT_TRUE(store->trials(25).empty());
  EXPECT_TRUE(store->trials(0, 0).empty());
}

// A worker of the toy study that lets every tenth trial go, as if it had died.
void work(const std::string& place, int index, int64_t trials) {
  Random random(static_cast<uint64_t>(index));
  const auto store = open_store(place, /*create=*/true);
  store->open(toy_description());
  ClaimOptions options = claim_options(trials);
  options.max_attempts = 1000;
  while (true) {
    options.lease_seconds = random.chance(0.1) ? -1 : 60;
    const ClaimAnswer answer = store->claim(options, toy_suggest);
    if (answer.state == ClaimState::finished) return;
    if (answer.claim && options.lease_seconds > 0) {
      EXPECT_TRUE(store->report(*answer.claim, toy_outcome(*answer.claim)));
    } else {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
}

TEST_P(StoreOrder, AnyNumberOfWorkersGivesTheSameTrials) {
  constexpr int64_t kTrials = 120;
  const auto expected = toy_trials(kTrials, toy_description().lag);
  for (const int workers : {1, 4, 16}) {
    next_place();
    std::vector<std::thread> threads;
    for (int i = 0; i < workers; ++i) threads.emplace_back([&, i] { work(place(), i, kTrials); });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(lasting_parts(open()->trials()), expected) << workers << " workers";
  }
}

}  // namespace
}  // namespace spinenet::search

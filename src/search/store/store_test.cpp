// What every store promises of leases, reports and values. Order and opening have their own files.
#include "search/store/store.h"

#include <cmath>
#include <limits>
#include <set>

#include <gtest/gtest.h>

#include "search/store/store_fixture.h"

namespace spinenet::search {
namespace {

using namespace fixture;

class StoreLeases : public StoreTest {};
INSTANTIATE_TEST_SUITE_P(Stores, StoreLeases, testing::Values(StoreKind::sqlite, StoreKind::postgres), kind_name);

TEST_P(StoreLeases, EveryClaimIsAnotherTrialWithAHigherToken) {
  const auto store = open(toy_description(50)), other = open(toy_description(50));
  int64_t token = 0;
  for (int64_t i = 0; i < 50; ++i) {
    const Claim claim = claim_one(i % 2 == 0 ? *store : *other);
    EXPECT_EQ(claim.number, i);
    EXPECT_GT(claim.token, token);
    EXPECT_EQ(claim.attempt, 1);
    EXPECT_EQ(claim.choices, (arch::Choices{static_cast<int>(i), -1}));
    EXPECT_EQ(claim.hash, Random::mix(static_cast<uint64_t>(i)));
    token = claim.token;
  }
  const std::vector<Trial> trials = store->trials();
  ASSERT_EQ(trials.size(), 50U);
  for (size_t i = 0; i < trials.size(); ++i) {
    EXPECT_EQ(trials[i].number, static_cast<int64_t>(i));
    EXPECT_EQ(trials[i].state, TrialState::running);
    EXPECT_EQ(trials[i].worker, "host:1");
    EXPECT_EQ(trials[i].attempts, 1);
    EXPECT_GT(trials[i].started, 1.7e9) << "seconds since 1970";
    EXPECT_EQ(trials[i].finished, 0);
  }
}

TEST_P(StoreLeases, ALateTrialGoesToAnotherWorkerAndTheFirstIsRefused) {
  const auto store = open();
  const Claim first = claim_one(*store, claim_options(10, -1));
  const Claim second = claim_one(*store, claim_options(10, 60));
  EXPECT_EQ(second.number, first.number);
  EXPECT_EQ(second.choices, first.choices);
  EXPECT_EQ(second.hash, first.hash);
  EXPECT_GT(second.token, first.token);
  EXPECT_EQ(second.attempt, 2);
  EXPECT_FALSE(store->heartbeat(first, 60));
  EXPECT_FALSE(store->report(first, complete(1)));
  EXPECT_EQ(store->trials()[0].state, TrialState::running);
  EXPECT_TRUE(store->heartbeat(second, 60));
  EXPECT_TRUE(store->report(second, complete(2)));
  EXPECT_FALSE(store->report(first, complete(1)));
  const Trial trial = store->trials()[0];
  EXPECT_EQ(trial.state, TrialState::complete);
  EXPECT_EQ(trial.measurement.score, 2);
  EXPECT_EQ(trial.attempts, 2);
  EXPECT_LE(trial.started, trial.finished);
}

TEST_P(StoreLeases, TheEarliestLateTrialGoesFirst) {
  const auto store = open();
  const Claim zero = claim_one(*store, claim_options(10, 60));
  const Claim one = claim_one(*store, claim_options(10, 60)), two = claim_one(*store, claim_options(10, 60));
  EXPECT_TRUE(store->heartbeat(two, -1));
  EXPECT_TRUE(store->heartbeat(one, -1));
  EXPECT_EQ(claim_one(*store).number, 1);
  EXPECT_EQ(claim_one(*store).number, 2);
  EXPECT_EQ(claim_one(*store).number, 3);
  EXPECT_TRUE(store->report(zero, complete(0)));
}

TEST_P(StoreLeases, HeartbeatsKeepALeaseAndALateOneIsGoodUntilAnotherHasIt) {
  const auto store = open();
  const Claim late = claim_one(*store, claim_options(10, -1));
  EXPECT_TRUE(store->heartbeat(late, 60));
  EXPECT_EQ(claim_one(*store).number, 1) << "trial 0 is leased again by its own worker";
  EXPECT_TRUE(store->heartbeat(late, -1));
  EXPECT_TRUE(store->report(late, complete(1))) << "late, but nobody else has it";
  EXPECT_FALSE(store->heartbeat(late, 60)) << "it has ended";
  EXPECT_EQ(claim_one(*store).number, 2);
}

TEST_P(StoreLeases, ATrialLostTooOftenFails) {
  const auto store = open(toy_description(1));
  ClaimOptions options = claim_options(2, -1);
  options.max_attempts = 3;
  Claim claim;
  for (int attempt = 1; attempt <= 3; ++attempt) {
    options.worker = fmt::format("host:{}", attempt);
    claim = claim_one(*store, options);
    EXPECT_EQ(claim.number, 0);
    EXPECT_EQ(claim.attempt, attempt);
  }
  std::vector<Trial> told;
  const Claim next = claim_one(*store, options, [&](int64_t, const std::string&, std::span<const Trial> news) {
    told.assign(news.begin(), news.end());
    return Suggestion{{1}, 5, "", {}};
  });
  EXPECT_EQ(next.number, 1);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].state, TrialState::failed);
  EXPECT_EQ(told[0].failure, TrialFailure::lost);
  EXPECT_EQ(told[0].attempts, 3);
  EXPECT_NE(told[0].reason.find('3'), std::string::npos) << told[0].reason;
  EXPECT_FALSE(store->report(claim, complete(1))) << "its last worker comes back";
  EXPECT_EQ(store->status().lost, 1);
  EXPECT_EQ(store->status().failed, 0) << "nothing is known of its network";
}

TEST_P(StoreLeases, OneWorkerLosesATrialOnce) {
  const auto store = open(toy_description(1));
  for (int i = 0; i < 10; ++i) EXPECT_EQ(claim_one(*store, claim_options(2, -1)).number, 0) << "the same worker again";
  ClaimOptions other = claim_options(2, -1);
  other.worker = "host:2";
  EXPECT_EQ(claim_one(*store, other).number, 0);
  EXPECT_EQ(claim_one(*store, claim_options(2, -1)).number, 0) << "two workers, in turn";
  EXPECT_EQ(claim_one(*store, other).number, 0);
  EXPECT_EQ(store->status().lost, 0);
}

TEST_P(StoreLeases, ATrialThatWorkersLoseSayingSoEndsAsOneWhoseLeasesRanOut) {
  const auto store = open(toy_description(1));
  ClaimOptions options = claim_options(2, 60);
  for (int worker = 1; worker <= 3; ++worker) {
    options.worker = fmt::format("host:{}", worker);
    const Claim claim = claim_one(*store, options);
    EXPECT_EQ(claim.number, 0);
    EXPECT_TRUE(store->lose(claim));
    EXPECT_FALSE(store->lose(claim)) << "it is no longer held";
    EXPECT_FALSE(store->heartbeat(claim, 60));
    EXPECT_FALSE(store->report(claim, complete(1)));
    EXPECT_EQ(store->trials()[0].attempts, worker);
  }
  EXPECT_EQ(claim_one(*store, options).number, 1);
  const Trial trial = store->trials()[0];
  EXPECT_EQ(trial.failure, TrialFailure::lost);
  EXPECT_NE(trial.reason.find("host:3"), std::string::npos) << trial.reason;
  EXPECT_EQ(store->status().lost, 1);
}

TEST_P(StoreLeases, WhoGivesATrialBackHasNotLostIt) {
  const auto store = open(toy_description(1));
  ClaimOptions options = claim_options(2, 60);
  for (int worker = 1; worker <= 5; ++worker) {
    options.worker = fmt::format("host:{}", worker);
    const Claim claim = claim_one(*store, options);
    EXPECT_EQ(claim.number, 0);
    EXPECT_EQ(claim.attempt, std::min(worker, 3)) << "two workers lost it, the others count for nothing";
    EXPECT_TRUE(worker <= 2 ? store->lose(claim) : store->release(claim));
  }
  const Claim claim = claim_one(*store, options);
  EXPECT_TRUE(store->report(claim, complete(1)));
  EXPECT_EQ(store->status().complete, 1);
}

TEST_P(StoreLeases, ATrialGivenBackIsLeasedAtOnceAndDoesNotCountAsTried) {
  const auto store = open();
  for (int round = 0; round < 5; ++round) {
    const Claim claim = claim_one(*store);
    EXPECT_EQ(claim.number, 0);
    EXPECT_EQ(claim.attempt, 1);
    EXPECT_TRUE(store->release(claim));
    EXPECT_FALSE(store->release(claim)) << "it is no longer held";
    EXPECT_FALSE(store->heartbeat(claim, 60));
    EXPECT_FALSE(store->report(claim, complete(1)));
  }
  const Claim taken = claim_one(*store);
  EXPECT_TRUE(store->report(taken, complete(1)));
  EXPECT_FALSE(store->release(taken)) << "it has ended";
  EXPECT_EQ(store->status().complete, 1);
}

TEST_P(StoreLeases, ARepeatedReportIsAnsweredAsTheFirst) {
  const auto store = open();
  const Claim one = claim_one(*store), two = claim_one(*store);
  Outcome good = complete(0.1);
  good.measurement.metrics = {{"AP", 0.1}, {"seconds", NAN}};
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(store->report(one, good));
  EXPECT_FALSE(store->report(one, complete(0.2))) << "another outcome: the trial has ended";
  EXPECT_FALSE(store->report(one, failed(TrialFailure::crash, "")));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(open()->report(two, failed(TrialFailure::crash, "signal 11")));
  EXPECT_FALSE(store->report(two, failed(TrialFailure::crash, "signal 9")));
  EXPECT_FALSE(store->report(two, complete(0.1)));
  EXPECT_EQ(store->trials()[0].measurement.score, 0.1);
  const Claim nobody{77, 1, {}, 0, 1};
  EXPECT_FALSE(store->report(nobody, complete(1)));
  EXPECT_FALSE(store->heartbeat(nobody, 1));
}

TEST_P(StoreLeases, RefusesOutcomesThatCannotBe) {
  const auto store = open();
  const Claim claim = claim_one(*store);
  for (const double score : {NAN, INFINITY, -INFINITY}) {
    expect_error(ErrorKind::bad_data, {"score", "trial 0", "non_finite"},
                 [&] { store->report(claim, complete(score)); });
  }
  for (const TrialState state : {TrialState::running, TrialState::rejected}) {
    Outcome outcome;
    outcome.state = state;
    expect_error(ErrorKind::usage, {std::string(name_of(state))}, [&] { store->report(claim, outcome); });
  }
  EXPECT_EQ(store->trials()[0].state, TrialState::running);
  EXPECT_TRUE(store->report(claim, failed(TrialFailure::non_finite, "loss")));
}

TEST_P(StoreLeases, NumbersComeBackToTheLastBit) {
  const std::vector<double> doubles{0.0,
                                    -0.0,
                                    0.1,
                                    1.0 / 3,
                                    1,
                                    -7,
                                    1e300,
                                    5e-324,
                                    2.2250738585072014e-308,
                                    std::numeric_limits<double>::max(),
                                    -123456789.987654321,
                                    1e15,
                                    4503599627370497.5};
  const std::vector<uint64_t> hashes{0, 1, UINT64_MAX, uint64_t{1} << 63, (uint64_t{1} << 63) - 1, 0x0123456789abcdef};
  const int64_t count = static_cast<int64_t>(doubles.size());
  const auto store = open(toy_description(20));
  for (int64_t i = 0; i < count; ++i) {
    const auto n = static_cast<size_t>(i);
    const Claim claim = claim_one(*store, claim_options(), [&](int64_t number, const std::string&, auto) {
      return Suggestion{{static_cast<int>(number), INT_MIN, INT_MAX, 0}, hashes[n % hashes.size()], "", {}};
    });
    Outcome outcome = complete(doubles[n]);
    outcome.measurement.metrics = {{"same", doubles[n]}, {"infinite", INFINITY}, {"least", -INFINITY}, {"none", NAN}};
    EXPECT_TRUE(store->report(claim, outcome));
  }
  const std::vector<Trial> trials = open(toy_description(20))->trials();
  for (size_t i = 0; i < trials.size(); ++i) {
    const Measurement& m = trials[i].measurement;
    EXPECT_EQ(std::bit_cast<uint64_t>(m.score), std::bit_cast<uint64_t>(doubles[i])) << doubles[i];
    EXPECT_EQ(std::bit_cast<uint64_t>(m.metrics.at("same")), std::bit_cast<uint64_t>(doubles[i])) << doubles[i];
    EXPECT_EQ(m.metrics.at("infinite"), INFINITY);
    EXPECT_EQ(m.metrics.at("least"), -INFINITY);
    EXPECT_TRUE(std::isnan(m.metrics.at("none")));
    EXPECT_EQ(trials[i].hash, hashes[i % hashes.size()]);
    EXPECT_EQ(trials[i].choices, (arch::Choices{static_cast<int>(i), INT_MIN, INT_MAX, 0}));
  }
}

TEST_P(StoreLeases, TheNameOfItsWeightsComesBackAndADuplicateTakesItOver) {
  const auto store = open(toy_description(1));
  const auto suggest = suggest_hashes({7});
  const Claim claim = claim_one(*store, claim_options(), suggest);
  Outcome outcome = complete(0.5);
  outcome.measurement.weights = "00000000000000ff.safetensors";
  EXPECT_TRUE(store->report(claim, outcome));
  EXPECT_TRUE(store->report(claim, outcome)) << "the same, given twice";
  Outcome other = outcome;
  other.measurement.weights = "00000000000000fe.safetensors";
  EXPECT_FALSE(store->report(claim, other));
  EXPECT_EQ(store->claim(claim_options(2), suggest).state, ClaimState::finished);
  const std::vector<Trial> trials = store->trials();
  ASSERT_EQ(trials.size(), 2U);
  EXPECT_EQ(trials[0].measurement, outcome.measurement);
  EXPECT_EQ(trials[1].duplicate_of, 0);
  EXPECT_EQ(trials[1].measurement, outcome.measurement);

  const Claim next = claim_one(*store);
  for (const char* name : {"last.safetensors", "../00000000000000ff.safetensors", "'"}) {
    outcome.measurement.weights = name;
    expect_error(ErrorKind::bad_data, {"names no weights", "trial 2"}, [&] { store->report(next, outcome); });
  }
}

TEST_P(StoreLeases, MetricsOfAnyNameComeBack) {
  const auto store = open();
  const std::vector<std::map<std::string, double>> all{
      {},
      {{"", 1}},
      {{"quote \" comma, colon: brace } backslash \\", 0.5}, {"z", -1e-300}},
      {{"\\", 1}, {"a", 2}},
      {{"caf\xC3\xA9", 3}, {"[]", NAN}, {"{", 1e22}},
  };
  for (const auto& metrics : all) {
    const Claim claim = claim_one(*store);
    Outcome outcome = complete(1);
    outcome.measurement.metrics = metrics;
    EXPECT_TRUE(store->report(claim, outcome));
    EXPECT_TRUE(store->report(claim, outcome));
    auto found = store->trials().back().measurement.metrics;
    ASSERT_EQ(found.size(), metrics.size());
    for (const auto& [name, value] : metrics) {
      ASSERT_TRUE(found.contains(name)) << name;
      if (!std::isnan(value)) {
        EXPECT_EQ(found[name], value);
      }
    }
  }
}

TEST_P(StoreLeases, AMegabyteOfStateComesBackByteForByte) {
  std::string state;
  for (int i = 0; state.size() < 1'000'000; ++i) state += static_cast<char>(i * 7 + i / 256);
  const auto store = open();
  claim_one(*store, claim_options(), [&](int64_t, const std::string& before, auto) {
    EXPECT_EQ(before, "");
    return Suggestion{{}, 1, state, {}};
  });
  std::string seen;
  claim_one(*open(), claim_options(), [&](int64_t, const std::string& before, auto) {
    seen = before;
    return Suggestion{{}, 2, "", {}};
  });
  EXPECT_TRUE(seen == state);
  claim_one(*open(), claim_options(), [&](int64_t, const std::string& before, auto) {
    EXPECT_EQ(before, "");
    return Suggestion{{}, 3, "", {}};
  });
  EXPECT_TRUE(store->trials()[0].choices.empty());
}

TEST_P(StoreLeases, ReasonsOfAnyBytesBecomeOneLine) {
  const auto store = open();
  const std::vector<std::pair<std::string, std::string>> reasons{
      {"two\nlines\tand\r\n", "two lines and  "},
      {"caf\xC3\xA9 \xE2\x82\xAC", "caf\xC3\xA9 \xE2\x82\xAC"},
      {"broken \xFF\xC3 bytes", "broken ?? bytes"},
      {std::string("nul\0byte", 8), "nul byte"},
      {"'; DROP TABLE spinenet_trial; --", "'; DROP TABLE spinenet_trial; --"},
      {"", ""},
  };
  for (const auto& [given, kept] : reasons) {
    const Claim claim = claim_one(*store);
    for (int i = 0; i < 2; ++i) EXPECT_TRUE(store->report(claim, failed(TrialFailure::error, given)));
    EXPECT_EQ(store->trials().back().reason, kept);
    EXPECT_EQ(store->trials().back().failure, TrialFailure::error);
  }
}

TEST_P(StoreLeases, ASuggestionThatThrowsChangesNothing) {
  const auto store = open(toy_description(1));
  EXPECT_TRUE(store->report(claim_one(*store), complete(3)));
  const auto before = lasting_parts(store->trials());
  int calls = 0;
  const auto throws_third = [&](int64_t number, const std::string&, std::span<const Trial>) -> Suggestion {
    if (++calls == 3) throw std::runtime_error("out of ideas");
    return {{1}, static_cast<uint64_t>(number), "changed", "rejected"};
  };
  EXPECT_THROW(store->claim(claim_options(), throws_third), std::runtime_error);
  EXPECT_EQ(calls, 3);
  EXPECT_EQ(lasting_parts(store->trials()), before);
  EXPECT_EQ(store->status().trials, 1);
  std::vector<int64_t> told;
  const Claim claim = claim_one(*store, claim_options(), [&](int64_t, const std::string& state, auto news) {
    EXPECT_EQ(state, "");
    for (const Trial& trial : news) told.push_back(trial.number);
    return Suggestion{{1}, 9, "", {}};
  });
  EXPECT_EQ(claim.number, 1);
  EXPECT_EQ(told, std::vector<int64_t>{0});
}

}  // namespace
}  // namespace spinenet::search

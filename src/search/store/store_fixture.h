// What every store's tests need: a place of each kind without a study in it, and short words for claims and
// suggestions.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/format.h"
#include "base/scratch_folder_fixture.h"
#include "search/store/postgres_server_fixture.h"
#include "search/store/store.h"
#include "search/store/store_database.h"
#include "search/toy_study_fixture.h"

namespace spinenet::search::fixture {

enum class StoreKind { sqlite, postgres };

inline std::string kind_name(const testing::TestParamInfo<StoreKind>& info) {
  return info.param == StoreKind::sqlite ? "Sqlite" : "Postgres";
}

class StoreTest : public testing::TestWithParam<StoreKind> {
 protected:
  void SetUp() override {
    if (GetParam() == StoreKind::postgres && PostgresServer::get() == nullptr) {
      GTEST_SKIP() << "PostgreSQL is not installed";
    }
    next_place();
  }

  // From here on the test is about another study.
  void next_place() {
    place_ = GetParam() == StoreKind::sqlite ? (folder_ / fmt::format("study{}.db", ++places_)).string()
                                             : PostgresServer::get()->fresh_place();
  }

  std::unique_ptr<Store> open(const StudyDescription& description = toy_description(),
                              const StoreOptions& options = {}) const {
    auto store = open_store(place_, /*create=*/true, options);
    store->open(description);
    return store;
  }
  std::unique_ptr<Database> database() const {
    return GetParam() == StoreKind::sqlite ? open_sqlite(place_, StoreUse::go_on, {}) : open_postgres(place_, {});
  }
  // A statement of the test's own, past the store.
  SqlResult sql(std::string_view statement) const {
    const auto raw = database();
    raw->begin(Access::write);
    SqlResult result = raw->run(statement, {});
    raw->commit();
    return result;
  }
  const std::string& place() const { return place_; }
  std::filesystem::path in_folder(std::string_view name) const { return folder_ / name; }

 private:
  spinenet::fixture::ScratchFolder folder_;
  std::string place_;
  int places_ = 0;
};

inline ClaimOptions claim_options(int64_t trials = 1000, double lease_seconds = 60) {
  ClaimOptions options;
  options.worker = "host:1";
  options.lease_seconds = lease_seconds;
  options.trials = trials;
  return options;
}

// Hashes from the list, over and over; state: the numbers told so far.
inline Suggest suggest_hashes(std::vector<uint64_t> hashes) {
  return [hashes = std::move(hashes)](int64_t number, const std::string& state, std::span<const Trial> news) {
    Suggestion suggestion;
    suggestion.hash = hashes[static_cast<size_t>(number) % hashes.size()];
    suggestion.choices = {static_cast<int>(number), -1};
    suggestion.state = state;
    for (const Trial& trial : news) suggestion.state += fmt::format("{} ", trial.number);
    return suggestion;
  };
}

// All different.
inline Suggestion suggest_fresh(int64_t number, const std::string& state, std::span<const Trial> news) {
  return suggest_hashes({Random::mix(static_cast<uint64_t>(number))})(number, state, news);
}

inline Claim claim_one(Store& store, const ClaimOptions& options = claim_options(),
                       const Suggest& suggest = suggest_fresh) {
  const ClaimAnswer answer = store.claim(options, suggest);
  EXPECT_EQ(answer.state, ClaimState::claimed);
  return answer.claim.value_or(Claim{});
}

inline Outcome complete(double score) {
  Outcome outcome;
  outcome.measurement.score = score;
  return outcome;
}

inline Outcome failed(TrialFailure failure, std::string reason) {
  Outcome outcome;
  outcome.state = TrialState::failed;
  outcome.failure = failure;
  outcome.reason = std::move(reason);
  return outcome;
}

// The call must throw an Error of this kind whose message has all of these parts.
template <class Call>
void expect_error(ErrorKind kind, const std::vector<std::string>& parts, const Call& call) {
  try {
    call();
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
    for (const std::string& part : parts) {
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << part << " is not in: " << error.what();
    }
  }
}

}  // namespace spinenet::search::fixture

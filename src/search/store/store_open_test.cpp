// What every store promises of opening: who makes a study, what is refused, what is never touched.
#include <thread>

#include <gtest/gtest.h>

#include "search/store/store_fixture.h"
#include "search/store/store_schema.h"

namespace spinenet::search {
namespace {

using namespace fixture;

class StoreOpen : public StoreTest {};
INSTANTIATE_TEST_SUITE_P(Stores, StoreOpen, testing::Values(StoreKind::sqlite, StoreKind::postgres), kind_name);

TEST_P(StoreOpen, KeepsTheDescription) {
  StudyDescription description;
  description.space = std::string(200'000, 's') + "\n'\"\\ {} $1 ?1 \xE2\x82\xAC";
  description.algorithm = "";
  description.task = "line\r\nline\t";
  description.seed = UINT64_MAX;
  description.lag = 1;
  open(description);
  EXPECT_EQ(open_store(place(), /*create=*/false)->description(), description);
  EXPECT_NO_THROW(open(description));
}

TEST_P(StoreOpen, FindsAStudyAndMakesNone) {
  EXPECT_FALSE(find_study(place()));
  EXPECT_FALSE(find_study(place()));
  expect_error(ErrorKind::usage, {"there is no study"}, [&] { open_store(place(), false); });
  open(toy_description());
  EXPECT_EQ(find_study(place()), toy_description());
}

TEST_P(StoreOpen, RefusesAnotherStudyNamingTheField) {
  StudyDescription kept = toy_description();
  kept.space = "levels: 2 3\nkinds: bottleneck\nwindow: 5\n";
  const auto store = open(kept);
  const auto refuse = [&](const StudyDescription& other, const std::vector<std::string>& parts) {
    expect_error(ErrorKind::usage, parts, [&] { open(other); });
    EXPECT_EQ(open_store(place(), false)->description(), kept);
  };
  StudyDescription other = kept;
  other.space = "levels: 2 3\nkinds: residual\nwindow: 4\n";
  refuse(other, {"space", "line 2", "kinds: bottleneck", "kinds: residual"});
  other.space = kept.space + "shift: 0\n";
  refuse(other, {"space", "line 4", "\"\"", "shift: 0"});
  other = kept;
  other.algorithm = "random";
  refuse(other, {"algorithm", "digest of all news", "\"random\""});
  other = kept;
  other.task = std::string(5000, 'x') + "a function";
  refuse(other, {"task", kept.task});
  other = kept;
  other.seed = UINT64_MAX;
  refuse(other, {"seed", "7", "18446744073709551615"});
  other = kept;
  other.lag = 17;
  refuse(other, {"lag", "4", "17"});
}

TEST_P(StoreOpen, ShowsTheDifferenceInsideALongLine) {
  StudyDescription kept = toy_description(), other = toy_description();
  kept.task = std::string(3000, 'x') + " epochs 12";
  other.task = std::string(3000, 'x') + " epochs 13";
  open(kept);
  try {
    open(other);
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    const std::string message = error.what();
    EXPECT_NE(message.find("epochs 12"), std::string::npos) << message;
    EXPECT_NE(message.find("epochs 13"), std::string::npos) << message;
    EXPECT_LT(message.size(), 400U);
  }
}

TEST_P(StoreOpen, RefusesDescriptionsThatCannotBe) {
  StudyDescription description = toy_description();
  description.lag = 0;
  expect_error(ErrorKind::bad_data, {"lag", "0"}, [&] { open(description); });
  description = toy_description();
  description.task = "\xFF\xFE";
  expect_error(ErrorKind::bad_data, {"UTF-8"}, [&] { open(description); });
  description.task = std::string("a\0b", 3);
  expect_error(ErrorKind::bad_data, {"UTF-8"}, [&] { open(description); });
}

TEST_P(StoreOpen, WithoutCreateThereMustBeAStudy) {
  expect_error(ErrorKind::usage, {"no study"}, [&] { open_store(place(), false); });
  const auto made = open_store(place(), true);
  const auto found = open_store(place(), false);
  expect_error(ErrorKind::usage, {"no study"}, [&] { found->open(toy_description()); });
  expect_error(ErrorKind::usage, {"no study"}, [&] { found->description(); });
  expect_error(ErrorKind::usage, {"no study"}, [&] { found->status(); });
  expect_error(ErrorKind::usage, {"no study"}, [&] { found->claim(claim_options(), suggest_fresh); });
  EXPECT_TRUE(found->trials().empty());
  made->open(toy_description());
  EXPECT_EQ(found->description(), toy_description());
  EXPECT_NO_THROW(found->open(toy_description()));
}

TEST_P(StoreOpen, RefusesANewerVersionAndLeavesIt) {
  const Claim claim = claim_one(*open());
  sql("UPDATE spinenet_version SET version = 12");
  for (const bool create : {false, true}) {
    expect_error(ErrorKind::bad_data, {"version 12", std::to_string(kStudyVersion), place().substr(0, 10)},
                 [&] { open_store(place(), create); });
  }
  EXPECT_EQ(std::get<int64_t>(sql("SELECT version FROM spinenet_version").rows.at(0).at(0)), 12);
  sql("UPDATE spinenet_version SET version = 3");
  EXPECT_TRUE(open()->report(claim, complete(1)));
}

TEST_P(StoreOpen, RefusesAVersionThatThereIsNot) {
  open();
  for (const char* statement :
       {"UPDATE spinenet_version SET version = -1", "UPDATE spinenet_version SET version = 0",
        "UPDATE spinenet_version SET version = -9223372036854775807", "INSERT INTO spinenet_version VALUES (2, 2)"}) {
    sql(statement);
    expect_error(ErrorKind::bad_data, {"version"}, [&] { open_store(place(), true); });
    expect_error(ErrorKind::bad_data, {"version"}, [&] { open_store(place(), false); });
    expect_error(ErrorKind::bad_data, {"version"}, [&] { look_at_store(place()); });
    expect_error(ErrorKind::bad_data, {"version"}, [&] { find_study(place()); });
  }
}

TEST_P(StoreOpen, EachStudyHasAnIdOfItsOwn) {
  const std::string id = open()->id();
  EXPECT_EQ(id.size(), 32U);
  EXPECT_EQ(open()->id(), id) << "who comes second finds it";
  EXPECT_EQ(look_at_store(place())->id(), id);
  next_place();
  EXPECT_NE(open()->id(), id) << "of the same description";
  next_place();
  const auto begun = open_store(place(), true);
  expect_error(ErrorKind::usage, {"no study"}, [&] { begun->id(); });
}

// As a program of that version leaves it: two trials measured, two lost, of which one is in the tally.
void make_study_of_version_1(Database& raw) {
  raw.begin(Access::write);
  raw.run(raw.dialect().before_tables, {});
  for (const std::string_view statement : migration(0)) raw.run(statement, {});
  raw.run("UPDATE spinenet_version SET version = 1", {});
  raw.run(
      "INSERT INTO spinenet_study VALUES (1, 'space', 'algorithm', 'task', 7, 2, 4, 9, 1, 1, 0, 0, 0, 0.5, 1.0, 2.0)",
      {});
  raw.run("INSERT INTO spinenet_state VALUES (1, '')", {});
  raw.run(
      "INSERT INTO spinenet_trial VALUES (0, 'complete', '[1]', 5, 0.5, '{{\"AP\":0.5}}', 'none', '', 1, -1, 'a:1', "
      "1.0, 2.0,"
      " 1, 0.0, 1), (1, 'failed', '[2]', 6, 0.0, '{{}}', 'lost', 'its worker was lost 3 times', 3, -1, 'a:1', 1.0, "
      "2.0, 2,"
      " 0.0, 1), (2, 'complete', '[3]', 7, 0.25, '{{}}', 'none', '', 1, -1, 'a:1', 1.0, 2.0, 3, 0.0, 1),"
      " (3, 'failed', '[4]', 8, 0.0, '{{}}', 'lost', 'its worker was lost 3 times', 3, -1, 'a:1', 1.0, 2.0, 4, 0.0, 1)",
      {});
  raw.commit();
}

TEST_P(StoreOpen, AStudyOfVersion1IsShownAsItIsAndGoesOnInThisVersion) {
  {
    const auto raw =
        GetParam() == StoreKind::sqlite ? open_sqlite(place(), StoreUse::create, {}) : open_postgres(place(), {});
    make_study_of_version_1(*raw);
  }
  const auto expect_status = [](const StudyStatus& status) {
    EXPECT_EQ(status.trials, 4);
    EXPECT_EQ(status.complete, 2);
    EXPECT_EQ(status.lost, 2);
    EXPECT_EQ(status.failed, 0);
    EXPECT_EQ(status.best, 0);
  };
  const auto version = [&] { return std::get<int64_t>(sql("SELECT version FROM spinenet_version").rows.at(0).at(0)); };
  const auto looked = look_at_store(place());
  expect_status(looked->status());
  EXPECT_EQ(looked->id(), "");
  EXPECT_EQ(looked->trials().size(), 4U);
  EXPECT_EQ(find_study(place())->space, "space");
  EXPECT_EQ(version(), 1) << "looking changes nothing";

  const auto store = open_store(place(), false);
  EXPECT_EQ(version(), kStudyVersion);
  EXPECT_EQ(store->id().size(), 32U);
  EXPECT_EQ(open_store(place(), false)->id(), store->id());
  expect_status(store->status());
  expect_status(looked->status());
  const Claim claim = claim_one(*store);
  EXPECT_EQ(claim.number, 4);
  EXPECT_TRUE(store->lose(claim));
  EXPECT_EQ(claim_one(*store).number, 4);
}

// Whose trials keep no weights.
TEST_P(StoreOpen, AStudyOfVersion2IsShownAsItIsAndGoesOnInThisVersion) {
  {
    const auto raw =
        GetParam() == StoreKind::sqlite ? open_sqlite(place(), StoreUse::create, {}) : open_postgres(place(), {});
    make_study_of_version_1(*raw);
    raw->begin(Access::write);
    for (const std::string_view statement : migration(1)) raw->run(statement, {});
    raw->run("UPDATE spinenet_version SET version = 2", {});
    raw->run("UPDATE spinenet_study SET study_id = '0123456789abcdef0123456789abcdef'", {});
    raw->commit();
  }
  const auto version = [&] { return std::get<int64_t>(sql("SELECT version FROM spinenet_version").rows.at(0).at(0)); };
  const auto looked = look_at_store(place());
  ASSERT_EQ(looked->trials().size(), 4U);
  EXPECT_EQ(looked->trials()[2].measurement, (Measurement{0.25, {}, ""}));
  EXPECT_EQ(looked->id(), "0123456789abcdef0123456789abcdef");
  EXPECT_EQ(version(), 2) << "looking changes nothing";

  const auto store = open_store(place(), false);
  EXPECT_EQ(version(), kStudyVersion);
  EXPECT_EQ(store->id(), looked->id()) << "it is the same study";
  EXPECT_EQ(looked->trials().size(), 4U) << "who was looking goes on";
  const Claim claim = claim_one(*store);
  Outcome outcome = complete(0.75);
  outcome.measurement.weights = "0123456789abcdef.safetensors";
  EXPECT_TRUE(store->report(claim, outcome));
  EXPECT_EQ(store->trials(4).at(0).measurement, outcome.measurement);
  EXPECT_EQ(store->trials()[2].measurement.weights, "");
}

TEST_P(StoreOpen, LookingWritesNothing) {
  const Claim claim = claim_one(*open());
  const auto looked = look_at_store(place());
  EXPECT_EQ(looked->description(), toy_description());
  expect_error(ErrorKind::failed, {"to be read"}, [&] { looked->claim(claim_options(), suggest_fresh); });
  expect_error(ErrorKind::failed, {"to be read"}, [&] { looked->heartbeat(claim, 60); });
  expect_error(ErrorKind::failed, {"to be read"}, [&] { looked->report(claim, complete(1)); });
  expect_error(ErrorKind::failed, {"to be read"}, [&] { looked->release(claim); });
  expect_error(ErrorKind::failed, {"to be read"}, [&] { looked->lose(claim); });
  EXPECT_EQ(looked->status().running, 1);
}

TEST_P(StoreOpen, RefusesATallyThatCannotBe) {
  for (const char* change : {"best = 99", "best = -2", "best = 1", "lag = 0", "lag = -5", "lag = 99999999999",
                             "next_number = -1", "next_number = 9223372036854775807", "complete = -1", "failed = 1000",
                             "lost = -1", "token = -4", "token = 9223372036854775807"}) {
    static std::vector<std::unique_ptr<std::string>> statements;
    statements.push_back(std::make_unique<std::string>(fmt::format("UPDATE spinenet_study SET {}", change)));
    next_place();
    claim_one(*open());
    sql(*statements.back());
    expect_error(ErrorKind::bad_data, {"damaged"}, [&] { look_at_store(place())->status(); });
  }
}

TEST_P(StoreOpen, RefusesTrialsThatCannotBe) {
  static std::vector<std::unique_ptr<std::string>> statements;
  std::string metrics = "{{";
  for (int i = 0; i < 2000; ++i) metrics += fmt::format("{}\"m{}\":1", i == 0 ? "" : ",", i);
  for (const std::string& change :
       {std::string("duplicate_of = 5"), std::string("duplicate_of = -7"), std::string("attempts = -1"),
        std::string("attempts = 99999999999"), fmt::format("metrics = '{}}}}}'", metrics),
        fmt::format("worker = '{}'", std::string(1 << 19, 'w')),
        fmt::format("reason = '{}'", std::string(1 << 19, 'r'))}) {
    statements.push_back(std::make_unique<std::string>(fmt::format("UPDATE spinenet_trial SET {}", change)));
    next_place();
    claim_one(*open());
    sql(*statements.back());
    expect_error(ErrorKind::bad_data, {"trial 0"}, [&] { look_at_store(place())->trials(); });
  }
  next_place();
  claim_one(*open());
  sql("UPDATE spinenet_trial SET number = 9223372036854775807");
  expect_error(ErrorKind::bad_data, {"not in order"}, [&] { look_at_store(place())->trials(); });
}

TEST_P(StoreOpen, GivesAnyPartOfManyTrials) {
  const auto store = open();
  claim_one(*store);
  sql("INSERT INTO spinenet_trial SELECT number + 2500, state, choices, hash, score, metrics, failure, reason, "
      "attempts,"
      " duplicate_of, worker, started, finished, token, lease_until, request, lost_by, weights FROM spinenet_trial");
  for (const char* step : {"1", "2", "4", "8", "16", "32", "64", "128", "256", "512", "1024"}) {
    static std::vector<std::unique_ptr<std::string>> statements;
    statements.push_back(std::make_unique<std::string>(fmt::format(
        "INSERT INTO spinenet_trial SELECT number + {}, state, choices, hash, score, metrics, failure, "
        "reason, attempts,"
        " duplicate_of, worker, started, finished, token, lease_until, request, lost_by, weights FROM spinenet_trial"
        " WHERE number < 2500",
        step)));
    sql(*statements.back());
  }
  EXPECT_EQ(store->trials().size(), 2049U);
  for (const auto& [first, count] : {std::pair<int64_t, int64_t>{0, 1000}, {0, 1001}, {7, 2000}, {2040, 8}}) {
    const std::vector<Trial> part = store->trials(first, count);
    ASSERT_EQ(std::ssize(part), count);
    EXPECT_EQ(part.front().number, first);
    EXPECT_EQ(part.back().number, first + count - 1);
  }
  EXPECT_EQ(store->trials(2040).back().number, 2500);
  EXPECT_TRUE(store->trials(2501).empty());
}

TEST_P(StoreOpen, NamesDamage) {
  const auto damage = [&](std::string_view statement, const std::vector<std::string>& parts) {
    next_place();
    const auto store = open();
    claim_one(*store);
    sql(statement);
    expect_error(ErrorKind::bad_data, parts, [&] { open()->trials(); });
  };
  damage("UPDATE spinenet_trial SET state = 'asleep'", {"trial 0", "asleep"});
  damage("UPDATE spinenet_trial SET failure = ''", {"trial 0"});
  for (const char* choices : {"'1,2'", "'[1,2'", "'[1,,2]'", "'[1,]'", "'[a]'", "'[1 2]'", "'[99999999999]'", "''"}) {
    static std::vector<std::unique_ptr<std::string>> statements;  // a database keeps its statements by address
    statements.push_back(std::make_unique<std::string>(fmt::format("UPDATE spinenet_trial SET choices = {}", choices)));
    damage(*statements.back(), {"trial 0", "choices"});
  }
  damage("UPDATE spinenet_trial SET metrics = '[1]'", {"trial 0", "metrics"});
  damage("UPDATE spinenet_trial SET metrics = 'nonsense'", {"trial 0"});
  damage("UPDATE spinenet_trial SET weights = '../../0123456789abcdef.safetensors'", {"trial 0", "names no weights"});
  damage("DELETE FROM spinenet_version", {"version"});
  damage("DROP TABLE spinenet_trial", {"tables"});
}

TEST_P(StoreOpen, ManyMayMakeItAtOnce) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 12; ++i) {
    threads.emplace_back([this, i] {
      const auto store = open(toy_description(100));
      claim_one(*store);
      if (i % 2 == 0) {
        EXPECT_EQ(store->description(), toy_description(100));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(open(toy_description(100))->status().running, 12);
}

TEST_P(StoreOpen, AnEarlierStoreGoesOnWhereALaterOneEnded) {
  const auto first = open();
  claim_one(*open());
  claim_one(*first);
  EXPECT_EQ(open_store(place(), false)->status().trials, 2);
}

}  // namespace
}  // namespace spinenet::search

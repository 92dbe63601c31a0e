// A study read back from its store, which anybody may have written.
#include "search/study/study.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include "arch/families.h"
#include "base/error.h"
#include "base/format.h"
#include "base/scratch_folder_fixture.h"
#include "search/study/study_text.h"

namespace spinenet::search {
namespace {

class ReadStudy : public testing::Test {
 protected:
  void SetUp() override {
    SearchTask task;
    task.base = arch::named_architecture("spinenet-49");
    task.image_size = 128;
    task.recipe.space = arch::named_search_space("spinenet-49");
    task.recipe.proxy.recipe = "training.yaml";
    const auto store = open_store(place(), true);
    store->open(describe_study(task, "seed: 1\n"));
    const auto algorithm = make_algorithm(task.recipe.space, {.kind = AlgorithmKind::random});
    for (int i = 0; i < 3; ++i) {
      const auto suggest = [&](int64_t number, const std::string&, std::span<const Trial>) {
        Random random(static_cast<uint64_t>(number));
        return Suggestion{algorithm->suggest(random).choices, static_cast<uint64_t>(number), "", {}};
      };
      const Claim claim = store->claim({.worker = "host:1", .trials = 3}, suggest).claim.value();
      Outcome outcome;
      outcome.measurement = {0.5 + i, {{"AP", 0.5}}};
      EXPECT_TRUE(store->report(claim, outcome));
    }
  }

  std::string place() const { return folder_ / "a.study"; }
  void change(const std::string& statement) const {
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open(place().c_str(), &database), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(database, statement.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << statement;
    sqlite3_close(database);
  }
  template <class Call>
  void expect_damaged(const std::string& statement, const Call& call) const {
    change(statement);
    try {
      call();
      ADD_FAILURE() << "not refused: " << statement;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::bad_data) << error.what();
      EXPECT_NE(std::string(error.what()).find(place()), std::string::npos) << error.what();
    }
  }

 private:
  spinenet::fixture::ScratchFolder folder_;
};

TEST_F(ReadStudy, GivesWhatTheSearchKept) {
  const Study study = read_study(place());
  EXPECT_EQ(study.trials.size(), 3U);
  const Json summary = study_summary(study);
  EXPECT_EQ(summary["best"]["number"], 2);
  EXPECT_EQ(summary["lost"], 0);
  EXPECT_EQ(summary, study_summary(*look_at_store(place()), place()));
  EXPECT_NO_THROW(architecture_of(study, *ranked(study).front()));
}

// Columns of a study whose trials inherit weights, and of no other.
TEST_F(ReadStudy, ShowsParentsAndAgesWhereTrialsInherit) {
  Study study = read_study(place());
  EXPECT_EQ(last_trials_text(study, 3).find("parent"), std::string::npos);
  EXPECT_EQ(best_trials_text(study, 3).find("age"), std::string::npos);
  EXPECT_EQ(to_csv(study).find("weights"), std::string::npos);
  EXPECT_FALSE(to_json(study.trials[2]).contains("weights"));
  study.task.recipe.proxy.inherit = true;
  Measurement& measurement = study.trials[2].measurement;
  measurement.weights = "0123456789abcdef.safetensors";
  measurement.metrics.insert({{"parent", 0}, {"inherited", 0.875}, {"age", 15}});
  for (const std::string& text : {last_trials_text(study, 3), best_trials_text(study, 3)}) {
    EXPECT_NE(text.find("parent  inherited  age"), std::string::npos) << text;
    EXPECT_NE(text.find("0.88"), std::string::npos) << text;
    EXPECT_NE(text.find("15"), std::string::npos) << text;
  }
  const std::string csv = to_csv(study), head = csv.substr(0, csv.find('\n'));
  EXPECT_NE(head.find(",AP,age,inherited,parent,weights,choices"), std::string::npos) << head;
  EXPECT_NE(csv.find(",0.5,15,0.875,0,0123456789abcdef.safetensors,"), std::string::npos) << csv;
  EXPECT_NE(csv.find(",0.5,,,,,"), std::string::npos) << "of the first, which has none: " << csv;
  EXPECT_EQ(to_json(study.trials[2])["weights"], measurement.weights);
}

TEST(DescribeStudy, RefusesAGraphWithoutSomeOfItsEdges) {
  SearchTask task;
  task.base = arch::named_architecture("spinenet-49");
  task.recipe.space = arch::named_search_space("spinenet-49");
  EXPECT_NO_THROW(describe_study(task, ""));
  task.base.edges = arch::Edges::without_short;
  try {
    describe_study(task, "");
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_NE(std::string(error.what()).find("edges without_short"), std::string::npos) << error.what();
  }
}

TEST_F(ReadStudy, RefusesABestTrialThatWasNotMeasured) {
  expect_damaged("UPDATE spinenet_study SET best = 0, best_score = 9.0; UPDATE spinenet_trial SET state = 'failed'",
                 [&] { study_summary(read_study(place())); });
  EXPECT_THROW(study_summary(*look_at_store(place()), place()), Error);
}

TEST_F(ReadStudy, RefusesMissingTrials) {
  expect_damaged("DELETE FROM spinenet_trial WHERE number = 1", [&] { read_study(place()); });
  expect_damaged("DELETE FROM spinenet_trial", [&] { read_study(place()); });
}

TEST_F(ReadStudy, RefusesChoicesOfAnotherSpace) {
  for (const char* choices : {"[]", "[999]", "[-1,-1,-1]"}) {
    expect_damaged(fmt::format("UPDATE spinenet_trial SET choices = '{}'", choices), [&] {
      const Study study = read_study(place());
      architecture_of(study, study.trials.front());
    });
  }
}

TEST_F(ReadStudy, RefusesADescriptionThatIsNone) {
  for (const std::string& task :
       {std::string("[]"), std::string("7"), std::string("nonsense"), std::string("{}"), std::string(100'000, '['),
        std::string(R"({"image_size":"x","classes":1,"architecture":{},"recipe":"proxy: {recipe: a}"})"),
        std::string(R"({"image_size":1e300,"classes":1,"architecture":{},"recipe":"proxy: {recipe: a}"})"),
        std::string(R"({"image_size":-5,"classes":1,"architecture":7,"recipe":"proxy: {recipe: a}"})"),
        std::string(R"({"image_size":128,"classes":1,"architecture":7,"recipe":"proxy: {recipe: a}"})"),
        std::string(R"({"image_size":128,"classes":1,"architecture":{},"recipe":8})"),
        std::string(R"({"image_size":128,"classes":1,"architecture":{},"recipe":"a: ["})")}) {
    expect_damaged(fmt::format("UPDATE spinenet_study SET task = '{}'", task), [&] { read_study(place()); });
  }
}

}  // namespace
}  // namespace spinenet::search

// spinenet search and study where something is wrong around the networks: shared folders, passwords, studies that are
// none. The training is a script, so these run without LibTorch, too.
#include <algorithm>
#include <csignal>
#include <thread>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arch/families.h"
#include "arch/text.h"
#include "base/files.h"
#include "base/format.h"
#include "base/output_fixture.h"
#include "cli/program.h"

namespace spinenet {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kThreeTrials = R"(algorithm:
  kind: random
proxy:
  recipe: training.yaml
trials: 3
lag: 2
)";

// Takes its run folder and measures, unless the file `does` beside it says otherwise.
constexpr std::string_view kPretendedTraining = R"(#!/bin/sh
here=$(dirname "$0")
for word in "$@"; do [ "$word" = --describe ] && exec cat "$here/describe.json"; done
tr '\0' '\n' < /proc/$PPID/cmdline >> "$here/arguments"
tr '\0' '\n' < /proc/$$/environ >> "$here/environment"
while [ $# -gt 0 ]; do
  [ "$1" = --out ] && out=$2
  shift
done
echo '{"program": "spinenet", "kind": "a training run", "id": "1"}' > "$out/.spinenet"
[ -f "$here/does" ] && . "$here/does"
echo '{"step": 1, "AP": 0.25}' > "$out/metrics.jsonl"
)";

class SearchFaults : public ProgramTest {
 protected:
  void SetUp() override {
    ProgramTest::SetUp();
    arch::Architecture base = arch::named_architecture("spinenet-49");
    base.scaling.filter_size_scale = 0.1;
    fs::create_directories(folder_ / "libexec");
    fixture::put_file(folder_ / "search.yaml", kThreeTrials);
    fixture::put_file(folder_ / "training.yaml", "");
    fixture::put_file(folder_ / "libexec" / "spinenet-train", kPretendedTraining);
    fixture::put_file(folder_ / "libexec" / "describe.json", to_text(Json{{"task", "detect"},
                                                                          {"recipe", "seed: 1\n"},
                                                                          {"architecture", to_json(base)},
                                                                          {"image_size", 128},
                                                                          {"classes", 2}}));
    fs::permissions(folder_ / "libexec" / "spinenet-train", fs::perms(0755));
    environment_ = fmt::format("SPINENET_LIBEXEC='{}'", (folder_ / "libexec").string());
  }
  // What each training does before it measures, as a shell reads it.
  void trainings_do(const std::string& script) const { fixture::put_file(folder_ / "libexec" / "does", script + "\n"); }
  void trainings_do_nothing() const { fs::remove(folder_ / "libexec" / "does"); }
  std::string written(const char* name) const { return read_file(folder_ / "libexec" / name); }
};

TEST_F(SearchFaults, TwoStudiesNeverShareAFolder) {
  ASSERT_EQ(run("search search.yaml --study a.study --out trials --keep-runs -q").status, 0);
  fixture::put_file(folder_ / "trials" / "trial-000000-1" / "notes.txt", "precious");
  const Outcome other = run("search search.yaml --study b.study --out trials -q");
  EXPECT_EQ(other.status, 2);
  EXPECT_NE(other.err.find("another id"), std::string::npos) << other.err;
  EXPECT_NE(other.err.find("--out"), std::string::npos) << other.err;
  for (const char* kept : {"notes.txt", "architecture.json", "run/metrics.jsonl"}) {
    EXPECT_TRUE(fs::exists(folder_ / "trials" / "trial-000000-1" / kept)) << kept;
  }
  EXPECT_EQ(run("search search.yaml --study a.study --out trials --trials 4 -q").status, 0);
  // A study that was begun anew under its old name does not meet the trials of the old one.
  ASSERT_EQ(run("search search.yaml --study c.study --keep-runs -q").status, 0);
  fs::remove(folder_ / "c.study");
  const Outcome anew = run("search search.yaml --study c.study --keep-runs");
  EXPECT_EQ(anew.status, 0) << anew.err;
  EXPECT_NE(anew.err.find("c.study.trials is another study's"), std::string::npos) << anew.err;
  EXPECT_TRUE(fs::exists(folder_ / "c.study.trials" / "trial-000000-1" / "run" / "metrics.jsonl"));
}

TEST_F(SearchFaults, AStudyIsNotBegunWhereItsFolderIsRefused) {
  fs::create_directories(folder_ / "photos");
  fixture::put_file(folder_ / "photos" / "one.jpg", "precious");
  fixture::put_file(folder_ / "file", "precious");
  ASSERT_EQ(run("search search.yaml --study other.study --out taken -q").status, 0);
  for (const char* out : {"photos", "file", "taken", "file/deep"}) {
    const Outcome refused = run(fmt::format("search search.yaml --study a.study --out {} -q", out));
    EXPECT_NE(refused.status, 0) << out;
    EXPECT_NE(refused.err.find(out), std::string::npos) << refused.err;
    for (const char* left : {"a.study", "a.study-wal", "a.study.trials"}) {
      EXPECT_FALSE(fs::exists(folder_ / left)) << out << " " << left;
    }
  }
  EXPECT_EQ(run_json("search search.yaml --study a.study --out trials --json -q")["complete"], 3);
}

// The other way round: what makes the study impossible leaves no folder.
TEST_F(SearchFaults, AFolderIsNotTakenWhereItsStudyIsRefused) {
  fixture::put_file(folder_ / "b.study-wal", "not of SQLite");
  EXPECT_EQ(run("search search.yaml --study b.study -q").status, 2);
  EXPECT_FALSE(fs::exists(folder_ / "b.study.trials"));
  EXPECT_EQ(run("search search.yaml --study b.study --out trials -q").status, 2);
  EXPECT_FALSE(fs::exists(folder_ / "trials"));
  // What its user has made stays as it was.
  fs::create_directories(folder_ / "empty");
  EXPECT_EQ(run("search search.yaml --study b.study --out empty -q").status, 2);
  EXPECT_TRUE(fs::exists(folder_ / "empty") && fs::is_empty(folder_ / "empty"));
  fs::create_directories(folder_ / "older" / "trial-000003-1");
  EXPECT_EQ(run("search search.yaml --study b.study --out older -q").status, 2);
  EXPECT_TRUE(fs::exists(folder_ / "older" / "trial-000003-1"));
  EXPECT_FALSE(fs::exists(folder_ / "older" / ".spinenet") || fs::exists(folder_ / "older" / "lock"));
  fs::remove(folder_ / "b.study-wal");
  EXPECT_EQ(run("search search.yaml --study b.study -q").status, 0);
  EXPECT_TRUE(fs::exists(folder_ / "b.study.trials"));
}

// As a leader leaves it that is killed between its folder and its study.
TEST_F(SearchFaults, AFolderThatWaitsForItsStudyIsTakenByTheNextSearch) {
  for (const std::string out : {"", " --out trials"}) {
    const std::string line = "search search.yaml --study a.study -q" + out;
    const fs::path folder = folder_ / (out.empty() ? "a.study.trials" : "trials");
    ASSERT_EQ(run(line).status, 0);
    const std::string marker = read_file(folder / ".spinenet");
    for (const char* file : {"a.study", "a.study-wal", "a.study-shm"}) fs::remove(folder_ / file);
    const Outcome other = run("search search.yaml --study b.study -q --out " + folder.string());
    EXPECT_EQ(other.status, 2) << "of another study: " << other.err;
    const Outcome next = run(line);
    EXPECT_EQ(next.status, 0) << next.err;
    EXPECT_EQ(read_file(folder / ".spinenet"), marker);
    for (const char* file : {"a.study", "a.study-wal", "a.study-shm"}) fs::remove(folder_ / file);
  }
}

TEST_F(SearchFaults, OfTwoThatBeginAStudyAtOnceBothWorkOnIt) {
  for (const std::string out : {"", " --out trials"}) {
    const std::string study = out.empty() ? "one.study" : "two.study";
    std::vector<int> status(2, -1);
    {
      std::vector<std::jthread> both;
      for (int& each : status) {
        both.emplace_back([&] { each = run("search search.yaml --study " + study + out + " -q").status; });
      }
    }
    EXPECT_EQ(status, (std::vector<int>{0, 0})) << study;
    EXPECT_EQ(run_json("study show --json " + study)["complete"], 3);
    EXPECT_EQ(run("search search.yaml --trials 4 --study " + study + out + " -q").status, 0);
  }
}

TEST_F(SearchFaults, AFaultOfTheMachineChargesNoNetwork) {
  const std::string says = R"(echo '{"kind": "KIND", "step": 1, "message": "a reason"}' > "$out/failure.json"; exit 1)";
  int studies = 0;
  for (const char* kind : {"io", "bad_data", "usage", "unsupported", "internal"}) {
    std::string script = says;
    script.replace(script.find("KIND"), 4, kind);
    trainings_do(script);
    const std::string study = fmt::format("s{}.study", ++studies);
    const Outcome broken = run("search search.yaml --study " + study + " -q");
    EXPECT_EQ(broken.status, 1) << kind;
    EXPECT_NE(broken.err.find("a reason"), std::string::npos) << broken.err;
    const Json shown = run_json("study show --json " + study);
    EXPECT_EQ(shown["failed"], 0) << kind;
    EXPECT_EQ(shown["trial_list"][0]["state"], "running") << kind;
    trainings_do_nothing();
    EXPECT_EQ(run_json("search search.yaml --json -q --study " + study)["complete"], 3) << kind;
  }
  trainings_do(
      R"(echo '{"kind": "non_finite_loss", "step": 1, "message": "nan \\u009b31m\\u202e"}' > "$out/failure.json"; exit 1)");
  EXPECT_EQ(run_json("search search.yaml --study loss.study --json -q")["failed"], 3);
  const std::string shown = run("study show loss.study").out;
  EXPECT_NE(shown.find("non_finite: nan \\u{9b}31m\\u{202e}"), std::string::npos) << shown;
}

TEST_F(SearchFaults, ATrialThatKillsItsProcessIsLostAfterThreeWorkers) {
  trainings_do(R"(case "$out" in */trial-000000-*) kill -9 $$;; esac)");
  for (int i = 0; i < 3; ++i) {
    const Outcome killed = run("search search.yaml --study a.study -q");
    EXPECT_EQ(killed.status, 1);
    EXPECT_NE(killed.err.find("signal 9"), std::string::npos) << killed.err;
  }
  const Json summary = run_json("search search.yaml --study a.study --json -q");
  EXPECT_EQ(summary["lost"], 1);
  EXPECT_EQ(summary["failed"], 0);
  EXPECT_EQ(summary["complete"], 2);
  EXPECT_NE(run("study show a.study").out.find("1 lost with their workers"), std::string::npos);
  // Of several workers the others go on, and the study is complete.
  EXPECT_EQ(run_json("search search.yaml --study b.study --workers 4 --json -q")["lost"], 1);
}

TEST_F(SearchFaults, AProgramThatVanishesChargesNoNetwork) {
  trainings_do(R"(rm "$here/spinenet-train")");
  const Outcome gone = run("search search.yaml --study a.study -q");
  EXPECT_EQ(gone.status, 1);
  const Json shown = run_json("study show --json a.study");
  EXPECT_EQ(shown["failed"], 0);
  EXPECT_EQ(shown["complete"], 1);
}

TEST_F(SearchFaults, NoPasswordIsPrinted) {
  const std::string address = "'postgresql://someone:secret@/d?host=/nowhere&password=secret'";
  for (const std::string& command :
       {"search search.yaml --study " + address, "study show " + address, "study export --json x.json " + address,
        "search search.yaml --study a.study --begin-with " + address,
        std::string("study show 'postgresql://u:sec/ret@h/d'"),
        std::string("study show 'postgresql://u:secret@h:port/d'"),
        std::string("study show 'postgresql://u:sec%zzret@h/d'"), std::string("study show 'host=h password=secret'"),
        std::string("search search.yaml --study 'mysql://u:secret@h/d'")}) {
    const Outcome outcome = run(command);
    EXPECT_NE(outcome.status, 0) << command;
    for (const std::string& text : {outcome.out, outcome.err}) {
      for (const char* part : {"secret", "sec/", "sec%", "ret@"}) EXPECT_EQ(text.find(part), std::string::npos) << text;
    }
  }
}

// No server is there: the worker of a SQLite study shows that the address goes by the environment and ends there.
TEST_F(SearchFaults, AWorkerFindsTheAddressInItsEnvironmentAndATrialDoesNot) {
  ASSERT_EQ(run("search search.yaml --study a.study --threads 1 -q").status, 0);
  EXPECT_NE(written("arguments").find("--worker"), std::string::npos);
  EXPECT_EQ(written("environment").find("SPINENET_STUDY_ADDRESS"), std::string::npos);
  environment_ += " SPINENET_STUDY_ADDRESS=a.study";
  EXPECT_EQ(run("search search.yaml --study nowhere.study --worker 0 -q").status, 0);
  EXPECT_FALSE(fs::exists(folder_ / "nowhere.study"));
}

TEST_F(SearchFaults, AStudyOfAnotherSchemaIsRefused) {
  ASSERT_EQ(run("search search.yaml --study a.study -q").status, 0);
  const fs::path shared = fs::path(SPINENET_SHARED_DIR) / "cases";
  for (const char* name : {"study_version_negative.study", "study_endless_view.study"}) {
    if (!fs::exists(shared / name)) continue;
    for (const char* verb : {"show", "best"}) {
      const Outcome refused = run(fmt::format("study {} '{}'", verb, (shared / name).string()));
      EXPECT_EQ(refused.status, 65) << refused.err;
    }
  }
  fixture::put_file(folder_ / "b.study", read_file(folder_ / "a.study").substr(0, 6000));
  EXPECT_EQ(run("study show b.study").status, 65);
  EXPECT_EQ(run("study show /dev/null").status, 2);
}

}  // namespace
}  // namespace spinenet

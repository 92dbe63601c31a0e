#include "search/study/trials_folder.h"

#include <fstream>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/folder_kinds.h"
#include "base/scratch_folder_fixture.h"

namespace spinenet::search {
namespace {

namespace fs = std::filesystem;

constexpr const char* kOne = "11111111222222223333333344444444";
constexpr const char* kTwo = "aaaaaaaabbbbbbbbccccccccdddddddd";

class TrialsFolder : public testing::Test {
 protected:
  std::string path(std::string_view name) const { return folder_ / name; }
  std::string refusal(const TrialsPlace& place) const {
    try {
      const OwnedFolder taken = take_trials_folder(place);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage);
      return error.what();
    }
    return "";
  }

 private:
  spinenet::fixture::ScratchFolder folder_;
};

TEST_F(TrialsFolder, LeaderAndWorkersOfOneStudyShareIt) {
  const TrialsPlace place{path("a.study"), kOne, {}};
  const OwnedFolder leader = take_trials_folder(place), worker = take_trials_folder(place);
  EXPECT_EQ(leader.path(), path("a.study.trials"));
  EXPECT_EQ(worker.path(), leader.path());
  EXPECT_EQ(leader.id(), kOne);
}

TEST_F(TrialsFolder, TwoStudiesDoNotShareOne) {
  const TrialsPlace one{path("a.study"), kOne, path("out")}, two{path("b.study"), kTwo, path("out")};
  {
    const OwnedFolder taken = take_trials_folder(one);
    EXPECT_NE(refusal(two).find("another id"), std::string::npos) << refusal(two);
  }
  EXPECT_NE(refusal(two), "") << "when the first search has ended, too";
  EXPECT_EQ(refusal(one), "");
}

TEST_F(TrialsFolder, AnotherStudyOfTheSameNameHasAFolderOfItsOwn) {
  EXPECT_EQ(trials_folder({path("a.study"), kOne, {}}), path("a.study.trials"));
  { const OwnedFolder taken = take_trials_folder({path("a.study"), kOne, {}}); }
  const TrialsPlace again{path("a.study"), kTwo, {}};  // the file was removed and begun anew
  EXPECT_EQ(trials_folder(again), path("a.study.trials-aaaaaaaa"));
  const OwnedFolder leader = take_trials_folder(again), worker = take_trials_folder(again);
  EXPECT_EQ(leader.path(), worker.path());
  EXPECT_EQ(trials_folder({path("a.study"), kOne, {}}), path("a.study.trials"));
}

TEST_F(TrialsFolder, AServersStudiesAreToldApartByTheirIds) {
  const StudyAddress address = "postgresql://u:secret@h/d";
  const fs::path one = trials_folder({address, kOne, {}}), two = trials_folder({address, kTwo, {}});
  EXPECT_NE(one, two);
  EXPECT_NE(one.string().find(kOne), std::string::npos);
  EXPECT_EQ(one.string().find("secret"), std::string::npos);
  EXPECT_EQ(trials_folder({address, kOne, "named"}), "named");
}

TEST_F(TrialsFolder, OneThatAKilledLeaderLeftIsKnownByItsStudyAlone) {
  for (const std::string& named : {std::string(), path("out")}) {
    const TrialsPlace place{path("a.study"), kOne, named}, anew{path("a.study"), "", named};
    EXPECT_EQ(abandoned_id(anew), std::nullopt) << "nothing is there";
    {
      const OwnedFolder leader = take_trials_folder(place);
      EXPECT_EQ(abandoned_id(anew), std::nullopt) << "its leader lives";
    }
    const fs::path folder = trials_folder(place);
    EXPECT_EQ(abandoned_id(anew), kOne);
    EXPECT_EQ(abandoned_id({fs::path(folder / "../a.study").string(), "", folder}), kOne) << "spelt otherwise";
    EXPECT_EQ(abandoned_id({path("b.study"), "", folder}), std::nullopt) << "another study's, though it is empty";
    fs::create_directories(folder / "trial-000000-1");
    EXPECT_EQ(abandoned_id(anew), std::nullopt) << "it has trials";
    fs::remove_all(folder / "trial-000000-1");
    std::ofstream(folder / "notes.txt") << "precious";
    EXPECT_EQ(abandoned_id(anew), std::nullopt) << "it has notes";
  }
  { const OwnedFolder run(path("run"), kTrainingRun); }
  EXPECT_EQ(abandoned_id({path("a.study"), "", path("run")}), std::nullopt);
}

TEST_F(TrialsFolder, WeightsLieInItOrWhereTheirUserNames) {
  const TrialsPlace place{path("a.study"), kOne, {}}, named{path("a.study"), kOne, {}, path("shared")};
  const OwnedFolder trials = take_trials_folder(place);
  const OwnedFolder weights = take_weights_folder(place), worker = take_weights_folder(place);
  EXPECT_EQ(weights.path(), path("a.study.trials/weights"));
  EXPECT_EQ(take_weights_folder(named).path(), path("shared"));
  const auto refused = [&](const TrialsPlace& other) {
    try {
      const OwnedFolder taken = take_weights_folder(other);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage);
      EXPECT_NE(std::string(error.what()).find("--weights"), std::string::npos) << error.what();
      return true;
    }
    return false;
  };
  EXPECT_TRUE(refused({path("b.study"), kTwo, {}, path("shared")})) << "of another study";
  EXPECT_TRUE(refused({path("a.study"), kOne, {}, path("a.study.trials")})) << "the folder of the trials";
  fs::create_directories(path("photos"));
  std::ofstream(path("photos/one.jpg")) << "precious";
  EXPECT_TRUE(refused({path("a.study"), kOne, {}, path("photos")}));
}

// For a study on a server, whose trials lie elsewhere each time.
TEST_F(TrialsFolder, WeightsThatAKilledLeaderTookAreKnownByTheirStudyAlone) {
  const StudyAddress address = "postgresql://u@h/d";
  const TrialsPlace anew{address, "", {}, path("shared")};
  EXPECT_EQ(abandoned_id(anew), std::nullopt) << "nothing is there";
  { const OwnedFolder taken = take_weights_folder({address, kOne, {}, path("shared")}); }
  EXPECT_EQ(abandoned_id(anew), kOne);
  EXPECT_EQ(abandoned_id({"postgresql://u@h/other", "", {}, path("shared")}), std::nullopt);
  std::ofstream(path("shared/0123456789abcdef.safetensors")) << "of a study that was begun";
  EXPECT_EQ(abandoned_id(anew), std::nullopt);
}

TEST_F(TrialsFolder, OneOfAnEarlierProgramIsTakenAndAnythingElseIsNot) {
  fs::create_directories(path("old.study.trials/trial-000003-1/run"));
  EXPECT_EQ(refusal({path("old.study"), kOne, {}}), "");
  EXPECT_TRUE(fs::exists(path("old.study.trials/trial-000003-1/run")));
  fs::create_directories(path("b.study.trials/trial-000003-1"));
  std::ofstream(path("b.study.trials/notes.txt")) << "precious";
  EXPECT_NE(refusal({path("b.study"), kOne, {}}).find("--out"), std::string::npos);
  fs::create_directories(path("c.study.trials/photos"));
  EXPECT_NE(refusal({path("c.study"), kOne, {}}), "");
  { const OwnedFolder run(path("run"), kTrainingRun); }
  EXPECT_NE(refusal({path("d.study"), kOne, path("run")}).find("a training run"), std::string::npos);
}

}  // namespace
}  // namespace spinenet::search

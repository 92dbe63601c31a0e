#include "train/run_folder.h"

#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/error.h"

namespace spinenet::train {
namespace {

class RunFolderTest : public testing::Test {
 protected:
  void SetUp() override {
    path_ = std::filesystem::temp_directory_path() / ("spinenet-run-" + std::to_string(::getpid()));
    std::filesystem::remove_all(path_);
  }
  void TearDown() override { std::filesystem::remove_all(path_); }
  std::string error_of(bool resume) {
    try {
      take_run_folder(path_, resume);
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  }
  std::filesystem::path path_;
};

TEST_F(RunFolderTest, OneProcessAtATime) {
  const OwnedFolder first = take_run_folder(path_, false);
  const std::string message = error_of(false);
  EXPECT_NE(message.find("in use by process " + std::to_string(::getpid())), std::string::npos) << message;
}

TEST_F(RunFolderTest, AStaleLockIsNoLock) {
  { const OwnedFolder first = take_run_folder(path_, false); }
  ASSERT_TRUE(std::filesystem::exists(path_ / "lock"));
  EXPECT_EQ(error_of(false), "no error");
}

TEST_F(RunFolderTest, ARunIsNeverOverwritten) {
  take_run_folder(path_, false).file("recipe.yaml").write("epochs: 1\n");
  EXPECT_NE(error_of(false).find("--resume"), std::string::npos);
  EXPECT_EQ(error_of(true), "no error");
}

TEST_F(RunFolderTest, ARunOfAVersionWithoutMarkersGoesOn) {
  std::filesystem::create_directories(path_);
  std::ofstream(path_ / "recipe.yaml") << "epochs: 1\n";
  std::ofstream(path_ / "lock") << "process 7 on elsewhere";
  EXPECT_NE(error_of(false).find("--resume"), std::string::npos);
  EXPECT_EQ(error_of(true), "no error");
}

TEST_F(RunFolderTest, AModelWithoutItsRunIsSomebodyElses) {
  for (const char* name : {"best.safetensors", "report.html", "recipe.yaml", "notes.txt"}) {
    std::filesystem::create_directories(path_);
    std::ofstream(path_ / name) << "precious";
    EXPECT_NE(error_of(false).find("nothing in it is touched"), std::string::npos) << name;
    EXPECT_NE(error_of(true), "no error") << name;
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(path_), {}), 1) << name;
    std::filesystem::remove_all(path_);
  }
}

TEST_F(RunFolderTest, ThereMustBeARunToResume) {
  EXPECT_NE(error_of(true).find("no run to resume"), std::string::npos);
}

TEST_F(RunFolderTest, AFileInItsPlaceIsAnError) {
  std::ofstream(path_) << "x";
  EXPECT_NE(error_of(false).find("--out"), std::string::npos);
  std::filesystem::remove(path_);
}

}  // namespace
}  // namespace spinenet::train

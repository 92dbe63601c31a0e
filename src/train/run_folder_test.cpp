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
      const RunFolder folder(path_, resume);
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  }
  std::filesystem::path path_;
};

TEST_F(RunFolderTest, OneProcessAtATime) {
  const RunFolder first(path_, false);
  const std::string message = error_of(false);
  EXPECT_NE(message.find("in use by process " + std::to_string(::getpid())), std::string::npos) << message;
}

TEST_F(RunFolderTest, AStaleLockIsNoLock) {
  { const RunFolder first(path_, false); }
  ASSERT_TRUE(std::filesystem::exists(path_ / "lock"));
  EXPECT_EQ(error_of(false), "no error");
}

TEST_F(RunFolderTest, ARunIsNeverOverwritten) {
  std::filesystem::create_directories(path_);
  std::ofstream(path_ / "recipe.yaml") << "epochs: 1\n";
  EXPECT_NE(error_of(false).find("--resume"), std::string::npos);
  EXPECT_EQ(error_of(true), "no error");
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

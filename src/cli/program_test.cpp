#include "cli/program.h"

#include <gtest/gtest.h>

#include "base/stop_signal.h"

namespace spinenet::cli {
namespace {

// What is left of a word for others to read, all of its bytes.
std::string left_of(std::string word) {
  const std::string before = word;
  std::string name = "spinenet";
  std::vector<char*> arguments{name.data(), word.data()};
  EXPECT_EQ(take_arguments(2, arguments.data()), (std::vector<std::string>{"spinenet", before}));
  EXPECT_EQ(word.size(), before.size());
  return word.substr(0, word.find_last_not_of('\0') + 1);
}

TEST(TakeArguments, LeavesNoPasswordForOthersToRead) {
  EXPECT_EQ(left_of("postgresql://me:secret@db/search"), "postgresql://me@db/search");
  EXPECT_EQ(left_of("--study=postgresql://me:secret@db/search"), "--study=postgresql://me@db/search");
  for (const char* address :
       {"postgres://me:secret@db/d?connect_timeout=3", "--begin-with=postgresql://me:secret@db/d",
        "postgresql://db/d?user=me&password=secret&connect_timeout=3", "postgresql://db/d?%70assword=secret"}) {
    EXPECT_EQ(left_of(address).find("secret"), std::string::npos) << address;
  }
}

TEST(TakeArguments, LeavesAllElse) {
  for (const char* word : {"search", "--study", "a:secret@b.study", "--set=optimizer.learning_rate=0.1", "--", "",
                           "postgresql://me@db/search", "user=me password=secret", "--json=out/x.json"}) {
    EXPECT_EQ(left_of(word), word);
  }
}

TEST(RunGuarded, WhatASignalEndedHasItsStatus) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(run_guarded([]() -> int { end_for_signal("asked to stop", "process 0 of 2"); }), 130);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "error: process 0 of 2: asked to stop\n");
}

}  // namespace
}  // namespace spinenet::cli

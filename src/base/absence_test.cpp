#include "base/absence.h"

#include <gtest/gtest.h>

#include "base/no_rights_fixture.h"
#include "base/scratch_folder_fixture.h"

namespace spinenet {
namespace {

TEST(Absence, WhatMayNotBeReachedIsNotCalledAbsent) {
  const fixture::ScratchFolder folder;
  EXPECT_EQ(why_not_there(folder / "none", "no such file"), "no such file");
  EXPECT_NE(why_not_there(folder / std::string(300, 'x'), "no such file").find("cannot be reached: File name too long"),
            std::string::npos);
  std::filesystem::create_directories(folder / "closed/inner");
  std::filesystem::permissions(folder / "closed", std::filesystem::perms{0600});
  std::filesystem::permissions(folder.path(), std::filesystem::perms{0711});
  const auto ask = [&] { return why_not_there(folder / "closed/inner", "no such file"); };
  EXPECT_EQ(fixture::without_rights(ask), "cannot be reached: Permission denied");
  std::filesystem::permissions(folder / "closed", std::filesystem::perms{0700});
}

}  // namespace
}  // namespace spinenet

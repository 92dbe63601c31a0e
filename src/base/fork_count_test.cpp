#include "base/fork_count.h"

#include <cstdlib>

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include "base/child_process_fixture.h"

namespace spinenet {
namespace {

TEST(ForkCount, GrowsInTheChildAlone) {
  const uint32_t before = fork_count();
  EXPECT_TRUE(fixture::holds_in_child([&] {
    return fork_count() == before + 1 && fixture::holds_in_child([&] { return fork_count() == before + 2; });
  }));
  EXPECT_EQ(fork_count(), before);
}

// In a process of its own, where nothing has asked yet: no first call is left that a fork could fall into.
TEST(ForkCountDeathTest, CountsBeforeTheFirstCall) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto ask_in_child = [] { std::_Exit(fixture::holds_in_child([] { return fork_count() == 1; }) ? 0 : 1); };
  EXPECT_EXIT(ask_in_child(), testing::ExitedWithCode(0), "");
}

TEST(ChildProcess, HoldsOnlyWhereTheChildItselfSaysSo) {
  EXPECT_TRUE(fixture::holds_in_child([] { return true; }));
  EXPECT_FALSE(fixture::holds_in_child([] { return false; }));
  EXPECT_FALSE(fixture::holds_in_child([]() -> bool { throw 1; }));
  EXPECT_TRUE(fixture::holds_in_child([] {
    ::signal(SIGCHLD, SIG_IGN);  // the system drops the status of a child
    return !fixture::holds_in_child([] { return false; });
  }));
}

TEST(ChildProcess, DoesNotHoldWhereNoneCanBeStarted) {
  EXPECT_TRUE(fixture::holds_in_child([] {
    const rlimit none{0, 0};
    if (::setrlimit(RLIMIT_NPROC, &none) != 0) return false;
    if (::geteuid() == 0 && ::setuid(65534) != 0) return true;  // no limit holds for root
    return !fixture::holds_in_child([] { return true; });
  }));
}

}  // namespace
}  // namespace spinenet

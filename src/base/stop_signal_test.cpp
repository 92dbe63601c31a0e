#include "base/stop_signal.h"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <thread>

#include <gtest/gtest.h>

namespace spinenet {
namespace {

// In a process of its own: signals and their handlers belong to all of it.
class StopSignalDeathTest : public testing::Test {
 protected:
  void SetUp() override { GTEST_FLAG_SET(death_test_style, "threadsafe"); }

  [[noreturn]] static void end_with(bool right) { std::_Exit(right ? 0 : 1); }
};

TEST_F(StopSignalDeathTest, SignalsOfOneMomentAreOneWish) {
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    const auto twice = [number] {
      const std::atomic<int>& watched = watch_stop_signals();
      const bool none = watched == 0 && received_stop_signal() == 0;
      std::raise(number);
      std::raise(SIGTERM);  // as `timeout` and service managers do: to the process and to its group
      end_with(none && watched == number && received_stop_signal() == number);
    };
    EXPECT_EXIT(twice(), testing::ExitedWithCode(0), "") << number;
  }
}

TEST_F(StopSignalDeathTest, ALaterOneEndsTheProgramAtOnce) {
  const auto later = [] {
    watch_stop_signals();
    std::raise(SIGHUP);
    std::this_thread::sleep_for(std::chrono::milliseconds(700));
    std::raise(SIGTERM);
    end_with(false);
  };
  EXPECT_EXIT(later(), testing::ExitedWithCode(128 + SIGTERM), "");
}

TEST_F(StopSignalDeathTest, ATerminalThatGoesIsNoWishUnderNohup) {
  const auto ignored = [] {
    std::signal(SIGHUP, SIG_IGN);
    const std::atomic<int>& watched = watch_stop_signals();
    std::raise(SIGHUP);
    end_with(watched == 0);
  };
  EXPECT_EXIT(ignored(), testing::ExitedWithCode(0), "");
}

TEST(Stopped, IsAnErrorThatIsToldFromOthers) {
  try {
    end_for_signal("asked to stop", "data");
  } catch (const Error& error) {
    EXPECT_NE(dynamic_cast<const Stopped*>(&error), nullptr);
    EXPECT_STREQ(error.what(), "data: asked to stop");
  }
}

}  // namespace
}  // namespace spinenet

#include "search/trials/process.h"

#include <csignal>

#include <gtest/gtest.h>

#include "base/error.h"

namespace spinenet::search {
namespace {

ProcessOptions shell(const std::string& script) {
  ProcessOptions options;
  options.arguments = {"/bin/sh", "-c", script};
  return options;
}

TEST(RunProcess, GivesOutputErrorsAndStatus) {
  const ProcessResult result = run_process(shell("echo out; echo wrong >&2; exit 7"));
  EXPECT_EQ(result.end, ProcessEnd::exited);
  EXPECT_EQ(result.status, 7);
  EXPECT_EQ(result.output, "out\n");
  EXPECT_EQ(result.errors, "wrong\n");
}

TEST(RunProcess, KeepsAllOutputAndTheEndOfErrors) {
  const ProcessResult result = run_process(shell("seq 1 100000; seq 1 100000 >&2"));
  EXPECT_EQ(result.output.size(), 588895U);
  EXPECT_LE(result.errors.size(), 8192U);
  EXPECT_TRUE(result.errors.ends_with("99999\n100000\n"));
}

TEST(RunProcess, ASignalOfItsOwnIsACrash) {
  const ProcessResult result = run_process(shell("kill -SEGV $$"));
  EXPECT_EQ(result.end, ProcessEnd::signalled);
  EXPECT_EQ(result.status, SIGSEGV);
}

TEST(RunProcess, EndsAHangingProgramAndItsChildren) {
  ProcessOptions options = shell("trap '' TERM; sleep 1000 & while true; do sleep 1; done");
  options.seconds = 0.3;
  const ProcessResult result = run_process(options);
  EXPECT_EQ(result.end, ProcessEnd::timed_out);
  EXPECT_LT(result.seconds, 30);
}

TEST(RunProcess, EndsAProgramThatIsNoLongerWanted) {
  ProcessOptions options = shell("exec sleep 1000");
  int asked = 0;
  options.wanted = [&] { return ++asked < 3; };
  EXPECT_EQ(run_process(options).end, ProcessEnd::unwanted);
}

TEST(RunProcess, DoesNotWaitForAGrandchildThatHoldsThePipe) {
  const ProcessResult result = run_process(shell("sleep 1000 & echo done"));
  EXPECT_EQ(result.output, "done\n");
  EXPECT_LT(result.seconds, 100);
}

TEST(RunProcess, MemoryIsLimited) {
  ProcessOptions options;
  options.arguments = {"/usr/bin/python3", "-c", "x = bytearray(400 << 20); print('has it')"};
  options.memory_bytes = 100 << 20;
  const ProcessResult result = run_process(options);
  EXPECT_NE(result.status, 0);
  EXPECT_NE(result.errors.find("MemoryError"), std::string::npos) << result.errors;
}

TEST(RunProcess, EnvironmentIsAddedAndReplaced) {
  ProcessOptions options = shell("echo $SPINENET_A $HOME");
  options.environment = {{"SPINENET_A", "1"}, {"HOME", "/nowhere"}};
  EXPECT_EQ(run_process(options).output, "1 /nowhere\n");
}

TEST(RunProcess, APathThatIsNoProgramIsAnError) {
  ProcessOptions options;
  options.arguments = {"/nowhere/program"};
  try {
    run_process(options);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::io);
    EXPECT_NE(std::string(error.what()).find("/nowhere/program"), std::string::npos);
  }
}

}  // namespace
}  // namespace spinenet::search

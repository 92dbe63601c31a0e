#include "search/trials/training_trial.h"

#include <csignal>

#include <gtest/gtest.h>

#include "base/error.h"

namespace spinenet::search {
namespace {

ProcessResult end_of(ProcessEnd end, int status, std::string errors = "") {
  return {end, status, "", std::move(errors), 3};
}

RunFailure reason(FailureKind kind, std::string message) {
  return {kind, std::move(message), 7};
}

TrialFailure failure_after_exit(FailureKind kind) {
  return failure_of(end_of(ProcessEnd::exited, 1), reason(kind, "why")).failure;
}

TEST(TrainingTrial, TakesTheReasonThatTheTrainingLeft) {
  EXPECT_EQ(failure_after_exit(FailureKind::non_finite_loss), TrialFailure::non_finite);
  EXPECT_EQ(failure_after_exit(FailureKind::out_of_memory), TrialFailure::out_of_memory);
  EXPECT_EQ(failure_after_exit(FailureKind::bad_data), TrialFailure::error);
  EXPECT_EQ(failure_after_exit(FailureKind::io), TrialFailure::error);
  EXPECT_EQ(failure_after_exit(FailureKind::failed), TrialFailure::error);
  EXPECT_EQ(failure_after_exit(FailureKind::internal), TrialFailure::crash);
  const Outcome outcome = failure_of(end_of(ProcessEnd::exited, 1, "error: something else\n"),
                                     reason(FailureKind::failed, "the loader stopped"));
  EXPECT_EQ(outcome.state, TrialState::failed);
  EXPECT_EQ(outcome.reason, "the loader stopped");
}

TEST(TrainingTrial, ChargesNoArchitectureWithTheWordsOfABrokenFile) {
  const std::string words = "out of memory/not finite.jpg: can't allocate memory is no JPEG";
  EXPECT_EQ(failure_of(end_of(ProcessEnd::exited, 65, "error: " + words), reason(FailureKind::bad_data, words)).failure,
            TrialFailure::error);
  // Nor where the process could not leave its reason.
  EXPECT_EQ(failure_of(end_of(ProcessEnd::exited, 65, "error: " + words), {}).failure, TrialFailure::error);
  EXPECT_EQ(failure_of(end_of(ProcessEnd::exited, 1, "error: " + words), {}).failure, TrialFailure::error);
}

TEST(TrainingTrial, EndsTheSearchWhereEveryTrialWouldFail) {
  for (const FailureKind kind : {FailureKind::usage, FailureKind::unsupported}) {
    try {
      failure_of(end_of(ProcessEnd::exited, 1), reason(kind, "no such key"));
      ADD_FAILURE() << name_of(kind);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage);
      EXPECT_STREQ(error.what(), "trial: no such key");
    }
  }
  EXPECT_THROW(failure_of(end_of(ProcessEnd::exited, 2, "error: no such key"), {}), Error);
}

TEST(TrainingTrial, KnowsHowAKilledProcessEnded) {
  EXPECT_EQ(failure_of(end_of(ProcessEnd::signalled, SIGKILL), {}).failure, TrialFailure::out_of_memory);
  EXPECT_EQ(failure_of(end_of(ProcessEnd::signalled, SIGSEGV), {}).failure, TrialFailure::crash);
  EXPECT_EQ(failure_of(end_of(ProcessEnd::signalled, SIGABRT, "  what():  std::bad_alloc\n"), {}).failure,
            TrialFailure::out_of_memory);
  EXPECT_EQ(failure_of(end_of(ProcessEnd::timed_out, SIGTERM), {}).failure, TrialFailure::timeout);
  EXPECT_EQ(failure_of(end_of(ProcessEnd::exited, 127, "cannot map"), {}).failure, TrialFailure::crash);
}

}  // namespace
}  // namespace spinenet::search

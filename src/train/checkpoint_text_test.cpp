#include "train/checkpoint_text.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/format.h"

namespace spinenet::train {
namespace {

CheckpointText whole() {
  return {"epochs: 3\n", {.step = 7, .total_steps = 30, .best_score = 0.125, .best_step = 5, .metrics_bytes = 99}, 6};
}

std::string message_of(const std::map<std::string, std::string>& metadata) {
  try {
    checkpoint_text(metadata, "step-7");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::bad_data);
    return error.what();
  }
  return "no error";
}

TEST(CheckpointText, IsReadBackTheSame) {
  EXPECT_EQ(checkpoint_text(to_metadata(whole()), "step-7"), whole());
}

TEST(CheckpointText, EveryFaultNamesTheKey) {
  const auto expect = [](const char* key, const std::string& value, const char* part) {
    auto metadata = to_metadata(whole());
    metadata[key] = value;
    const std::string message = message_of(metadata);
    EXPECT_TRUE(message.starts_with("step-7: ")) << message;
    EXPECT_NE(message.find(part), std::string::npos) << message;
  };
  expect("format", "spinenet-checkpoint-1", "spinenet-checkpoint-1");
  for (const char* updates : {"", "x", "7x", "-1", "1e3", "8", "99999999999999999999"})
    expect("updates", updates, "updates");
  expect("progress", "", "step-7");
  expect("progress", "[]", "no object");
  expect("progress", R"({"step": 7})", "total_steps");
}

// A number of another type, or one that no run can have, is not taken for another number.
TEST(CheckpointText, ProgressThatCannotBeIsRefused) {
  const std::string written = to_metadata(whole()).at("progress");
  const auto expect = [&](const std::string& before, const std::string& after, const char* key) {
    std::string changed = written;
    const size_t at = changed.find(before);
    ASSERT_NE(at, std::string::npos) << before;
    changed.replace(at, before.size(), after);
    auto metadata = to_metadata(whole());
    metadata["progress"] = changed;
    EXPECT_NE(message_of(metadata).find(fmt::format("{} is", key)), std::string::npos) << changed;
  };
  for (const char* value : {"1e300", "7.0", "-1", "31", "9223372036854775808", "null", "\"7\"", "true", "[7]"}) {
    expect("\"step\":7", fmt::format("\"step\":{}", value), "step");
  }
  expect("\"total_steps\":30", "\"total_steps\":-30", "total_steps");
  expect("\"best_score\":0.125", "\"best_score\":\"high\"", "best_score");
  expect("\"best_step\":5", "\"best_step\":8", "best_step");
  expect("\"metrics_bytes\":99", "\"metrics_bytes\":-99", "metrics_bytes");
  expect("\"skipped_steps\":0", "\"skipped_steps\":8", "skipped_steps");
  expect("\"evaluations_without_gain\":0", "\"evaluations_without_gain\":-2", "evaluations_without_gain");
}

}  // namespace
}  // namespace spinenet::train

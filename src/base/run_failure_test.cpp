#include "base/run_failure.h"

#include <gtest/gtest.h>

#include "base/output_fixture.h"
#include "base/scratch_folder_fixture.h"

namespace spinenet {
namespace {

struct RunFailureTest : testing::Test {
  fixture::ScratchFolder folder_;
};

TEST_F(RunFailureTest, IsReadAsItWasWritten) {
  EXPECT_FALSE(read_failure(folder_.path()).has_value());
  for (const FailureKind kind : values_of<FailureKind>()) {
    const bool begun = kind == FailureKind::non_finite_loss;
    const RunFailure failure{kind, "loss \"nan\"\nof step 7", begun ? std::optional<int64_t>(7) : std::nullopt};
    fixture::put_file(failure_file(folder_.path()), to_text(to_json(failure)));
    const auto read = read_failure(folder_.path());
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->kind, failure.kind);
    EXPECT_EQ(read->message, failure.message);
    EXPECT_EQ(read->step, failure.step);
  }
}

TEST_F(RunFailureTest, RefusesWhatIsNone) {
  for (const char* text :
       {"[]", "{}", R"({"kind": "failed", "message": "x"})", R"({"kind": 3, "step": null, "message": "x"})",
        R"({"kind": "failed", "step": "7", "message": "x"})",
        R"({"kind": "bad_luck", "step": null, "message": "x"})"}) {
    fixture::put_file(failure_file(folder_.path()), text);
    try {
      read_failure(folder_.path());
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::bad_data) << text;
      EXPECT_NE(std::string(error.what()).find("failure.json"), std::string::npos) << error.what();
    }
  }
}

TEST_F(RunFailureTest, KeepsTheKindOfAnError) {
  for (const ErrorKind kind :
       {ErrorKind::usage, ErrorKind::bad_data, ErrorKind::io, ErrorKind::unsupported, ErrorKind::failed}) {
    EXPECT_EQ(error_kind(failure_kind(kind)), kind);
  }
}

}  // namespace
}  // namespace spinenet

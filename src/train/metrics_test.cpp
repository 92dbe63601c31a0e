#include "train/metrics.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/files.h"
#include "base/folder_kinds.h"

namespace spinenet::train {
namespace {

TEST(MetricsLog, GoesOnBehindTheBytesOfTheCheckpoint) {
  const auto folder = std::filesystem::temp_directory_path() / ("spinenet-metrics-" + std::to_string(::getpid()));
  const OwnedFolder run(folder, kTrainingRun);
  int64_t kept = 0;
  {
    MetricsLog log(run, 0, 0);
    log.write(Json{{"step", 1}, {"loss", 0.5}}, "train");
    kept = log.bytes();
    log.write(Json{{"step", 2}, {"loss", 0.25}}, "train");
  }
  {
    MetricsLog log(run, kept, 1);
    log.write(Json{{"step", 2}, {"loss", 0.125}}, "train");
    EXPECT_EQ(log.bytes(), static_cast<int64_t>(read_file(folder / "metrics.jsonl").size()));
  }
  EXPECT_EQ(read_file(folder / "metrics.jsonl"), "{\"step\":1,\"loss\":0.5}\n{\"step\":2,\"loss\":0.125}\n");
  {
    // A file that lost its end goes on where it ends: nothing is filled in.
    std::filesystem::resize_file(folder / "metrics.jsonl", 10);
    MetricsLog log(run, kept, 1);
    EXPECT_EQ(log.bytes(), 10);
  }
  EXPECT_EQ(std::filesystem::file_size(folder / "metrics.jsonl"), 10);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace spinenet::train

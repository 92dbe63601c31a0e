// What a run writes down as it goes: metrics.jsonl (only what is a function of recipe and seed, so equal runs have
// equal bytes), timing.jsonl (speed and waiting) and TensorBoard events.
//
// A full disk never stops training: the first failed write is a warning, later ones are silent.
// Thread contract: belongs to one thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "base/json.h"
#include "base/owned_folder.h"
#include "plot/tensorboard.h"

namespace spinenet::train {

class MetricsLog {
 public:
  // Goes on behind the first `keep_bytes` of metrics.jsonl; 0 begins again. `first_step` is for TensorBoard.
  MetricsLog(const OwnedFolder& folder, int64_t keep_bytes, int64_t first_step);
  MetricsLog(const MetricsLog&) = delete;
  MetricsLog& operator=(const MetricsLog&) = delete;
  ~MetricsLog();

  // One line of metrics.jsonl, and each number of it as a scalar under `group`. The line begins with "step".
  void write(const Json& line, const std::string& group);
  // One line of timing.jsonl.
  void write_timing(const Json& line);
  // Length of metrics.jsonl with all that was written.
  int64_t bytes() const { return bytes_; }
  // Forces metrics.jsonl to the disk, before a checkpoint speaks of its length.
  void sync();

 private:
  void append(int fd, const Json& line);
  void warn_once(int error);

  std::filesystem::path folder_;
  int metrics_fd_ = -1;
  int timing_fd_ = -1;
  int64_t bytes_ = 0;
  bool warned_ = false;
  std::unique_ptr<plot::EventWriter> events_;
};

}  // namespace spinenet::train

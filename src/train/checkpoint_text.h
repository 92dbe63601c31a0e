// What of a checkpoint is not a tensor: how far the run is and of which recipe, as the text that a safetensors file
// has beside its tensors.
//
// Invariant: what is read can be true of a run: counts are not negative, and nothing has happened in steps to come.
// Thread contract: pure functions. No LibTorch, so that the fuzzer reads checkpoints too.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace spinenet::train {

// Times of day are left out, so that equal runs have equal bytes.
struct Progression {
  int64_t step = 0;  // the next one to do
  int64_t total_steps = 0;
  double best_score = -1;  // of the metric that decides
  int64_t best_step = -1;
  int64_t evaluations_without_gain = 0;
  int64_t metrics_bytes = 0;  // length of metrics.jsonl at this step
  int64_t skipped_steps = 0;  // because of a non-finite loss

  bool operator==(const Progression&) const = default;
};

struct CheckpointText {
  std::string recipe;
  Progression progression;
  int64_t updates = 0;  // of the optimizer

  bool operator==(const CheckpointText&) const = default;
};

std::map<std::string, std::string> to_metadata(const CheckpointText& text);
// ErrorKind::bad_data, naming the key, for one of another format, or whose progress is not whole or cannot be.
CheckpointText checkpoint_text(const std::map<std::string, std::string>& metadata, std::string_view place);

}  // namespace spinenet::train

// Any bytes as a checkpoint of a run, and as the four texts that it has beside its tensors, a line each: what is read
// can be true of a run and survives being written; all else is an Error that names the place.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "formats/safetensors.h"
#include "train/checkpoint_text.h"

namespace spinenet {
namespace {

using Metadata = std::map<std::string, std::string>;

void require(bool holds) {
  if (!holds) std::abort();
}

void check_text(const Metadata& metadata) {
  try {
    const train::CheckpointText text = train::checkpoint_text(metadata, "input");
    const train::Progression& p = text.progression;
    require(p.step >= 0 && p.step <= p.total_steps && p.best_step >= -1 && p.best_step <= p.step);
    require(p.metrics_bytes >= 0 && p.skipped_steps >= 0 && p.skipped_steps <= p.step);
    require(text.updates >= 0 && text.updates <= p.step);
    require(train::checkpoint_text(train::to_metadata(text), "again") == text);
  } catch (const Error& error) {
    require(std::string_view(error.what()).starts_with("input") && error.kind() == ErrorKind::bad_data);
  }
}

Metadata lines_of(std::string_view text) {
  Metadata metadata;
  for (const char* key : {"format", "updates", "progress", "recipe"}) {
    const std::string_view line = text.substr(0, text.find('\n'));
    metadata[key] = line;
    text.remove_prefix(std::min(text.size(), line.size() + 1));
  }
  return metadata;
}

}  // namespace
}  // namespace spinenet

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace spinenet;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check_text(lines_of(bytes));
  try {
    check_text(formats::parse_safetensors(bytes, "input").metadata);
  } catch (const Error& error) {
    require(std::string_view(error.what()).starts_with("input"));
  }
  return 0;
}

#include "train/checkpoint.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/error.h"
#include "base/format.h"
#include "base/log.h"
#include "formats/safetensors.h"

namespace spinenet::train {
namespace {

constexpr size_t kKept = 2;
constexpr std::string_view kCheckpoints = "checkpoints/step-*.safetensors";

// The tensors of a state under the names they have in the file.
std::vector<std::pair<std::string, torch::Tensor>> named_tensors(const TrainState& state) {
  std::vector<std::pair<std::string, torch::Tensor>> named{{"live.values", state.parameters.values},
                                                           {"live.statistics", state.parameters.statistics},
                                                           {"average.values", state.average.values},
                                                           {"average.statistics", state.average.statistics}};
  for (size_t i = 0; i < state.optimizer.moments.size(); ++i) {
    named.emplace_back(fmt::format("optimizer.moment{}", i), state.optimizer.moments[i]);
  }
  return named;
}

// Keeps the one just written and the newest before it. Later ones are those that were found broken.
void remove_others(const OwnedFolder& run, const std::string& written) {
  size_t kept = 0;
  const std::vector<std::string> names = run.files(kCheckpoints);
  for (const std::string& name : names | std::views::reverse) {
    if (name > written || kept++ >= kKept) run.remove(name);
  }
}

void restore(TrainState& state, const formats::TensorFile& file, const std::string& place) {
  for (auto& [name, tensor] : named_tensors(state)) {
    const auto it = file.weights.find(name);
    if (it == file.weights.end() || static_cast<int64_t>(it->second.data.size()) != tensor.numel()) {
      fail(ErrorKind::bad_data, fmt::format("tensor {} is missing or of another size", name), place,
           "it belongs to another network; start the run again in another folder");
    }
    if (!std::ranges::all_of(it->second.data, [](float value) { return std::isfinite(value); })) {
      fail(ErrorKind::bad_data, fmt::format("tensor {} holds values that are not finite", name), place,
           "remove it, so that the run goes on from the checkpoint before it, or begin another run");
    }
    tensor.copy_(nn::to_torch(it->second));
  }
}

}  // namespace

std::vector<std::filesystem::path> checkpoints_in(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> found;
  if (!std::filesystem::is_directory(folder)) return found;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("step-") && name.ends_with(".safetensors")) found.push_back(entry.path());
  }
  std::sort(found.rbegin(), found.rend());
  return found;
}

void save_checkpoint(const OwnedFolder& run, const TrainState& state, const std::string& recipe) {
  formats::TensorFile file;
  for (const auto& [name, tensor] : named_tensors(state)) file.weights.emplace(name, nn::to_host(tensor));
  file.metadata = to_metadata({recipe, state.progression, state.optimizer.updates});
  const std::string written = fmt::format("checkpoints/step-{:09}.safetensors", state.progression.step);
  formats::write_safetensors(run.file(written), file);
  remove_others(run, written);
}

std::optional<std::filesystem::path> load_checkpoint(const std::filesystem::path& folder, TrainState& state,
                                                     const CheckRecipe& check) {
  for (const std::filesystem::path& path : checkpoints_in(folder)) {
    formats::TensorFile file;
    try {
      file = formats::read_safetensors(path);
    } catch (const Error& error) {
      log_warning(fmt::format("passing over a broken checkpoint: {}", error.what()));
      continue;
    }
    const std::string place = path.string();
    const CheckpointText text = checkpoint_text(file.metadata, place);
    check(text.recipe, place);
    restore(state, file, place);
    state.progression = text.progression;
    state.optimizer.updates = text.updates;
    return path;
  }
  return std::nullopt;
}

}  // namespace spinenet::train

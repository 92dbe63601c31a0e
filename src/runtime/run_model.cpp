#include "runtime/run_model.h"

#include <optional>

#include "base/error.h"
#include "base/folder_kinds.h"
#include "base/format.h"
#include "base/printable.h"
#include "base/shell_text.h"

namespace spinenet::runtime {
namespace {

namespace fs = std::filesystem;

bool is_file(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

// A version that marked no folders left a recipe and a lock.
void require_run(const fs::path& folder) {
  const std::optional<FolderMarker> marker = read_marker(folder);
  if (marker ? marker->kind == kTrainingRun.name : is_file(folder / "recipe.yaml") && is_file(folder / "lock")) return;
  const std::string is = marker ? fmt::format("is {}, not a training run", printable(marker->kind))
                                : "is a folder, and not that of a training run";
  fail(ErrorKind::usage, is, folder.string(), "name a model (.safetensors), or a run folder of spinenet train");
}

}  // namespace

RunModel model_at(const fs::path& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return {path};
  require_run(path);
  if (const fs::path best = path / "best.safetensors"; is_file(best)) return {best};
  if (const fs::path last = path / "last.safetensors"; is_file(last)) {
    return {last, fmt::format("{} has no best model: taking the last one, {}", path.string(), last.string())};
  }
  fail(ErrorKind::usage, "is a training run that has no model yet", path.string(),
       fmt::format("its first measurement writes one: spinenet train --resume --out {}", shell_word(path.string())));
}

}  // namespace spinenet::runtime

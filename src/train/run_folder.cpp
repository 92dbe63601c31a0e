#include "train/run_folder.h"

#include "base/error.h"

namespace spinenet::train {
namespace {

constexpr const char* kRecipe = "recipe.yaml";

bool is_file(const std::filesystem::path& path) {
  std::error_code error;
  return std::filesystem::is_regular_file(path, error);
}

}  // namespace

OwnedFolder take_run_folder(const std::filesystem::path& path, bool resume) {
  if (resume && !is_file(path / kRecipe)) {
    fail(ErrorKind::usage, "holds no run to resume", path.string(), "start it without --resume");
  }
  FolderClaim claim;
  if (resume) claim.is_older = [](const std::filesystem::path& folder) { return is_file(folder / "lock"); };
  const auto refuse_begun = [&] {
    if (resume || !is_file(path / kRecipe)) return;
    fail(ErrorKind::usage, "holds a run already", path.string(),
         "go on with --resume, or name another folder with --out");
  };
  if (is_file(path / "lock")) refuse_begun();  // said so rather than as a folder of somebody else
  OwnedFolder folder(path, kTrainingRun, claim);
  refuse_begun();
  return folder;
}

std::filesystem::path checkpoints_of(const std::filesystem::path& run_folder) {
  return run_folder / "checkpoints";
}

}  // namespace spinenet::train

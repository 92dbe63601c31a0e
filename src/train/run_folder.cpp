#include "train/run_folder.h"

#include "base/error.h"

namespace spinenet::train {
namespace {

constexpr const char* kRecipe = "recipe.yaml";

bool is_file(const std::filesystem::path& path) {
  std::error_code error;
  return std::filesystem::is_regular_file(path, error);
}

// What a training of an older version that failed before it began has left.
bool holds_only_a_failure(const std::filesystem::path& folder) {
  std::error_code error;
  for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    const std::filesystem::path name = at->path().filename();
    if (name != "lock" && name != "failure.json") return false;
  }
  return !error;
}

}  // namespace

OwnedFolder take_run_folder(const std::filesystem::path& path, bool resume) {
  if (resume && !is_file(path / kRecipe)) {
    fail(ErrorKind::usage, "holds no run to resume", path.string(), "start it without --resume");
  }
  if (resume && std::filesystem::is_symlink(checkpoints_of(path))) {
    fail(ErrorKind::usage, "is a link: checkpoints are written and removed in the run folder itself",
         checkpoints_of(path).string(), "move the folder that it points to here");
  }
  FolderClaim claim;
  claim.is_older = [resume](const std::filesystem::path& folder) {
    return is_file(folder / "lock") && (resume || holds_only_a_failure(folder));
  };
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

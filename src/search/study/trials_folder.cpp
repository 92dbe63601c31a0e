#include "search/study/trials_folder.h"

#include <algorithm>
#include <system_error>

#include "base/error.h"
#include "base/files.h"
#include "base/format.h"
#include "search/trials/weights_folder.h"

namespace spinenet::search {
namespace {

namespace fs = std::filesystem;

bool is_another_studys(const fs::path& folder, const std::string& id) {
  const std::optional<FolderMarker> marker = read_marker(folder);
  return marker && (marker->kind != kTrialsFolder.name || marker->id != id);
}

// Before folders had markers: nothing but trial-000012-1 and the like, and maybe the study.
bool holds_trials_alone(const fs::path& folder, const fs::path& study) {
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    constexpr std::string_view kBegin = "trial-";
    const bool is_trial = name.starts_with(kBegin) && fs::is_directory(at->symlink_status()) &&
                          name.find_first_not_of("0123456789-", kBegin.size()) == std::string::npos;
    const std::string kept = study.filename().string();  // with what SQLite keeps beside it
    const bool is_study = !kept.empty() && (name == kept || name.starts_with(kept + "-"));
    if (!is_trial && !is_study && name != "lock") return false;
  }
  return !error;
}

// The study's address as a folder's marker keeps it: the same from wherever it is named, and without a password.
std::string mark_of(const StudyAddress& study) {
  std::error_code error;
  const fs::path file = study.is_server() ? fs::path(study.shown()) : fs::weakly_canonical(study.reveal(), error);
  return fmt::format("{:016x}", checksum(file.string()));
}

bool holds_nothing_yet(const fs::path& folder) {
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    const fs::path name = at->path().filename();
    if (name != ".spinenet" && name != "lock") return false;
  }
  return !error;
}

std::optional<std::string> abandoned_id_of(const fs::path& folder, const FolderKind& kind, const StudyAddress& study) {
  const std::optional<FolderMarker> marker = read_marker(folder);
  if (!marker || marker->kind != kind.name || marker->made_for != mark_of(study)) return std::nullopt;
  try {
    const OwnedFolder alone(folder, kind, {.id = marker->id});  // no leader is on its way to its study
    if (holds_nothing_yet(folder)) return marker->id;
  } catch (const Error&) {  // who takes the folder will say why
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> abandoned_id(const TrialsPlace& place) {
  std::optional<std::string> id;
  // Without a name of its user's, that of a study on a server has an id of its own.
  if (!place.folder.empty() || !place.study.is_server()) {
    const fs::path folder = place.folder.empty() ? fs::path(place.study.reveal() + ".trials") : place.folder;
    id = abandoned_id_of(folder, kTrialsFolder, place.study);
  }
  if (!id && !place.weights.empty()) id = abandoned_id_of(place.weights, kWeightsFolder, place.study);
  return id;
}

fs::path trials_folder(const TrialsPlace& place) {
  if (!place.folder.empty()) return place.folder;
  if (place.study.is_server()) return fmt::format("runs/search-{}.trials", place.id);
  fs::path folder = place.study.reveal() + ".trials";
  if (!is_another_studys(folder, place.id)) return folder;
  return fmt::format("{}.trials-{}", place.study.reveal(), place.id.substr(0, 8));
}

OwnedFolder take_trials_folder(const TrialsPlace& place) {
  const fs::path study = place.study.is_server() ? fs::path() : fs::path(place.study.reveal());
  const auto is_older = [&](const fs::path& folder) { return holds_trials_alone(folder, study); };
  return {trials_folder(place),
          kTrialsFolder,
          {.id = place.id, .made_for = mark_of(place.study), .shared = true, .is_older = is_older}};
}

OwnedFolder take_weights_folder(const TrialsPlace& place) {
  return {place.weights.empty() ? trials_folder(place) / "weights" : place.weights,
          kWeightsFolder,
          {.id = place.id, .made_for = mark_of(place.study), .shared = true, .flag = "--weights"}};
}

}  // namespace spinenet::search

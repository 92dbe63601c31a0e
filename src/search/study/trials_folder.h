// Where the trials of a search leave their files on this machine, and their weights where other machines may share
// them: folders that belong to one study.
//
// Invariant: its marker has the study's id, so two studies never share one; leader and workers of one study do. Files
// in it are those of the trials' own folders (search/trials/training_trial.h). Thread contract: the main thread alone.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/owned_folder.h"
#include "search/store/address.h"

namespace spinenet::search {

inline constexpr FolderKind kTrialsFolder{"trials of a search", {}};

struct TrialsPlace {
  StudyAddress study;
  std::string id;                      // of the study
  std::filesystem::path folder;        // as its user named it; empty: by default
  std::filesystem::path weights = {};  // the same of the weights that trials leave (search/trials/weights_folder.h)
};

// By default STUDY.trials beside a SQLite file, or STUDY.trials- and the beginning of the id where that is another
// study's; runs/search-ID.trials for a study on a server.
std::filesystem::path trials_folder(const TrialsPlace& place);
// The id in the marker of a folder, of trials or of weights, that a leader has claimed for this study and then been
// killed, before it began it; for a study that does not exist, so without place.id. Nothing where the folder was
// another study's, somebody holds it, or it holds anything but marker and lock.
std::optional<std::string> abandoned_id(const TrialsPlace& place);
// Takes it, shared with the other processes of the study. Errors as OwnedFolder's.
OwnedFolder take_trials_folder(const TrialsPlace& place);
// The same of the weights: by default `weights` in the folder of the trials.
OwnedFolder take_weights_folder(const TrialsPlace& place);

}  // namespace spinenet::search

// Where the trials of a search leave their files on this machine: a folder that belongs to one study.
//
// Invariant: its marker has the study's id, so two studies never share one; leader and workers of one study do. Files
// in it are those of the trials' own folders (search/trials/training_trial.h). Thread contract: the main thread alone.
#pragma once

#include <filesystem>
#include <string>

#include "base/owned_folder.h"
#include "search/store/address.h"

namespace spinenet::search {

inline constexpr FolderKind kTrialsFolder{"trials of a search", {}};

struct TrialsPlace {
  StudyAddress study;
  std::string id;                // of the study
  std::filesystem::path folder;  // as its user named it; empty: by default
};

// By default STUDY.trials beside a SQLite file, or STUDY.trials- and the beginning of the id where that is another
// study's; runs/search-ID.trials for a study on a server.
std::filesystem::path trials_folder(const TrialsPlace& place);
// Takes it, shared with the other processes of the study. Errors as OwnedFolder's.
OwnedFolder take_trials_folder(const TrialsPlace& place);

}  // namespace spinenet::search

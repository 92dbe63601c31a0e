// A study as it is shown: what it is about, read back from its store, its summary, its trials as JSON and CSV.
//
// Thread contract: the main thread alone.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "search/store/store.h"
#include "search/trials/candidate.h"

namespace spinenet::search {

// What two searches must agree on to work on one study. `training` is the training recipe as YAML.
StudyDescription describe_study(const SearchTask& task, const std::string& training);

struct Study {
  std::string place;  // as it is shown: without a password
  StudyDescription description;
  SearchTask task;
  StudyStatus status;
  std::vector<Trial> trials;  // all that were begun
};

// What its description tells, without status and trials.
Study described_study(const std::string& place, const StudyDescription& description);
// Writes nothing. ErrorKind::usage when there is no study at the address, ErrorKind::bad_data where it cannot be.
Study read_study(const StudyAddress& address);
// Complete trials, best first, each network once.
std::vector<const Trial*> ranked(const Study& study);
// As the trial suggests it. ErrorKind::bad_data where its choices are none of the study's space.
arch::ScalePermuted backbone_of(const Study& study, const Trial& trial);
// As the trial trained it.
arch::Architecture architecture_of(const Study& study, const Trial& trial);

// {"study", "trials", "complete", "failed", "lost", "rejected", "duplicates", "best": {...} or null}.
Json study_summary(const Study& study);
// The same of a study whose trials need not be read.
Json study_summary(Store& store, const StudyAddress& address);
Json to_json(const Trial& trial);
// Number, state, score, every metric and choice of each trial: one line each, with a head.
std::string to_csv(const Study& study);

}  // namespace spinenet::search

// A study in words and tables, as `search`, `study show` and `study best` print it, and as the documents that their
// --json gives.
//
// Thread contract: pure functions.
#pragma once

#include <string>

#include "base/json.h"
#include "search/study/study.h"

namespace spinenet::search {

// A metric that counts something in short form, or as it is where it is no count: a study may hold any number.
std::string count_text(double value);

// Of search::study_summary.
std::string study_summary_text(const Json& summary);
// The last trials that were begun, at most so many.
std::string last_trials_text(const Study& study, int count);
// The best networks, each once, at most so many.
std::string best_trials_text(const Study& study, int count);
// Seconds that the trials still to come take at the pace so far, or -1.
double seconds_left(const Study& study);

// The summary with every trial.
Json study_document(const Study& study);
// As best_trials_text, with the architectures.
Json best_document(const Study& study, int count);

// The trial of that number; of one below 0 the best. ErrorKind::usage where there is none of the number,
// ErrorKind::failed where none has been measured yet.
const Trial& trial_or_best(const Study& study, int64_t number);

}  // namespace spinenet::search

// A study as the program shows it: what it is about, read back from its store, and its summary.
//
// Thread contract: the main thread alone.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "arch/architecture.h"
#include "base/json.h"
#include "cli/trial.h"
#include "search/search_recipe.h"
#include "search/store.h"

namespace spinenet {

// What two searches must agree on to work on one study. `training` is the training recipe as YAML.
StudyDescription describe_study(const TrialSetup& setup, const std::string& training);

struct Study {
  std::string place;
  StudyDescription description;
  SearchRecipe recipe;
  Architecture base;
  int image_size = 0, classes = 1;
  StudyStatus status;
  std::vector<Trial> trials;  // all that were begun
};

// What its description tells, without status and trials.
Study described_study(const std::string& place, const StudyDescription& description);
// ErrorKind::usage when there is no study at the place.
Study read_study(const std::string& place);
// Complete trials, best first, each network once.
std::vector<const Trial*> ranked(const Study& study);
Architecture architecture_of(const Study& study, const Trial& trial);

// {"study", "trials", "complete", "failed", "rejected", "duplicates", "best": {...} or null}.
Json study_summary(Store& store, const std::string& place);
std::string study_summary_text(const Json& summary);
Json to_json(const Trial& trial);
// Number, state, score, every metric and choice of each trial: one line each, with a head.
std::string to_csv(const Study& study);
// The page; best-so-far curves of `others` beside its own.
std::string study_page(const Study& study, const std::vector<Study>& others);

// docs/search-config.md.
std::string search_recipe_keys();

}  // namespace spinenet

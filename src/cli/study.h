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
#include "search/store/store.h"

namespace spinenet::cli {

// What two searches must agree on to work on one study. `training` is the training recipe as YAML.
search::StudyDescription describe_study(const TrialSetup& setup, const std::string& training);

struct Study {
  std::string place;
  search::StudyDescription description;
  search::SearchRecipe recipe;
  arch::Architecture base;
  int image_size = 0, classes = 1;
  search::StudyStatus status;
  std::vector<search::Trial> trials;  // all that were begun
};

// What its description tells, without status and trials.
Study described_study(const std::string& place, const search::StudyDescription& description);
// ErrorKind::usage when there is no study at the place.
Study read_study(const std::string& place);
// Complete trials, best first, each network once.
std::vector<const search::Trial*> ranked(const Study& study);
arch::Architecture architecture_of(const Study& study, const search::Trial& trial);

// {"study", "trials", "complete", "failed", "rejected", "duplicates", "best": {...} or null}.
Json study_summary(search::Store& store, const std::string& place);
std::string study_summary_text(const Json& summary);
Json to_json(const search::Trial& trial);
// Number, state, score, every metric and choice of each trial: one line each, with a head.
std::string to_csv(const Study& study);
// The page; best-so-far curves of `others` beside its own.
std::string study_page(const Study& study, const std::vector<Study>& others);

// docs/search-config.md.
std::string search_recipe_keys();

}  // namespace spinenet::cli

// What of a recipe may change when a run goes on with --resume: what decides where and how fast it computes (threads,
// device, data.loader_threads), where the data lies, what an unreadable image does, how often it logs, measures and
// writes checkpoints, and how long it trains (epochs, only more of them; max_minutes; early_stop). All else would make
// another run of it.
//
// Thread contract: pure functions but for the log.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "train/checkpoint.h"
#include "train/recipe.h"

namespace spinenet::train {

// The keys that may change, with their groups.
std::span<const std::string_view> resumable_keys();

struct RecipeChange {
  std::string key, before, now;  // values as YAML
};

// In the order of the recipe.
std::vector<RecipeChange> changes_of(const Recipe& before, const Recipe& now);
// "epochs 6 -> 12, threads 1 -> 2"
std::string text_of(const std::vector<RecipeChange>& changes);

// Throws an error of this kind that names every change which must not be, with both values. `place`: whose recipe
// `before` is; `run_folder`: for the remedy.
struct ResumePlace {
  std::string place, run_folder;
  ErrorKind kind = ErrorKind::usage;
};
void require_resumable(const Recipe& before, const Recipe& now, const ResumePlace& where);

// Warns where a recipe that is named for a run which goes on (`file`; "": none) says something else than the run's own.
void tell_own_recipe(const Recipe& own, const std::filesystem::path& file);

// A run that goes on from a checkpoint.
struct ResumedRun {
  Recipe before, now;       // of the checkpoint, and asked for
  Progression progression;  // as in the checkpoint
  int64_t steps_per_epoch = 0;
  std::string place;  // the checkpoint
};
// The length of the whole run. One that trains for longer has its schedule stretched over the whole, unless its rate is
// constant.
// ErrorKind::bad_data where the checkpoint's length is not that of its recipe on this data.
int64_t total_steps_of(const ResumedRun& run);
// Throws where no whole checkpoint is left of a run that must have written one, so that going on would begin again and
// replace what was learned: broken ones are there, or the run came to its end, or its metrics.jsonl speaks of a later
// step than the first checkpoint's. `checkpoint_every` as the run had it.
void require_unbegun(const std::filesystem::path& run, int64_t checkpoint_every);

// What its user should know, a line each: what changed, how the learning rate goes on, why no step is left.
std::vector<std::string> notes_of(const ResumedRun& run);

}  // namespace spinenet::train

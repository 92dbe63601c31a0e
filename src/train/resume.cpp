#include "train/resume.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>

#include "base/error.h"
#include "base/format.h"
#include "base/log.h"
#include "base/yaml_file.h"
#include "train/run_folder.h"
#include "train/schedule.h"

namespace spinenet::train {
namespace {

constexpr std::array<std::string_view, 16> kResumable{"data.root",
                                                      "data.train_annotations",
                                                      "data.train_images",
                                                      "data.val_annotations",
                                                      "data.val_images",
                                                      "data.bad_images",
                                                      "data.loader_threads",
                                                      "epochs",
                                                      "max_minutes",
                                                      "eval_every",
                                                      "early_stop",
                                                      "log_every",
                                                      "checkpoint_every",
                                                      "schedule.decay_steps",
                                                      "threads",
                                                      "device"};

// `before` and `now` are lists of one struct.
void add_changes(std::span<const Field> before, std::span<const Field> now, const std::string& prefix,
                 std::vector<RecipeChange>& found) {
  for (size_t i = 0; i < before.size(); ++i) {
    const std::string key = prefix + before[i].name;
    if (before[i].is_group()) {
      add_changes(before[i].members, now[i].members, key + ".", found);
      continue;
    }
    std::string was = before[i].write(), is = now[i].write();
    if (was != is) found.push_back({key, std::move(was), std::move(is)});
  }
}

// The greatest step that the last lines of metrics.jsonl name; 0 where there are none.
int64_t last_step_of(const std::filesystem::path& metrics) {
  constexpr std::streamoff kEnd = 1 << 16;
  constexpr std::string_view kBegin = "{\"step\":";
  std::ifstream in(metrics, std::ios::binary | std::ios::ate);
  if (!in) return 0;
  in.seekg(std::max<std::streamoff>(0, static_cast<std::streamoff>(in.tellg()) - kEnd));
  int64_t last = 0;
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with(kBegin)) continue;
    int64_t step = 0;
    std::from_chars(line.data() + kBegin.size(), line.data() + line.size(), step);
    last = std::max(last, step);
  }
  return last;
}

}  // namespace

std::span<const std::string_view> resumable_keys() {
  return kResumable;
}

std::vector<RecipeChange> changes_of(const Recipe& before, const Recipe& now) {
  Recipe first = before, second = now;
  const FieldList first_fields = fields_of(first), second_fields = fields_of(second);
  std::vector<RecipeChange> found;
  add_changes(first_fields.items, second_fields.items, "", found);
  return found;
}

std::string text_of(const std::vector<RecipeChange>& changes) {
  std::vector<std::string> texts;
  for (const RecipeChange& change : changes) {
    texts.push_back(fmt::format("{} {} -> {}", change.key, change.before, change.now));
  }
  return fmt::format("{}", fmt::join(texts, ", "));
}

void require_resumable(const Recipe& before, const Recipe& now, const ResumePlace& where) {
  std::vector<std::string> refused;
  for (const RecipeChange& change : changes_of(before, now)) {
    if (std::ranges::find(kResumable, change.key) == kResumable.end()) {
      refused.push_back(fmt::format("{} is {}, not {}", change.key, change.before, change.now));
    } else if (change.key == "epochs" && now.epochs < before.epochs) {
      refused.push_back(fmt::format("epochs is {} and can only be raised, not set to {} (--until ends a run earlier)",
                                    before.epochs, now.epochs));
    }
  }
  if (refused.empty()) return;
  fail(where.kind, fmt::format("a run that goes on keeps its recipe: {}", fmt::join(refused, "; ")), where.place,
       fmt::format("only {} may change; start a new run for all else, from the weights of this one: --set "
                   "init.weights={}/best.safetensors",
                   fmt::join(kResumable, ", "), where.run_folder));
}

void tell_own_recipe(const Recipe& own, const std::filesystem::path& file) {
  if (file.empty()) return;
  Recipe asked = own;
  read_yaml(read_yaml_file(file), file.string(), asked);
  const std::vector<RecipeChange> changes = changes_of(own, asked);
  if (changes.empty()) return;
  log_warning(
      fmt::format("{}: a run that goes on keeps its own recipe; not taken over: {}; --set changes what may change",
                  file.string(), text_of(changes)));
}

int64_t total_steps_of(const ResumedRun& run) {
  const int64_t before = run.steps_per_epoch * run.before.epochs, now = run.steps_per_epoch * run.now.epochs;
  // With max_minutes the run is as long as it was found to fit.
  if (run.before.max_minutes <= 0 && run.progression.total_steps != before) {
    fail(ErrorKind::bad_data,
         fmt::format(
             "the run was {} steps long, in {} epochs; with the training images that are there now it would be {}",
             run.progression.total_steps, run.before.epochs, before),
         run.place, "give it back the images that it began with, or start a new run in another folder");
  }
  const bool same = run.before.epochs == run.now.epochs && run.before.max_minutes == run.now.max_minutes;
  return same ? run.progression.total_steps : now;
}

std::vector<std::string> notes_of(const ResumedRun& run) {
  const Progression& p = run.progression;
  const int64_t total = total_steps_of(run);
  std::vector<std::string> notes;
  const std::vector<RecipeChange> changes = changes_of(run.before, run.now);
  if (!changes.empty()) notes.push_back("changed: " + text_of(changes));
  const double was =
      learning_rate(run.before.optimizer, run.before.schedule, std::max<int64_t>(p.step - 1, 0), p.total_steps);
  const double goes_on = learning_rate(run.now.optimizer, run.now.schedule, p.step, total);
  if (total != p.total_steps) {
    const bool stays = run.now.schedule.kind == ScheduleKind::constant;
    notes.push_back(fmt::format(
        "{} steps in all instead of {}, {} are done; the schedule ({}) {}: the learning rate goes on at {:.3g}, it was "
        "{:.3g}",
        total, p.total_steps, p.step, name_of(run.now.schedule.kind),
        stays ? "is not stretched" : "is stretched over all of them", goes_on, was));
  } else if (run.before.schedule.decay_steps != run.now.schedule.decay_steps) {
    notes.push_back(fmt::format("the learning rate goes on at {:.3g}, it was {:.3g}", goes_on, was));
  }
  if (p.step >= total) {
    notes.push_back(fmt::format(
        "all {} steps are done; --set epochs=N with more than {} makes the run longer{}", total, run.now.epochs,
        run.now.max_minutes > 0 ? ", as --set max_minutes=N does where the time ended it" : ""));
  } else if (run.now.early_stop > 0 && p.evaluations_without_gain >= run.now.early_stop) {
    notes.push_back(
        fmt::format("early_stop ended the run after {} measurements without a better one; --set early_stop=0 "
                    "goes on to its last epoch",
                    p.evaluations_without_gain));
  }
  return notes;
}

void require_unbegun(const std::filesystem::path& run, int64_t checkpoint_every) {
  std::string trace;
  if (std::filesystem::exists(run / "last.safetensors")) {
    trace = "it came to its end (last.safetensors)";
  } else if (!checkpoints_in(checkpoints_of(run)).empty()) {
    trace = "those in it are broken";
  } else if (const int64_t step = last_step_of(run / "metrics.jsonl"); step > checkpoint_every) {
    trace = fmt::format("it came to step {} (metrics.jsonl)", step);
  }
  if (trace.empty()) return;
  fail(ErrorKind::bad_data, fmt::format("has no whole checkpoint left, though {}: going on would begin again", trace),
       run.string(), "put the files of checkpoints/ back, or begin another run, in another folder");
}

}  // namespace spinenet::train

#include "own_study.h"

#include <cmath>
#include <utility>

#include <unistd.h>

#include "arch/families.h"
#include "base/error.h"
#include "base/format.h"
#include "search/trials/candidate.h"
#include "search/trials/worker.h"

namespace spinenet::python {
namespace {

using search::SearchTask;
using search::StudyDescription;

// In the place of the training recipe that a study of `spinenet search` names.
constexpr const char* kOwnEvaluator = "own-evaluator";
constexpr const char* kUsualBase = "spinenet-49";
constexpr int kUsualImageSize = 640, kUsualClasses = 91;

SearchTask begun_task(const OwnStudyOptions& options) {
  SearchTask task;
  task.recipe.base_space = options.space.value_or(task.recipe.base_space);
  task.recipe.space = arch::named_search_space(task.recipe.base_space);
  task.recipe.proxy.recipe = kOwnEvaluator;
  task.base = options.base ? *options.base : arch::named_architecture(kUsualBase);
  task.image_size = options.image_size.value_or(kUsualImageSize);
  task.classes = options.classes.value_or(kUsualClasses);
  return task;
}

// `task` with what the options say.
SearchTask changed_task(SearchTask task, const OwnStudyOptions& options, const std::string& place) {
  search::SearchRecipe& recipe = task.recipe;
  if (options.space) {
    recipe.base_space = *options.space;
    recipe.space = arch::named_search_space(*options.space);
  }
  if (options.algorithm) apply_setting(recipe, "algorithm.kind=" + *options.algorithm);
  if (options.trials) recipe.trials = *options.trials;
  recipe.seed = options.seed.value_or(recipe.seed);
  recipe.lag = options.lag.value_or(recipe.lag);
  for (const std::string& setting : options.settings) apply_setting(recipe, setting);
  recipe = search::parse_search_recipe(to_yaml(recipe), place);
  if (options.base) task.base = *options.base;
  task.image_size = options.image_size.value_or(task.image_size);
  task.classes = options.classes.value_or(task.classes);
  return task;
}

// What the study was begun with. What the options say beside must be the same; how many trials are wanted may differ.
SearchTask kept_task(const StudyDescription& kept, const OwnStudyOptions& options, const std::string& place) {
  const SearchTask task = search::described_study(place, kept).task;
  SearchTask wanted = changed_task(task, options, place);
  wanted.recipe.trials = task.recipe.trials;
  const StudyDescription has = search::describe_study(task, ""), asks = search::describe_study(wanted, "");
  if (has == asks) return task;
  const char* what = has.space != asks.space           ? "another space"
                     : has.algorithm != asks.algorithm ? "another algorithm"
                     : has.seed != asks.seed           ? "another seed"
                     : has.lag != asks.lag             ? "another lag"
                                                       : "another task";
  fail(ErrorKind::usage, fmt::format("the study was begun with {}", what), place,
       "name the place alone to go on with it, or begin a study of another name");
}

SearchTask join(const search::StudyAddress& address, const OwnStudyOptions& options) {
  if (!(options.lease_seconds >= 1 && options.lease_seconds <= 86400)) {
    fail(ErrorKind::usage, fmt::format("a lease of {} seconds", options.lease_seconds), "lease", "use 1 to 86400");
  }
  std::optional<StudyDescription> kept = search::find_study(address);
  if (!kept) {
    if (!options.space) {
      fail(ErrorKind::usage, "there is no study", address.shown(), "name a space to begin one");
    }
    const SearchTask task = changed_task(begun_task(options), options, address.shown());
    const std::unique_ptr<search::Store> store = search::open_store(address, true);
    kept = search::find_study(address);  // another process may have been faster
    if (!kept) {
      store->open(search::describe_study(task, ""));
      return task;
    }
  }
  return kept_task(*kept, options, address.shown());
}

}  // namespace

search::Outcome failed(search::TrialFailure failure, std::string_view reason) {
  search::Outcome outcome;
  outcome.state = search::TrialState::failed;
  outcome.failure = failure;
  outcome.reason = reason.substr(0, reason.find('\n'));
  return outcome;
}

AskedTrial::AskedTrial(const search::StudyAddress& study, search::Claim claim, double lease_seconds)
    : claim_(std::move(claim)),
      process_(::getpid()),
      heartbeat_(std::make_unique<search::Heartbeat>(study, claim_, lease_seconds)) {}

AskedTrial::~AskedTrial() {
  end();
}

bool AskedTrial::wanted() const {
  const std::lock_guard lock(mutex_);
  return heartbeat_ != nullptr && !heartbeat_->lost();
}

void AskedTrial::end() {
  if (process_ != ::getpid()) {
    (void)heartbeat_.release();  // its thread is the parent's
    return;
  }
  std::unique_ptr<search::Heartbeat> last;
  const std::lock_guard lock(mutex_);
  last.swap(heartbeat_);
}

OwnStudy::OwnStudy(search::StudyAddress address, const OwnStudyOptions& options)
    : address_(std::move(address)), task_(join(address_, options)), process_(::getpid()) {
  wish_.worker = options.worker.empty() ? search::worker_name() : options.worker;
  wish_.lease_seconds = options.lease_seconds;
  wish_.trials = options.trials.value_or(task_.recipe.trials);
  const search::SearchRecipe& recipe = task_.recipe;
  planner_ = std::make_unique<search::Planner>(
      search::Plan{recipe.space, recipe.algorithm, recipe.seed, recipe.first,
                   [this](const arch::ScalePermuted& backbone) { return search::objection(task_, backbone); }});
  store_ = search::open_store(address_, false);
}

OwnStudy::~OwnStudy() {
  if (process_ != ::getpid()) (void)store_.release();  // its connection is the parent's
}

void OwnStudy::check_process() const {
  if (process_ == ::getpid()) return;
  fail(ErrorKind::usage, "it was opened before this process was forked", place(), "open the study in each process");
}

OwnStudy::Answer OwnStudy::ask() {
  check_process();
  const std::lock_guard lock(mutex_);
  const search::ClaimAnswer answer = store_->claim(wish_, planner_->suggestion());
  if (answer.state != search::ClaimState::claimed) return {answer.state, nullptr};
  auto trial = std::make_unique<AskedTrial>(address_, *answer.claim, wish_.lease_seconds);
  const std::string from = fmt::format("{}: trial {}", place(), answer.claim->number);
  trial->architecture =
      search::candidate(task_, arch::replay(task_.recipe.space, answer.claim->choices, from).backbone);
  return {answer.state, std::move(trial)};
}

bool OwnStudy::tell(AskedTrial& trial, search::Outcome outcome) {
  check_process();
  if (outcome.state == search::TrialState::complete && !std::isfinite(outcome.measurement.score)) {
    outcome = failed(search::TrialFailure::non_finite, fmt::format("the score is {}", outcome.measurement.score));
  }
  const std::lock_guard lock(mutex_);
  const bool accepted = store_->report(trial.claim(), outcome);
  trial.end();
  return accepted;
}

bool OwnStudy::give_back(AskedTrial& trial) {
  check_process();
  const std::lock_guard lock(mutex_);
  trial.end();
  return store_->release(trial.claim());
}

bool OwnStudy::lose(AskedTrial& trial) {
  check_process();
  const std::lock_guard lock(mutex_);
  trial.end();
  return store_->lose(trial.claim());
}

}  // namespace spinenet::python

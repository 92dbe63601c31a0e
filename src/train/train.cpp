#include "train/train.h"

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <optional>
#include <tuple>

#include "arch/text.h"
#include "base/error.h"
#include "base/files.h"
#include "base/format.h"
#include "base/heap.h"
#include "base/log.h"
#include "base/progress.h"
#include "base/score_text.h"
#include "base/stop_signal.h"
#include "formats/model_file.h"
#include "graph/network_cost.h"
#include "nn/device.h"
#include "nn/threads.h"
#include "train/carry_over.h"
#include "train/check_settings.h"
#include "train/failure.h"
#include "train/metrics.h"
#include "train/recompute_statistics.h"
#include "train/report.h"
#include "train/resume.h"
#include "train/run_folder.h"
#include "train/run_record.h"
#include "train/run_setup.h"
#include "train/task.h"
#include "train/time_limit.h"
#include "train/trainer.h"

namespace spinenet::train {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int64_t kPaceSteps = 20;      // between looks at the pace
constexpr int kMostSkippedInARow = 10;  // non-finite steps
constexpr int kMostFailedWrites = 5;    // in a row
constexpr size_t kShownNumbers = 3;     // of a measurement, in the log
constexpr int64_t kTimedSteps = 20;     // until the pace is told, or as many as these seconds have
constexpr double kTimedSeconds = 10;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// One call of train(): what it was asked for and what it works with.
class Run {
 public:
  explicit Run(const TrainOptions& options);
  Json go();
  // Why go() threw, into the run folder; while its exception is handled.
  void tell_failure() const;

 private:
  bool leader() const { return communicator_.rank() == 0; }
  bool asked_to_stop();
  void resume();
  bool load();
  void write_beginning();
  void take_weights();
  void know_taken_weights();
  std::optional<double> unlike_first(double own);
  void check_same_start();
  void begin();
  void tell_plan() const;
  void tell_pace();
  void loop();
  void loop_to_end();
  bool at_epoch_end() const;
  Pace pace() const;
  void fit_time();
  int64_t wished_steps() const { return loader_->steps_per_epoch() * recipe_.epochs; }
  std::string state_text(bool last) const;
  void show_progress();
  void show_end();
  void after_step(const StepReport& report, const data::Batch& batch);
  void handle_non_finite(const StepReport& report, const data::Batch& batch);
  void end_epoch();
  void measure();
  void checkpoint();
  void try_to_write(const std::function<void()>& write);
  const nn::Parameters& measured();
  void save_model(std::string_view name);
  Json summary() const;

  TrainOptions options_;
  Recipe recipe_;
  std::string recipe_text_;
  ProcessPlace place_;
  torch::Device device_;
  Communicator communicator_;
  int threads_ = 1;
  std::optional<OwnedFolder> folder_;
  arch::Architecture architecture_;
  std::unique_ptr<TrainTask> task_;
  std::unique_ptr<Trainer> trainer_;
  std::unique_ptr<data::Loader> loader_;
  std::unique_ptr<MetricsLog> metrics_;
  std::unique_ptr<Progress> progress_;
  Clock::time_point start_ = Clock::now();
  Clock::time_point loop_start_ = start_;
  double step_seconds_ = 0;
  int64_t steps_timed_ = 0;
  double first_step_seconds_ = 0;  // which is slower than the others
  bool pace_told_ = false;
  int skipped_in_a_row_ = 0;
  int failed_writes_ = 0;
  int64_t last_checkpoint_ = -1;
  int64_t last_epoch_end_ = -1;     // the step of the last one that was measured, where it is measured
  bool beginning_written_ = false;  // see write_beginning()
  bool begun_ = false;              // the loop
  bool stopped_ = false;
  bool finished_early_ = false;
  bool paused_ = false;  // by until_epoch
  double last_score_ = -1;
  std::optional<double> last_loss_;
  int64_t recomputed_step_ = -1;  // of recomputed_
  nn::Parameters recomputed_;     // see measured()
};

Run::Run(const TrainOptions& options)
    : options_(options),
      recipe_(recipe_of(options)),
      recipe_text_(to_yaml(recipe_)),
      place_(place_of(options)),
      device_(training_device(options, recipe_, place_)),
      communicator_(place_, device_, options.stop_signal) {
  if (device_.is_cpu()) keep_freed_memory();
  threads_ = recipe_.threads > 0 ? recipe_.threads : std::max(1, available_cores() / place_.local_world);
  nn::set_threads(threads_, recipe_.batch / place_.world);
  architecture_ = resolve_architecture(recipe_.architecture);
  if (leader()) {
    folder_.emplace(take_run_folder(run_path(options), options.resume));
    if (!options.resume) folder_->remove("failure.json");  // of an earlier attempt
    const ScenesMaking making{options.progress, options.stop_signal};
    if (options.resume) tell_own_recipe(recipe_, options.recipe);
    task_ = make_task(recipe_, architecture_, &making);
    if (options.resume) compare_record(*folder_, {task_->data_record(), architecture_});
  }
  torch::Tensor ready = torch::ones({1});
  communicator_.broadcast(ready);
  if (!leader()) task_ = make_task(recipe_, architecture_, nullptr);

  check_batch_norms(task_->programs().front(), recipe_.batch / place_.world);
  Trainee trainee{task_->programs(), [this](const BatchPass& pass) { return task_->losses(pass); }};
  const Weights first = graph::initial_weights(graph::parameters_of_all(trainee.programs), recipe_.init, recipe_.seed);
  trainer_ = std::make_unique<Trainer>(std::move(trainee), first, recipe_, device_, communicator_);
  loader_ =
      std::make_unique<data::Loader>(task_->training_set(), task_->training_loader(loader_options(recipe_, place_)));
  trainer_->state().progression.total_steps = wished_steps();
  if (!options.resume && !recipe_.init.weights.empty()) take_weights();
  if (recipe_.init.weights.empty()) trainer_->fine_tune({});
}

// The recipe last: it is what makes the folder that of a run. What stands there already is not written again.
void Run::write_beginning() {
  const auto write = [&](const char* name, const std::string& text) {
    if (!folder_->holds(name) || read_file(folder_->path() / name) != text) folder_->file(name).write(text);
  };
  write(kRecordFile, to_text(to_json(RunRecord{task_->data_record(), architecture_})));
  write("recipe.yaml", recipe_text_);
  beginning_written_ = true;
}

// All processes stop at the same step, so the flag goes through rank 0.
bool Run::asked_to_stop() {
  const bool here = options_.stop_signal != nullptr && options_.stop_signal->load() != 0;
  if (communicator_.world() == 1) return here;
  torch::Tensor flag = torch::full({1}, here ? 1.0F : 0.0F);
  communicator_.all_reduce(flag);
  return flag.item<float>() > 0;
}

// What process 0 has, where any process has something else.
std::optional<double> Run::unlike_first(double own) {
  torch::Tensor first = torch::full({1}, own, torch::kFloat64);
  communicator_.broadcast(first);
  const auto expected = first.item<double>();
  torch::Tensor differs = torch::full({1}, own == expected ? 0.0F : 1.0F);
  communicator_.all_reduce(differs);
  return differs.item<float>() == 0 ? std::nullopt : std::optional(expected);
}

// Every process reads the data and the checkpoint by itself; one that sees other files must not train on quietly.
void Run::check_same_start() {
  if (communicator_.world() == 1) return;
  const SetRecord& training = task_->data_record().training;
  // 48 bits of the checksum, which a double holds exactly.
  if (unlike_first(static_cast<double>(training.content >> 16))) {
    fail(ErrorKind::bad_data,
         fmt::format("process {} reads other training data than process 0, or process 0 than another",
                     communicator_.rank()),
         recipe_.data.root.empty() ? "data.root" : recipe_.data.root, "give every machine the same data");
  }
  const int64_t own = trainer_->state().progression.step;
  const std::optional<double> expected = unlike_first(static_cast<double>(own));
  if (!expected) return;
  fail(ErrorKind::failed,
       fmt::format("process {} would go on from step {}, process 0 from step {}", communicator_.rank(), own,
                   static_cast<int64_t>(*expected)),
       checkpoints_of(run_path(options_)).string(), "give every machine the same run folder, on a shared file system");
}

// init.weights: the weights of another model in place of the first ones.
void Run::take_weights() {
  const std::filesystem::path source = recipe_.init.weights;
  Weights weights = graph::initial_weights(trainer_->parameters(), recipe_.init, recipe_.seed);
  const formats::ModelFile model = formats::read_model(source);
  check_pixels(recipe_.pixels, model, source.string());
  const CarriedOver carried = carry_over(trainer_->parameters(), model, source.string(), weights);
  trainer_->begin_with(weights);
  trainer_->fine_tune(carried.taken);
  if (!leader()) return;
  log_info(summary_of(carried, source));
  const std::string otherwise = settings_without_tensors(model.architecture, to_json(architecture_));
  if (const std::string warning = warning_of(carried, source, otherwise); !warning.empty()) log_warning(warning);
  const auto write = [&] { folder_->file(kCarriedFile).write(to_text(to_json(carried, source))); };
  if (asks_what_was_taken(recipe_.fine_tune)) return write();  // a run that goes on needs it
  try_to_write(write);
}

// What take_weights() did before the run that goes on was stopped.
void Run::know_taken_weights() {
  if (recipe_.init.weights.empty()) return;
  const bool needed = asks_what_was_taken(recipe_.fine_tune);
  trainer_->fine_tune(needed ? read_taken(run_path(options_) / kCarriedFile) : std::vector<std::string>());
}

// The newest whole checkpoint, whose run may be longer now. False where there is none.
bool Run::load() {
  const std::filesystem::path run = run_path(options_);
  Progression& p = trainer_->state().progression;
  ResumedRun resumed;
  resumed.now = recipe_;
  resumed.steps_per_epoch = loader_->steps_per_epoch();
  const auto check = [&](const std::string& text, const std::string& place) {
    resumed.place = place;
    read_yaml(text, place, resumed.before);
    require_resumable(resumed.before, recipe_, {place, run.string(), ErrorKind::bad_data});
  };
  if (!load_checkpoint(checkpoints_of(run), trainer_->state(), check)) {
    require_unbegun(run, read_recipe(run / "recipe.yaml", {}).checkpoint_every);
    if (leader()) log_info("no whole checkpoint yet: starting from the beginning");
    return false;
  }
  resumed.progression = p;
  p.total_steps = total_steps_of(resumed);
  if (!leader()) return true;
  log_info(fmt::format("going on from {}", resumed.place));
  for (const std::string& note : notes_of(resumed)) log_info(note);
  return true;
}

void Run::resume() {
  const bool loaded = options_.resume && load();
  const Progression& p = trainer_->state().progression;
  check_same_start();
  if (options_.resume && !loaded && !recipe_.init.weights.empty()) take_weights();
  if (loaded) know_taken_weights();
  if (leader()) begin();
  finished_early_ = recipe_.early_stop > 0 && p.evaluations_without_gain >= recipe_.early_stop;
  loader_->seek(p.step);
  last_checkpoint_ = p.step;
  if (!leader()) return;
  metrics_ = std::make_unique<MetricsLog>(*folder_, p.metrics_bytes, p.step);
  ProgressOptions bar = options_.progress;
  bar.first = p.step;
  bar.tells_time = !options_.begins;  // who is told the plan is told the time by the summary
  tell_plan();
  progress_ = std::make_unique<Progress>("train", wished_steps(), bar);
}

void Run::tell_plan() const {
  if (!options_.begins) return;
  const Progression& p = trainer_->state().progression;
  const DataRecord& record = task_->data_record();
  const int size = recipe_.image_size;
  const graph::Cost cost =
      graph::network_cost(architecture_, recipe_.task, {size, size, static_cast<int>(record.classes)});
  plot::TrainingPlan plan;
  plan.folder = run_path(options_).string();
  plan.architecture = architecture_.name;
  plan.task = recipe_.task;
  plan.image_size = size;
  plan.classes = record.classes;
  plan.images = record.training.images;
  plan.validation_images = record.validation ? record.validation->images : 0;
  plan.parameters = cost.parameters;
  plan.multiply_adds = cost.multiply_adds;
  plan.weights = recipe_.init.weights;
  plan.device = device_.str();
  plan.precision = name_of(recipe_.precision);
  plan.threads = threads_;
  plan.processes = place_.world;
  plan.batch = recipe_.batch;
  plan.steps_per_epoch = loader_->steps_per_epoch();
  plan.epochs = recipe_.epochs;
  plan.first_step = p.step;
  plan.total_steps = recipe_.max_minutes > 0 ? wished_steps() : p.total_steps;
  plan.max_minutes = recipe_.max_minutes;
  plan.seconds_for_steps = seconds_for_steps(recipe_.max_minutes);
  plan.metric = task_->main_metric();
  std::tie(plan.annotations, plan.validation_folder) = validation_paths(recipe_);
  options_.begins(plan);
}

void Run::tell_pace() {
  if (pace_told_ || !options_.paced || steps_timed_ < 3) return;
  if (steps_timed_ < kTimedSteps && step_seconds_ < kTimedSeconds) return;
  pace_told_ = true;
  options_.paced(trainer_->state().progression.step,
                 (step_seconds_ - first_step_seconds_) / static_cast<double>(steps_timed_ - 1));
}

// Only here is the folder changed: what was wrong so far can be repaired and started again in the same folder, and a
// run that is not gone on with stays as it was.
void Run::begin() {
  if (!options_.resume) return write_beginning();
  begun_ = true;
  try_to_write([&] { folder_->remove("failure.json"); });
  try_to_write([&] { write_beginning(); });
}

// max_minutes: how many steps of the pace so far fit, looked at again and again because the pace of a machine changes.
void Run::fit_time() {
  Progression& p = trainer_->state().progression;
  if (recipe_.max_minutes <= 0 || steps_timed_ % kPaceSteps != 0) return;
  const int64_t fitting = p.step + fitting_steps(recipe_.max_minutes, pace());
  torch::Tensor agreed = torch::full({1}, static_cast<double>(std::min(wished_steps(), fitting)), torch::kFloat64);
  communicator_.broadcast(agreed);
  p.total_steps = static_cast<int64_t>(agreed.item<double>());
}

Pace Run::pace() const {
  return {steps_timed_, step_seconds_, seconds_since(loop_start_)};
}

// "loss 0.208  best AP 0.801 at step 452"
std::string Run::state_text(bool last) const {
  const Progression& p = trainer_->state().progression;
  std::string text = last_loss_ ? fmt::format("loss {:.3f}", *last_loss_) : "";
  if (p.best_score < 0) return text;
  text += fmt::format("{}best {}", text.empty() ? "" : "  ", named_score(task_->main_metric(), p.best_score));
  return last ? fmt::format("{} at step {}", text, p.best_step) : text;
}

void Run::show_progress() {
  const int64_t step = trainer_->state().progression.step;
  progress_->set_nearer_end(end_by_time(recipe_.max_minutes, pace(), wished_steps() - step));
  progress_->update(step, state_text(false));
}

void Run::show_end() {
  const Progression& p = trainer_->state().progression;
  if (p.step == p.total_steps) {
    progress_->set_total(p.total_steps);
    progress_->set_nearer_end(std::nullopt);
  }
  progress_->set_detail(state_text(true));
  progress_->finish();
}

void Run::handle_non_finite(const StepReport& report, const data::Batch& batch) {
  ++skipped_in_a_row_;
  if (leader()) {
    Json dump{{"step", batch.step}, {"image_ids", batch.image_ids}};
    for (const auto& [name, value] : report.losses) dump[name] = fmt::format("{}", value);
    dump["gradient_norm"] = fmt::format("{}", report.gradient_norm);
    dump["largest_logit"] = fmt::format("{}", report.largest_logit);
    const std::string name = fmt::format("non-finite-step-{}.json", batch.step);
    try_to_write([&] { folder_->file(name).write(to_text(dump)); });
    log_warning(fmt::format("loss {} at step {} is not finite: the step is skipped, see {}", report.loss(), batch.step,
                            (folder_->path() / name).string()));
  }
  if (skipped_in_a_row_ >= kMostSkippedInARow) {
    fail(ErrorKind::failed, fmt::format("{} steps in a row were not finite", skipped_in_a_row_),
         run_path(options_).string(), "lower optimizer.learning_rate, lengthen schedule.warmup_steps or use fp32");
  }
}

void Run::after_step(const StepReport& report, const data::Batch& batch) {
  if (!report.finite) {
    handle_non_finite(report, batch);
  } else {
    skipped_in_a_row_ = 0;
  }
  if (!leader()) return;
  const Progression& p = trainer_->state().progression;
  last_loss_ = report.loss();
  show_progress();
  if (report.finite && (p.step % recipe_.log_every == 0 || p.step == p.total_steps)) {
    Json line{{"step", p.step}, {"loss", report.loss()}};
    for (const auto& [name, value] : report.losses) line[name] = value;
    line["gradient_norm"] = report.gradient_norm;
    line["learning_rate"] = report.learning_rate;
    metrics_->write(line, "train");
    metrics_->write_timing(
        Json{{"step", p.step},
             {"images_per_second", static_cast<double>(recipe_.batch * steps_timed_) / step_seconds_},
             {"data_wait_share", loader_->wait_seconds() / std::max(step_seconds_, 1e-9)},
             {"seconds", seconds_since(start_)}});
  }
}

void Run::loop() {
  Progression& p = trainer_->state().progression;
  loop_start_ = Clock::now();
  while (p.step < p.total_steps && !finished_early_) {
    const Clock::time_point begin = Clock::now();
    const data::Batch batch = loader_->next();
    const StepReport report = trainer_->step(batch);
    step_seconds_ += seconds_since(begin);
    if (++steps_timed_ == 1) first_step_seconds_ = step_seconds_;
    if (leader()) tell_pace();
    after_step(report, batch);
    fit_time();
    if (at_epoch_end()) end_epoch();
    if (p.step - last_checkpoint_ >= recipe_.checkpoint_every) checkpoint();
    if (paused_) return;
    if (p.step < p.total_steps && !finished_early_ && asked_to_stop()) {
      stopped_ = true;
      checkpoint();
      return;
    }
  }
}

bool Run::at_epoch_end() const {
  const Progression& p = trainer_->state().progression;
  return p.step % loader_->steps_per_epoch() == 0 || p.step == p.total_steps;
}

// Where another process is lost, what has been learned is kept: the state is that after the last whole step. Not at an
// epoch's end before its measurement, which a run that goes on from there would never make.
void Run::loop_to_end() {
  try {
    loop();
  } catch (const Error&) {
    if (!communicator_.broken()) throw;
    const int64_t step = trainer_->state().progression.step;
    if (step > last_checkpoint_ && (!at_epoch_end() || last_epoch_end_ == step)) checkpoint();
    if (options_.stop_signal == nullptr || options_.stop_signal->load() == 0) throw;
    log_warning("another process did not stop together with this one");
    stopped_ = true;
  }
}

void Run::end_epoch() {
  const Progression& p = trainer_->state().progression;
  const int64_t epoch = (p.step + loader_->steps_per_epoch() - 1) / loader_->steps_per_epoch();
  const bool last = p.step == p.total_steps;
  paused_ = !last && epoch == options_.until_epoch;
  if (leader() && task_->measures() && (last || paused_ || epoch % recipe_.eval_every == 0)) measure();
  last_epoch_end_ = p.step;
  torch::Tensor stop = torch::full({1}, finished_early_ ? 1.0F : 0.0F);
  communicator_.broadcast(stop);
  finished_early_ = stop.item<float>() > 0;
  if (last || paused_ || finished_early_ || recipe_.checkpoint_every <= loader_->steps_per_epoch()) checkpoint();
}

// The weights that are measured and kept, with statistics of their own where the recipe asks for them.
const nn::Parameters& Run::measured() {
  if (recipe_.batch_norm.recompute_images == 0) return trainer_->measured();
  const int64_t step = trainer_->state().progression.step;
  if (recomputed_step_ != step) {
    recomputed_ = with_recomputed_statistics(*trainer_, *task_, recipe_, options_.progress);
    recomputed_step_ = step;
  }
  return recomputed_;
}

void Run::measure() {
  Progression& p = trainer_->state().progression;
  const NamedNumbers numbers = task_->measure(measured(), options_.progress);
  Json line{{"step", p.step}};
  for (const auto& [name, value] : numbers) line[name] = value;
  metrics_->write(line, "val");
  std::string shown;
  for (size_t i = 0; i < std::min(kShownNumbers, numbers.size()); ++i) {
    shown += (i > 0 ? "  " : "") + named_score(numbers[i].first, numbers[i].second);
  }
  log_info(fmt::format("step {}: {}", p.step, shown));
  last_score_ = numbers.front().second;
  if (last_score_ > p.best_score) {
    p.best_score = last_score_;
    p.best_step = p.step;
    p.evaluations_without_gain = 0;
    try_to_write([&] { save_model("best.safetensors"); });
  } else if (++p.evaluations_without_gain; recipe_.early_stop > 0 && p.evaluations_without_gain >= recipe_.early_stop) {
    log_info(
        fmt::format("no better {} in {} measurements: stopping", task_->main_metric(), p.evaluations_without_gain));
    finished_early_ = true;
  }
}

void Run::save_model(std::string_view name) {
  const nn::Parameters& kept = measured();
  formats::ModelFile model;
  model.architecture = to_json(architecture_);
  model.task = name_of(task_->kind());
  model.classes = task_->classes();
  model.image_size = recipe_.image_size;
  model.mean = recipe_.pixels.mean;
  model.std = recipe_.pixels.deviation;
  model.weights = nn::weights_of(trainer_->parameters(), kept.values, kept.statistics);
  model.extra = task_->model_facts();
  model.extra["step"] = std::to_string(trainer_->state().progression.step);
  model.extra["recipe_hash"] = fmt::format("{:016x}", hash_of(recipe_));
  formats::write_model(folder_->file(name), model);
}

void Run::checkpoint() {
  TrainState& state = trainer_->state();
  last_checkpoint_ = state.progression.step;
  if (!leader()) return;
  metrics_->sync();
  state.progression.metrics_bytes = metrics_->bytes();
  try_to_write([&] {
    if (!beginning_written_) write_beginning();  // the recipe of a checkpoint is the folder's, too
    save_checkpoint(*folder_, state, recipe_text_);
  });
}

// A full disk must not end a training run: a write that fails is a warning, and the next one tries again.
void Run::try_to_write(const std::function<void()>& write) {
  try {
    write();
    failed_writes_ = 0;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::io || ++failed_writes_ >= kMostFailedWrites) throw;
    log_warning(fmt::format("{}; training goes on and tries again later", error.what()));
  }
}

Json Run::summary() const {
  const Progression& p = trainer_->state().progression;
  const double done = static_cast<double>(recipe_.batch * steps_timed_);
  const std::string metric(task_->main_metric());
  Json json{{"run", run_path(options_).string()},
            {"step", p.step},
            {"total_steps", p.total_steps},
            {metric, last_score_},
            {"best_" + metric, p.best_score},
            {"best_step", p.best_step},
            {"skipped_steps", p.skipped_steps},
            {"seconds", seconds_since(start_)},
            {"images_per_second", steps_timed_ > 0 ? done / step_seconds_ : 0.0},
            {"data_wait_share", steps_timed_ > 0 ? loader_->wait_seconds() / step_seconds_ : 0.0},
            {"stopped_by_signal", stopped_},
            {"paused", paused_}};
  const std::vector<data::BadImage> bad = loader_->bad_images();
  json["bad_images"] = Json::array();
  for (const data::BadImage& image : bad) json["bad_images"].push_back(image.reason);
  return json;
}

void Run::tell_failure() const {
  if (!leader() || (options_.resume && !begun_)) return;
  RunFailure failure = current_failure();
  if (skipped_in_a_row_ >= kMostSkippedInARow) failure.kind = FailureKind::non_finite_loss;
  failure.step = trainer_->state().progression.step;
  write_failure(*folder_, failure);
}

Json Run::go() {
  resume();
  loop_to_end();
  if (progress_) show_end();
  if (leader() && !stopped_ && !paused_) {
    save_model("last.safetensors");
    if (!folder_->holds("best.safetensors")) save_model("best.safetensors");
    try {
      write_report({*folder_, recipe_text_, recipe_, *task_, *trainer_, summary(), options_.progress});
    } catch (const Error& error) {
      log_warning(fmt::format("no report: {}", error.what()));
    }
  }
  return summary();
}

}  // namespace

void check_precision(const Recipe& recipe, const std::filesystem::path& file) {
  if (recipe.precision == nn::TrainingPrecision::bf16 && nn::find_device(recipe.device).is_cpu()) {
    fail(ErrorKind::unsupported, "precision: bf16 trains on a GPU only, and this run is on the CPU", file.string(),
         "set precision: fp32, or train on a machine with a GPU");
  }
}

Json train(const TrainOptions& options) {
  std::optional<Run> run;
  try {
    run.emplace(options);
    return run->go();
  } catch (const Stopped&) {  // no failure
    throw;
  } catch (...) {
    const char* rank = std::getenv("RANK");  // as process_place() has it, which may be what threw
    if (run) run->tell_failure();
    // A refused --resume leaves the run as it is.
    if (!run && !options.resume && (rank == nullptr || std::string_view(rank) == "0")) {
      write_early_failure(run_path(options), current_failure());
    }
    throw;
  }
}

std::string recipe_keys() {
  return "# Keys of a recipe\n\nWritten by `spinenet train --keys`.\n\n" + document(Recipe{});
}

}  // namespace spinenet::train

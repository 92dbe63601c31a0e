#include "search/trials/training_trial.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <optional>
#include <utility>

#include "arch/text.h"
#include "base/error.h"
#include "base/files.h"
#include "base/format.h"
#include "base/json.h"
#include "base/log.h"
#include "base/owned_folder.h"
#include "base/printable.h"
#include "search/trials/inheritance.h"
#include "search/trials/weights_folder.h"

namespace spinenet::search {
namespace {

std::string last_line(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
  const size_t start = text.find_last_of("\r\n");
  return std::string(start == std::string_view::npos ? text : text.substr(start + 1));
}

Outcome failed_trial(TrialFailure failure, std::string reason) {
  Outcome outcome;
  outcome.state = TrialState::failed;
  outcome.failure = failure;
  outcome.reason = std::move(reason);
  return outcome;
}

// Of a process that the C++ runtime ended, before main or outside of it: then there is nothing but its words.
bool ended_for_memory(std::string_view words) {
  return std::ranges::any_of(std::array<std::string_view, 3>{"bad_alloc", "out of memory", "can't allocate memory"},
                             [&](std::string_view part) { return words.find(part) != std::string_view::npos; });
}

MachineFault machine_fault(std::string reason) {
  return {std::move(reason), false};
}

MachineFault ended_by_itself(std::string reason) {
  return {std::move(reason), true};
}

// Closed: a new kind of failure has to be judged here.
Evaluation evaluation_of(const RunFailure& failure, int64_t memory_bytes) {
  switch (failure.kind) {
    case FailureKind::non_finite_loss:
      return failed_trial(TrialFailure::non_finite, failure.message);
    case FailureKind::out_of_memory:
      if (memory_bytes > 0) return failed_trial(TrialFailure::out_of_memory, failure.message);
      return ended_by_itself(fmt::format("out of memory, with no limit of the study's: {}", failure.message));
    case FailureKind::internal:
      return ended_by_itself(fmt::format("a fault of the program: {}", failure.message));
    case FailureKind::failed:
      return ended_by_itself(failure.message);
    case FailureKind::usage:
    case FailureKind::unsupported:
    case FailureKind::bad_data:
    case FailureKind::io:
      break;
  }
  return machine_fault(failure.message);
}

// The numbers of the last measurement in a run folder.
std::map<std::string, double> last_measurement(const std::filesystem::path& run) {
  std::map<std::string, double> found;
  const std::string text = read_file(run / "metrics.jsonl");
  size_t start = 0;
  while (start < text.size()) {
    const size_t end = std::min(text.find('\n', start), text.size());
    const Json line = parse_json(std::string_view(text).substr(start, end - start), (run / "metrics.jsonl").string());
    start = end + 1;
    if (!line.contains("AP")) continue;
    found.clear();
    for (const auto& [key, value] : line.items()) {
      if (value.is_number() && key != "step") found[key] = value.get<double>();
    }
  }
  return found;
}

// A folder that was not there before: what lies in another one is somebody's.
OwnedFolder new_folder(const std::filesystem::path& parent, const std::string& name, const FolderKind& kind) {
  constexpr int kMostTries = 10'000;
  for (int i = 1; i <= kMostTries; ++i) {
    const std::filesystem::path folder = parent / (i == 1 ? name : fmt::format("{}-{}", name, i));
    if (std::optional<OwnedFolder> made = OwnedFolder::make_new(folder, kind)) return std::move(*made);
  }
  fail(ErrorKind::io, fmt::format("too many folders named {}", name), parent.string(),
       "name another folder with --out");
}

constexpr const char* kParentFile = "parent.safetensors";

class Attempt {
 public:
  Attempt(const TrialSetup& setup, const arch::ScalePermuted& backbone, const TrialContext& context)
      : setup_(setup),
        context_(context),
        folder_(new_folder(setup.folder, fmt::format("trial-{:06}-{}", context.number, context.attempt), kTrialFolder)),
        // Made here, so that a training that fails before its run begins has a place for its reason, too.
        run_(new_folder(folder_.path(), "run", kTrainingRun).path()) {
    const arch::Architecture architecture = candidate(setup.task, backbone);
    folder_.file("architecture.json").write(to_text(to_json(architecture)));
    const graph::Cost price = cost_of(setup.task, architecture);
    metrics_["multiply_adds"] = static_cast<double>(price.multiply_adds);
    metrics_["parameters"] = static_cast<double>(price.parameters);
    if (setup_.weights != nullptr) inherit(backbone);
  }

  Evaluation run() {
    const std::vector<int>& rungs = setup_.task.recipe.halving.epochs;
    for (size_t rung = 0; rung <= rungs.size(); ++rung) {
      const int until = rung < rungs.size() ? rungs[rung] : 0;
      const ProcessResult result = run_process(process(rung > 0, until));
      seconds_ += result.seconds;
      if (result.end != ProcessEnd::exited || result.status != 0) {
        return failure_of(result, read_failure(run_), memory_bytes());
      }
      const double score = take_measurement();
      const int epochs = until > 0 ? until : setup_.task.recipe.proxy.epochs;
      metrics_["epochs"] = epochs;
      if (until == 0) {
        keep_own_weights();
        break;
      }
      const double fair = corrected_score(score, parents_age_ + epochs, epochs, slope_);
      metrics_[rung_metric(static_cast<int>(rung))] = fair;
      if (!passes_rung(setup_.task.recipe.halving, static_cast<int>(rung), fair, context_.earlier())) break;
    }
    return complete();
  }

 private:
  // The weights to begin with, and what the ages of networks are worth: as the trials that this one may know have it.
  void inherit(const arch::ScalePermuted& backbone) {
    const std::vector<Trial> earlier = context_.earlier();
    slope_ = age_slope(setup_.task, earlier);
    metrics_[kInheritedMetric] = 0;
    const std::optional<Parent> parent = parent_of(setup_.task, backbone, earlier);
    if (!parent) return;
    metrics_[kParentMetric] = static_cast<double>(parent->number);
    const KeptWeights kept = read_weights(*setup_.weights, parent->weights);
    if (!kept.bytes) {
      log_warning(
          fmt::format("trial {} begins with new weights instead of those of trial {}: {}; put the file back, or let"
                      " all machines share one folder (--weights)",
                      context_.number, parent->number, printable(kept.fault)));
      return;
    }
    folder_.file(kParentFile).write(*kept.bytes);
    metrics_[kInheritedMetric] = parent->share;
    parents_age_ = parent->age;
  }

  // Those that were measured: of a training that came to its end. One that ended at a rung leaves none.
  void keep_own_weights() {
    if (setup_.weights != nullptr) weights_ = keep_weights(*setup_.weights, read_file(run_ / "last.safetensors"));
  }

  int64_t memory_bytes() const { return static_cast<int64_t>(setup_.task.recipe.proxy.memory_gb * 1e9); }

  ProcessOptions process(bool resume, int until) const {
    const ProxyRecipe& proxy = setup_.task.recipe.proxy;
    ProcessOptions options;
    options.arguments = {setup_.program.path.string(), "train"};
    std::vector<std::string>& line = options.arguments;
    if (resume) {
      line.emplace_back("--resume");
    } else {
      const std::vector<std::string> recipe = proxy_arguments(proxy);
      line.insert(line.end(), recipe.begin(), recipe.end());
      for (const std::string& setting :
           {"architecture.base=" + (folder_.path() / "architecture.json").string(),
            fmt::format("eval_every={}", proxy.epochs), fmt::format("threads={}", setup_.threads)}) {
        line.insert(line.end(), {"--set", setting});
      }
      // The width that was fitted to the cost stands in the architecture: the recipe's own would undo it.
      if (proxy.multiply_adds > 0) line.insert(line.end(), {"--set", "architecture.filter_size_scale=null"});
      if (parents_age_ > 0) {
        line.insert(line.end(), {"--set", "init.weights=" + (folder_.path() / kParentFile).string()});
      }
    }
    line.insert(line.end(), {"--out", run_.string(), "--json", "--quiet"});
    if (until > 0) line.insert(line.end(), {"--until", std::to_string(until)});
    options.environment = setup_.program.environment;
    // One thread: waiting in a loop for others only takes time from other trials.
    options.environment["OMP_NUM_THREADS"] = std::to_string(setup_.threads);
    options.environment["OPENBLAS_NUM_THREADS"] = std::to_string(setup_.threads);
    if (proxy.timeout_minutes > 0) options.seconds = std::max(proxy.timeout_minutes * 60 - seconds_, 0.001);
    options.memory_bytes = memory_bytes();
    options.wanted = context_.wanted;
    return options;
  }

  double take_measurement() {
    const std::map<std::string, double> numbers = last_measurement(run_);
    const auto found = numbers.find(setup_.task.recipe.proxy.metric);
    if (found == numbers.end()) {
      fail(ErrorKind::usage, fmt::format("training measures no {}", setup_.task.recipe.proxy.metric), "proxy.metric",
           "AP, AP50, AP75, APs, APm, APl and the AR numbers are measured");
    }
    for (const auto& [name, value] : numbers) metrics_[name] = value;
    return found->second;
  }

  Outcome complete() {
    metrics_["seconds"] = seconds_;
    Outcome outcome;
    outcome.measurement.metrics = metrics_;
    outcome.measurement.score = metrics_.at(setup_.task.recipe.proxy.metric);
    const PriceRecipe& price = setup_.task.recipe.price;
    if (price.target > 0) {
      const CostTarget target{price.metric, price.target, price.exponent, price.soft};
      outcome.measurement.score = priced_score(outcome.measurement, std::span(&target, 1));
    }
    if (setup_.weights != nullptr) correct_for_age(outcome.measurement);
    if (!setup_.keep_runs) remove_files();
    return outcome;
  }

  // Or later trials would win by having been trained for longer.
  void correct_for_age(Measurement& measurement) const {
    const double age = parents_age_ + measurement.metrics.at("epochs");
    measurement.metrics[kAgeMetric] = age;
    measurement.metrics[kUncorrectedMetric] = measurement.score;
    measurement.score = corrected_score(measurement.score, age, setup_.task.recipe.proxy.epochs, slope_);
    measurement.weights = weights_;
  }

  // What the training and this trial made, no more: what a user put there stays, and so does its folder.
  void remove_files() {
    try {
      OwnedFolder(run_, kTrainingRun).remove_all();
      std::move(folder_).remove_all();
    } catch (const Error& error) {  // what stays behind costs space, no more
      log_warning(error.what());
    }
  }

  const TrialSetup& setup_;
  const TrialContext& context_;
  OwnedFolder folder_;
  std::filesystem::path run_;
  std::map<std::string, double> metrics_;
  double seconds_ = 0;
  double parents_age_ = 0;  // 0: the weights are new
  double slope_ = 0;        // of scores against doubled ages
  std::string weights_;     // the name of its own
};

}  // namespace

Evaluation failure_of(const ProcessResult& result, const std::optional<RunFailure>& failure, int64_t memory_bytes) {
  const std::string last = last_line(result.errors);
  const std::string said = last.empty() ? std::string() : ": " + last;
  switch (result.end) {
    case ProcessEnd::timed_out:
      return failed_trial(TrialFailure::timeout, fmt::format("ended after {:.0f} s", result.seconds));
    case ProcessEnd::unwanted:
      return machine_fault("given up");
    case ProcessEnd::signalled:
      // The runtime's own end where the limit leaves it no memory. The limit kills nobody with signal 9: that was the
      // system's guard of memory, or a person.
      if (result.status == SIGABRT && memory_bytes > 0 && ended_for_memory(last)) {
        return failed_trial(TrialFailure::out_of_memory, last);
      }
      return ended_by_itself(fmt::format("its process ended by signal {}{}", result.status, said));
    case ProcessEnd::exited:
      break;
  }
  if (failure) return evaluation_of(*failure, memory_bytes);
  // The loader's own end, before main.
  if (result.status == 127 && memory_bytes > 0 && ended_for_memory(last)) {
    return failed_trial(TrialFailure::out_of_memory, last);
  }
  return machine_fault(fmt::format("its process ended with status {} and left no reason{}", result.status, said));
}

Evaluation try_architecture(const TrialSetup& setup, const arch::ScalePermuted& backbone, const TrialContext& context) {
  return Attempt(setup, backbone, context).run();
}

}  // namespace spinenet::search

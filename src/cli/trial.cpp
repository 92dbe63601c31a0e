#include "cli/trial.h"

#include <algorithm>
#include <csignal>

#include "arch/canonical.h"
#include "arch/text.h"
#include "base/error.h"
#include "base/files.h"
#include "base/format.h"
#include "base/json.h"
#include "cli/output.h"
#include "graph/cost.h"
#include "graph/fit_width.h"
#include "graph/lower.h"

namespace spinenet::cli {
namespace {

graph::LowerOptions lowering(const TrialSetup& setup) {
  return {setup.image_size, setup.image_size, setup.classes};
}

graph::Cost cost_of(const TrialSetup& setup, const arch::Architecture& architecture) {
  return graph::cost(graph::lower_detector(architecture, lowering(setup)));
}

std::string last_line(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
  const size_t start = text.find_last_of("\r\n");
  return std::string(start == std::string_view::npos ? text : text.substr(start + 1));
}

bool contains_any(std::string_view text, std::initializer_list<std::string_view> parts) {
  return std::ranges::any_of(parts, [&](std::string_view part) { return text.find(part) != std::string_view::npos; });
}

search::Outcome failed(search::TrialFailure failure, std::string reason) {
  search::Outcome outcome;
  outcome.state = search::TrialState::failed;
  outcome.failure = failure;
  outcome.reason = std::move(reason);
  return outcome;
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

class Attempt {
 public:
  Attempt(const TrialSetup& setup, const arch::ScalePermuted& backbone, const search::TrialContext& context)
      : setup_(setup),
        context_(context),
        folder_(setup.folder / fmt::format("trial-{:06}-{}", context.number, context.attempt)) {
    std::error_code problem;
    std::filesystem::remove_all(folder_, problem);
    std::filesystem::create_directories(folder_, problem);
    if (problem) fail(ErrorKind::io, "cannot make the folder: " + problem.message(), folder_.string());
    const arch::Architecture architecture = candidate(setup, backbone);
    write_file_atomic(folder_ / "architecture.json", to_text(to_json(architecture)));
    const graph::Cost price = cost_of(setup, architecture);
    metrics_["multiply_adds"] = static_cast<double>(price.multiply_adds);
    metrics_["parameters"] = static_cast<double>(price.parameters);
  }

  search::Outcome run() {
    const std::vector<int>& rungs = setup_.recipe.halving.epochs;
    for (size_t rung = 0; rung <= rungs.size(); ++rung) {
      const int until = rung < rungs.size() ? rungs[rung] : 0;
      const search::ProcessResult result = search::run_process(process(rung > 0, until));
      seconds_ += result.seconds;
      // Asked for something that does not exist: so would every other trial.
      if (result.end == search::ProcessEnd::exited && result.status == 2)
        fail(ErrorKind::usage, last_line(result.errors), "trial");
      if (result.end != search::ProcessEnd::exited || result.status != 0) return failure_of(result);
      const double score = take_measurement();
      metrics_["epochs"] = until > 0 ? until : setup_.recipe.proxy.epochs;
      if (until == 0) break;
      metrics_[search::rung_metric(static_cast<int>(rung))] = score;
      if (!search::passes_rung(setup_.recipe.halving, static_cast<int>(rung), score, context_.earlier())) break;
    }
    return complete();
  }

 private:
  search::ProcessOptions process(bool resume, int until) const {
    const search::ProxyRecipe& proxy = setup_.recipe.proxy;
    search::ProcessOptions options;
    options.arguments = {std::filesystem::read_symlink("/proc/self/exe").string(), "train"};
    std::vector<std::string>& line = options.arguments;
    if (resume) {
      line.insert(line.end(), {"--resume"});
    } else {
      line.push_back(proxy.recipe);
      std::vector<std::string> settings = proxy.settings;
      settings.push_back("architecture.base=" + (folder_ / "architecture.json").string());
      if (!proxy.data_root.empty()) settings.push_back("data.root=" + proxy.data_root);
      settings.push_back(fmt::format("epochs={}", proxy.epochs));
      settings.push_back(fmt::format("eval_every={}", proxy.epochs));
      settings.push_back(fmt::format("image_size={}", setup_.image_size));
      settings.push_back(fmt::format("data.hold_out={}", proxy.hold_out));
      settings.push_back(fmt::format("threads={}", setup_.threads));
      for (const std::string& setting : settings) line.insert(line.end(), {"--set", setting});
    }
    line.insert(line.end(), {"--out", (folder_ / "run").string(), "--json", "--quiet"});
    if (until > 0) line.insert(line.end(), {"--until", std::to_string(until)});
    options.environment = setup_.environment;
    // One thread: waiting in a loop for others only takes time from other trials.
    options.environment["OMP_NUM_THREADS"] = std::to_string(setup_.threads);
    options.environment["OPENBLAS_NUM_THREADS"] = std::to_string(setup_.threads);
    if (proxy.timeout_minutes > 0) options.seconds = std::max(proxy.timeout_minutes * 60 - seconds_, 0.001);
    options.memory_bytes = static_cast<int64_t>(proxy.memory_gb * 1e9);
    options.wanted = context_.wanted;
    return options;
  }

  double take_measurement() {
    const std::map<std::string, double> numbers = last_measurement(folder_ / "run");
    const auto found = numbers.find(setup_.recipe.proxy.metric);
    if (found == numbers.end()) {
      fail(ErrorKind::usage, fmt::format("training measures no {}", setup_.recipe.proxy.metric), "proxy.metric",
           "AP, AP50, AP75, APs, APm, APl and the AR numbers are measured");
    }
    for (const auto& [name, value] : numbers) metrics_[name] = value;
    return found->second;
  }

  search::Outcome complete() {
    metrics_["seconds"] = seconds_;
    search::Outcome outcome;
    outcome.measurement.metrics = metrics_;
    outcome.measurement.score = metrics_.at(setup_.recipe.proxy.metric);
    const search::PriceRecipe& price = setup_.recipe.price;
    if (price.target > 0) {
      const search::CostTarget target{price.metric, price.target, price.exponent, price.soft};
      outcome.measurement.score = search::priced_score(outcome.measurement, std::span(&target, 1));
    }
    if (!setup_.keep_runs) {
      std::error_code ignored;  // what stays behind costs space, no more
      std::filesystem::remove_all(folder_, ignored);
    }
    return outcome;
  }

  const TrialSetup& setup_;
  const search::TrialContext& context_;
  std::filesystem::path folder_;
  std::map<std::string, double> metrics_;
  double seconds_ = 0;
};

}  // namespace

arch::Architecture candidate(const TrialSetup& setup, const arch::ScalePermuted& backbone) {
  arch::Architecture architecture = setup.base;
  architecture.name = fmt::format("searched-{:016x}", arch::canonical_hash(backbone));
  architecture.backbone = backbone;
  if (const double wish = setup.recipe.proxy.multiply_adds; wish > 0) {
    const auto width = graph::fitting_width(architecture, lowering(setup), static_cast<int64_t>(wish));
    architecture.scaling.filter_size_scale = width.value_or(architecture.scaling.filter_size_scale);
  }
  return architecture;
}

std::optional<std::string> objection(const TrialSetup& setup, const arch::ScalePermuted& backbone) {
  const search::ConstraintRecipe& wish = setup.recipe.constraints;
  const double target = setup.recipe.proxy.multiply_adds;
  const bool any = wish.max_multiply_adds > 0 || wish.min_multiply_adds > 0 || wish.max_parameters > 0 || target > 0;
  if (!any) return std::nullopt;
  const graph::Cost price = cost_of(setup, candidate(setup, backbone));
  const auto refused = [](int64_t has, std::string_view what, std::string_view relation, double limit) {
    return fmt::format("{} {}, {} than {}", short_count(has), what, relation, short_count(static_cast<int64_t>(limit)));
  };
  const auto multiply_adds = static_cast<double>(price.multiply_adds);
  if (target > 0 && multiply_adds > target) {
    return fmt::format("no width is cheap enough for proxy.multiply_adds {}",
                       short_count(static_cast<int64_t>(target)));
  }
  if (wish.max_multiply_adds > 0 && multiply_adds > wish.max_multiply_adds) {
    return refused(price.multiply_adds, "multiply-adds", "more", wish.max_multiply_adds);
  }
  if (multiply_adds < wish.min_multiply_adds) {
    return refused(price.multiply_adds, "multiply-adds", "fewer", wish.min_multiply_adds);
  }
  if (wish.max_parameters > 0 && static_cast<double>(price.parameters) > wish.max_parameters) {
    return refused(price.parameters, "parameters", "more", wish.max_parameters);
  }
  return std::nullopt;
}

search::Outcome failure_of(const search::ProcessResult& result) {
  const std::string last = last_line(result.errors);
  const bool no_memory = contains_any(last, {"out of memory", "can't allocate memory", "bad_alloc"});
  const std::string said = last.empty() ? std::string() : ": " + last;
  switch (result.end) {
    case search::ProcessEnd::timed_out:
      return failed(search::TrialFailure::timeout, fmt::format("ended after {:.0f} s", result.seconds));
    case search::ProcessEnd::unwanted:
      return failed(search::TrialFailure::error, "given up");
    case search::ProcessEnd::signalled:
      // Nobody but the system's guard of memory ends a trial so.
      if (result.status == SIGKILL) return failed(search::TrialFailure::out_of_memory, "killed by signal 9");
      if (no_memory) return failed(search::TrialFailure::out_of_memory, last);
      return failed(search::TrialFailure::crash, fmt::format("signal {}{}", result.status, said));
    case search::ProcessEnd::exited:
      break;
  }
  if (no_memory) return failed(search::TrialFailure::out_of_memory, last);
  if (contains_any(last, {"not finite"})) return failed(search::TrialFailure::non_finite, last);
  return failed(result.status > 2 && result.status != 65 ? search::TrialFailure::crash : search::TrialFailure::error,
                fmt::format("status {}{}", result.status, said));
}

search::Outcome try_architecture(const TrialSetup& setup, const arch::ScalePermuted& backbone,
                                 const search::TrialContext& context) {
  return Attempt(setup, backbone, context).run();
}

}  // namespace spinenet::cli

#include "search/trials/proxy_training.h"

#include "arch/task.h"
#include "arch/text.h"
#include "base/error.h"
#include "base/format.h"
#include "base/json.h"
#include "base/run_failure.h"
#include "search/trials/process.h"

namespace spinenet::search {
namespace {

Json answer_of(const TrainingProgram& program, const ProcessResult& result) {
  const std::string place = program.path.string();
  if (result.output.empty()) {
    const bool exited = result.end == ProcessEnd::exited;
    fail(ErrorKind::failed,
         fmt::format("ended by {} {} without an answer", exited ? "status" : "signal", result.status), place,
         "see what it wrote above, and `spinenet checks`");
  }
  Json answer = parse_json(result.output, place);
  if (answer.contains("failure")) {
    const RunFailure failure = failure_from_json(answer["failure"], place);
    fail(error_kind(failure.kind), failure.message);
  }
  return answer;
}

}  // namespace

std::vector<std::string> proxy_arguments(const ProxyRecipe& proxy) {
  std::vector<std::string> settings = proxy.settings;
  if (!proxy.data_root.empty()) settings.push_back("data.root=" + proxy.data_root);
  settings.push_back(fmt::format("epochs={}", proxy.epochs));
  settings.push_back(fmt::format("data.hold_out={}", proxy.hold_out));
  if (proxy.image_size > 0) settings.push_back(fmt::format("image_size={}", proxy.image_size));
  std::vector<std::string> arguments{proxy.recipe};
  for (const std::string& setting : settings) arguments.insert(arguments.end(), {"--set", setting});
  return arguments;
}

std::optional<ProxyTraining> ask_training(const TrainingProgram& program, const ProxyRecipe& proxy,
                                          const AskOptions& options) {
  ProcessOptions process;
  process.arguments = {program.path.string(), "train", "--describe"};
  const std::vector<std::string> recipe = proxy_arguments(proxy);
  process.arguments.insert(process.arguments.end(), recipe.begin(), recipe.end());
  if (options.quiet) process.arguments.emplace_back("--quiet");
  process.environment = program.environment;
  process.pass_errors = true;
  process.wanted = options.wanted;
  const ProcessResult result = run_process(process);
  if (result.end == ProcessEnd::unwanted) return std::nullopt;
  const Json answer = answer_of(program, result);
  const std::string task = answer.at("task");
  if (task != name_of(arch::Task::detect)) {
    fail(ErrorKind::unsupported, fmt::format("a search tries detectors, not networks that {}", task), proxy.recipe,
         "use a training recipe with task: detect");
  }
  ProxyTraining training;
  training.recipe = answer.at("recipe");
  training.defaults = answer.value("defaults", "");
  training.base = arch::architecture_from_json(answer.at("architecture"), proxy.recipe);
  training.image_size = answer.at("image_size");
  training.classes = answer.at("classes");
  if (!std::holds_alternative<arch::ScalePermuted>(training.base.backbone)) {
    fail(ErrorKind::usage, fmt::format("architecture.base {} has no scale-permuted backbone", training.base.name),
         proxy.recipe, "use spinenet-49; the search replaces its blocks");
  }
  return training;
}

}  // namespace spinenet::search

// spinenet describe: blocks, shapes, cost and a drawing of an architecture or a model.
#include <memory>
#include <optional>

#include "arch/families.h"
#include "base/format.h"
#include "base/log.h"
#include "cli/command.h"
#include "graph/description.h"
#include "plot/architecture.h"
#include "runtime/model.h"

namespace spinenet::cli {
namespace {

struct DescribeFlags {
  std::string name;
  std::string task;
  int size = 0;
  int classes = 0;
  std::string svg;
  bool overwrite = false;
};

int run_describe(DescribeFlags options, const Invocation& invocation) {
  RunFiles files = invocation.files;
  const std::optional<Output> svg = output_if_named(files, {options.svg, "describe --svg", options.overwrite});
  arch::Architecture architecture;
  if (runtime::is_model_path(options.name)) {
    runtime::Model model = runtime::open_model(options.name);
    architecture = std::move(model.architecture);
    if (options.task.empty()) options.task = model.file.task;
    if (options.size == 0) options.size = model.file.image_size;
    if (options.classes == 0) options.classes = static_cast<int>(model.file.classes.size());
  } else {
    architecture = arch::find_architecture(options.name);
  }
  graph::DescribeOptions wanted = graph::default_describe_options(
      options.task.empty() ? arch::default_task(architecture) : arch::task_named(options.task));
  if (options.size > 0) wanted.image_size = options.size;
  if (options.classes > 0) wanted.classes = options.classes;
  const graph::Description description = graph::describe(architecture, wanted);
  if (svg) {
    const int side = description.input_size;
    svg->write(plot::architecture_svg(architecture, wanted.task,
                                      {.height = side, .width = side, .classes = description.classes}));
    log_info(fmt::format("drawing: {}", options.svg));
  }
  print_result(invocation.common, to_json(description), to_table(description));
  return 0;
}

}  // namespace

void add_describe(CLI::App& app, Invocation& invocation) {
  const auto options = std::make_shared<DescribeFlags>();
  CLI::App& verb = *app.add_subcommand("describe", "Show the blocks, shapes and cost of an architecture or a model");
  PathTable& paths = invocation.paths;
  paths.add_model(verb,
                  verb.add_option("ARCH", options->name,
                                  "A known architecture, an architecture JSON file, a model (.safetensors), or the run "
                                  "folder of a training")
                      ->required()
                      ->type_name(""),
                  options->name, PathRole::network);
  verb.add_option("--task", options->task, "detect, segment or classify")
      ->type_name("TASK")
      ->default_str("the model's own, or the usual one of an architecture");
  verb.add_option("--size", options->size, "Image size in pixels")
      ->check(within(1, 65536))
      ->type_name("N")
      ->default_str("the model's own; of an architecture 640, to classify 224");
  verb.add_option("--classes", options->classes, "Number of classes")
      ->check(within(1, 100000))
      ->type_name("N")
      ->default_str("the model's own; of an architecture 91, to classify 1000");
  paths.add(verb, verb.add_option("--svg", options->svg, "Write a drawing to this file")->type_name("FILE"),
            PathRole::output);
  add_overwrite_flag(verb, options->overwrite);
  add_json_flag(verb, invocation.common);
  add_common_flags(verb, invocation.common);
  verb.footer(
      "Examples:\n  spinenet describe spinenet-49 --size 896\n  spinenet describe my.json --json\n"
      "  spinenet describe runs/easy/best.safetensors --svg network.svg\n\nKnown architectures:\n  " +
      fmt::format("{}", fmt::join(arch::architecture_names(), ", ")));
  verb.callback([&invocation, options] {
    invocation.run = [&invocation, options] { return run_describe(*options, invocation); };
  });
}

}  // namespace spinenet::cli

// spinenet import: a model of weights that another program published.
#include <memory>

#include "base/error.h"
#include "base/format.h"
#include "base/text_table.h"
#include "cli/command.h"
#include "formats/import/tensor_bundle.h"
#include "runtime/import_classes.h"
#include "runtime/import_model.h"

namespace spinenet::cli {
namespace {

struct ImportFlags {
  std::string source, architecture, task, classes, activation, out;
  std::optional<double> epsilon;
  int image_size = 0;
  uint64_t seed = 0;
  bool overwrite = false, averages = false;
};

runtime::ImportOptions options_of(const ImportFlags& flags) {
  runtime::ImportOptions options;
  options.architecture = flags.architecture;
  if (!flags.task.empty()) options.task = arch::task_named(flags.task);
  options.classes = runtime::named_or_counted_classes(flags.classes, "--classes");
  options.number_classes = true;
  options.averages = flags.averages;
  options.image_size = flags.image_size;
  options.seed = flags.seed;
  if (!flags.activation.empty()) {
    options.activation = parse_enum<arch::Activation>(ErrorKind::usage, "activation", flags.activation, "--activation");
  }
  options.epsilon = flags.epsilon;
  return options;
}

int run_import(const ImportFlags& flags, const Invocation& invocation) {
  RunFiles files = invocation.files;
  for (const auto& file : formats::tensor_bundle_files(flags.source)) files.add_input(file, "the source");
  const Output output = files.output({flags.out, "import --out", flags.overwrite});
  const runtime::ImportedModel imported = runtime::import_model(flags.source, options_of(flags));
  formats::write_model(output, imported.model);
  const formats::ModelFile& model = imported.model;
  Json json{
      {"file", flags.out}, {"task", model.task}, {"classes", model.classes.size()}, {"image_size", model.image_size}};
  json.update(to_json(imported.report));
  const std::string task = fmt::format("{}, {} classes, {} px", model.task, model.classes.size(), model.image_size);
  print_result(invocation.common, json, table_text({{"model", flags.out}, {"task", task}}) + to_table(imported.report));
  return 0;
}

}  // namespace

void add_import(CLI::App& app, Invocation& invocation) {
  const auto options = std::make_shared<ImportFlags>();
  CLI::App& verb = *app.add_subcommand("import", "Make a model of weights that another program published");
  PathTable& paths = invocation.paths;
  paths.add(verb,
            verb.add_option("SOURCE", options->source,
                            "A PyTorch file (.pth, .pt, .bin), a safetensors file, one of Darknet (.weights), or a "
                            "TensorFlow checkpoint (its .index); nothing in it is run")
                ->required()
                ->type_name(""),
            PathRole::input, "the source");
  paths.add(
      verb,
      verb.add_option("--as", options->architecture, "The architecture: a known name, or an architecture JSON file")
          ->required()
          ->type_name("ARCH"),
      PathRole::input, "the architecture");
  verb.add_option("--task", options->task, "detect, segment or classify")
      ->type_name("TASK")
      ->default_str("the architecture's usual one");
  paths.add(verb,
            verb.add_option("--classes", options->classes, "How many classes, or a file with one name in each line")
                ->type_name("FILE|N")
                ->default_str("as the source has"),
            PathRole::input, "the class names");
  verb.add_option("--image-size", options->image_size, "Image size of the model")
      ->check(within(1, 65536))
      ->type_name("N")
      ->default_str("what the source is for");
  verb.add_option("--activation", options->activation,
                  "Non-linearity of the network where sources do not say it (TensorFlow, Darknet)")
      ->type_name("KIND")
      ->default_str("the usual one of such sources");
  verb.add_flag("--averages", options->averages,
                "Take the moving averages that a TensorFlow checkpoint has beside its weights");
  verb.add_option("--epsilon", options->epsilon,
                  "Epsilon of the batch norms, which sources do not say; 0 of torchvision's published detectors")
      ->check(within(0, 1))
      ->type_name("E")
      ->default_str("the usual one of such sources");
  verb.add_option("--seed", options->seed, "Seed of what begins with first values")
      ->type_name("N")
      ->capture_default_str();
  paths.add(verb, verb.add_option("--out", options->out, "Write the model to this file")->required()->type_name("FILE"),
            PathRole::output);
  add_overwrite_flag(verb, options->overwrite);
  add_json_flag(verb, invocation.common);
  add_common_flags(verb, invocation.common);
  verb.footer(
      "Examples:\n  spinenet import resnet50.pth --as resnet-50 --out resnet-50.safetensors\n"
      "  spinenet import resnet50.pth --as resnet-50-fpn --task detect --classes 4 --out begin.safetensors\n"
      "  spinenet import ckpt-33264.index --as spinenet-49 --activation swish --out sp49.safetensors\n"
      "  spinenet train recipes/detect.yaml --set data.root=mine --from begin.safetensors --out runs/mine\n\n"
      "docs/pretrained.md lists published files with the command that imports each.");
  verb.callback(
      [&invocation, options] { invocation.run = [&invocation, options] { return run_import(*options, invocation); }; });
}

}  // namespace spinenet::cli

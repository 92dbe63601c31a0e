// spinenet import: a model of weights that another program published.
#include <charconv>
#include <map>
#include <memory>
#include <string_view>

#include "base/error.h"
#include "base/files.h"
#include "base/format.h"
#include "base/log.h"
#include "base/printable.h"
#include "cli/command.h"
#include "cli/output.h"
#include "data/convert/set_text.h"
#include "formats/import/tensor_bundle.h"
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

constexpr int kMaxClasses = 100'000;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// A number of classes, or a file with one name in each line. Their ids follow from the source.
std::vector<formats::ModelClass> classes_of(const std::string& given) {
  std::vector<formats::ModelClass> classes;
  int count = 0;
  const auto [end, error] = std::from_chars(given.data(), given.data() + given.size(), count);
  if (error == std::errc() && end == given.data() + given.size()) {
    if (count < 1 || count > kMaxClasses) {
      fail(ErrorKind::usage, fmt::format("--classes {}", given), "", fmt::format("use 1 to {}", kMaxClasses));
    }
    classes.resize(static_cast<size_t>(count));
    return classes;
  }
  const std::string text = given.empty() ? "" : read_file(given);
  std::map<std::string, size_t> lines;
  const size_t begin = text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
  for (const std::string_view line : data::lines_of(std::string_view(text).substr(begin))) {
    std::string name(line);
    if (name.empty()) {
      fail(ErrorKind::bad_data, fmt::format("line {} is empty", classes.size() + 1), given,
           "give one class name in each line");
    }
    const auto [same, is_new] = lines.emplace(name, classes.size() + 1);
    if (!is_new) {  // ImageNet has two cranes
      log_warning(fmt::format("{}: lines {} and {} are the same name \"{}\"", given, same->second, classes.size() + 1,
                              printable(name)));
    }
    classes.push_back({0, std::move(name)});
  }
  if (!given.empty() && classes.empty()) {
    fail(ErrorKind::bad_data, "names no class", given, "give one class name in each line, or a number");
  }
  return classes;
}

runtime::ImportOptions options_of(const ImportFlags& flags) {
  runtime::ImportOptions options;
  options.architecture = flags.architecture;
  if (!flags.task.empty()) options.task = arch::task_named(flags.task);
  options.classes = classes_of(flags.classes);
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
  if (invocation.common.json) {
    Json json{{"file", flags.out},
              {"task", imported.model.task},
              {"classes", imported.model.classes.size()},
              {"image_size", imported.model.image_size}};
    json.update(to_json(imported.report));
    print_json(json);
  } else {
    print(table_text({{"model", flags.out},
                      {"task", fmt::format("{}, {} classes, {} px", imported.model.task, imported.model.classes.size(),
                                           imported.model.image_size)}}));
    print(to_table(imported.report));
  }
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
  verb.add_option("--task", options->task, "detect, segment or classify; by default the architecture's usual one")
      ->type_name("TASK");
  paths.add(verb,
            verb.add_option("--classes", options->classes,
                            "How many classes, or a file with one name in each line; by default as the source has")
                ->type_name("FILE|N"),
            PathRole::input, "the class names");
  verb.add_option("--image-size", options->image_size, "Image size of the model; by default what the source is for")
      ->check(within(1, 65536))
      ->type_name("N");
  verb.add_option(
          "--activation", options->activation,
          "Non-linearity of the network where sources do not say it (TensorFlow, Darknet); by default the usual "
          "one of such sources")
      ->type_name("KIND");
  verb.add_flag("--averages", options->averages,
                "Take the moving averages that a TensorFlow checkpoint has beside its weights");
  verb.add_option("--epsilon", options->epsilon,
                  "Epsilon of the batch norms, which sources do not say; 0 of torchvision's published detectors; by "
                  "default the usual one of such sources")
      ->check(within(0, 1))
      ->type_name("E");
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

// spinenet data: check a data set, count it, repair it, make the built-in one; data_sets.h has the verbs that convert,
// divide and join sets.
#include <algorithm>
#include <cctype>
#include <filesystem>
#include <memory>
#include <optional>

#include "base/enum_names.h"
#include "base/error.h"
#include "base/format.h"
#include "base/log.h"
#include "base/printable.h"
#include "cli/command.h"
#include "cli/data_sets.h"
#include "cli/output.h"
#include "data/coco/coco.h"
#include "data/coco/coco_check.h"
#include "data/coco/coco_stats.h"
#include "data/coco/coco_text.h"
#include "data/loading/preview.h"
#include "data/scenes/scenes.h"
#include "image/encode.h"

namespace spinenet::cli {
namespace {

struct DataOptions {
  std::string annotations, images, other_annotations, other_images, out, task;
  bool headers_only = false, overwrite = false;
};

struct SceneFlags {
  std::string out, level = "easy", source;
  int images = -1, val_images = 0, size = 0;
  std::vector<double> sizes;
  uint64_t seed = 1;
};

struct PreviewFlags {
  std::string annotations, images, out;
  std::vector<std::string> settings;
  int size = 320;
  int64_t count = 9;
  uint64_t seed = 1;
  bool overwrite = false;
};

// The keys that --set of a preview has: those of a recipe.
struct PreviewSettings {
  data::AugmentOptions augment;
};
void fields(FieldList& list, PreviewSettings& settings) {
  list.group("augment", settings.augment, "How training images are varied");
}

data::CheckOptions check_options(const DataOptions& options, const CommonOptions& common) {
  data::CheckOptions check;
  check.files.threads = threads_of(common);
  check.files.decode = !options.headers_only;
  check.task.reset();
  if (!options.task.empty()) check.task = parse_enum<data::SetTask>(ErrorKind::usage, "task", options.task, "--task");
  check.other_annotations = options.other_annotations;
  check.other_image_dir = options.other_images;
  return check;
}

int run_check(const DataOptions& options, const Invocation& invocation) {
  const CommonOptions& common = invocation.common;
  const data::CheckReport report =
      data::check_coco(options.annotations, options.images, check_options(options, common));
  print_result(common, to_json(report), to_text(report, options.annotations));
  return report.errors > 0 ? exit_status(ErrorKind::bad_data) : 0;
}

int run_stats(const DataOptions& options, const Invocation& invocation) {
  const detect::Annotations annotations = data::read_coco(options.annotations);
  const data::DatasetStats found = data::stats(annotations);
  const std::optional<data::DatasetAdvice> advice = data::advice(annotations);
  Json json = to_json(found);
  if (advice) json["advice"] = to_json(*advice);
  print_result(invocation.common, json, to_text(found) + (advice ? to_text(*advice) : ""));
  return 0;
}

int run_fix(const DataOptions& options, const Invocation& invocation) {
  const CommonOptions& common = invocation.common;
  RunFiles files = invocation.files;
  const Output output = files.output({options.out, "data fix --out", options.overwrite});
  const data::FixReport report =
      data::fix_coco(options.annotations, options.images, output, check_options(options, common));
  print_result(common, to_json(report, options.out), to_text(report, options.out));
  return 0;
}

int run_scenes(const SceneFlags& flags, const CommonOptions& common) {
  data::ScenesOptions options = data::scenes_options(data::scene_level(flags.level));
  if (flags.images >= 0) options.images = flags.images;
  if (flags.val_images > 0) options.val_images = flags.val_images;
  if (flags.size > 0) options.size = flags.size;
  if (!flags.source.empty()) options.source = flags.source;
  options.sizes = flags.sizes;
  options.seed = flags.seed;
  std::optional<Progress> progress;  // begins with the first scene that is made
  data::ScenesWork work;
  work.progress = [&](int64_t done, int64_t total) {
    if (!progress) progress.emplace("scenes", total, progress_of(common));
    progress->update(done);
  };
  const bool made = data::make_scenes(flags.out, options, work) == data::ScenesMade::now;
  if (progress) progress->finish();
  if (!made) log_info(fmt::format("{} has these scenes already", flags.out));
  print_result(common,
               {{"folder", flags.out},
                {"level", flags.level},
                {"images", options.images},
                {"val_images", options.val_images},
                {"size", options.size},
                {"seed", options.seed}},
               fmt::format("{} images to train on and {} to measure on, {}x{}, in {}\n", options.images,
                           options.val_images, options.size, options.size, flags.out));
  return 0;
}

// A PNG file of another name would be taken for what its name says. Devices and pipes have no suffix.
void refuse_other_suffix(const std::string& out) {
  std::string suffix = std::filesystem::path(out).extension().string();
  std::ranges::transform(suffix, suffix.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (suffix.empty() || suffix == ".png") return;
  fail(ErrorKind::usage, "the image is written as PNG", fmt::format("--out {}", printable(out)),
       "give it a name that ends in .png");
}

int run_preview(const PreviewFlags& flags, const Invocation& invocation) {
  data::PreviewOptions options;
  options.size = flags.size;
  options.count = flags.count;
  options.seed = flags.seed;
  PreviewSettings settings{options.augment};
  for (const std::string& setting : flags.settings) apply_setting(settings, setting);
  options.augment = settings.augment;
  RunFiles files = invocation.files;
  const Output output = files.output({flags.out, "data preview --out", flags.overwrite});
  refuse_other_suffix(flags.out);
  const detect::Annotations annotations = data::read_coco(flags.annotations);
  const data::CocoDataset dataset(annotations, flags.images, data::class_list(annotations));
  output.write(image::encode_png(data::preview(dataset, options)));
  if (invocation.common.json) print_json(Json{{"file", flags.out}, {"inputs", std::min(flags.count, dataset.size())}});
  return 0;
}

void add_annotations(CLI::App& verb, DataOptions& options, PathTable& paths) {
  paths.add(verb,
            verb.add_option("ANNOTATIONS", options.annotations, "A COCO annotation file")->required()->type_name(""),
            PathRole::input, "the annotations");
}

void add_images(CLI::App& verb, DataOptions& options, PathTable& paths) {
  paths.add(verb,
            verb.add_option("--images", options.images, "The folder of the images; without it they are not looked at")
                ->type_name("DIR"),
            PathRole::input, "the folder of the images");
  verb.add_flag("--headers-only", options.headers_only, "Read the headers of the images, not their pixels");
}

void add_task(CLI::App& verb, DataOptions& options) {
  verb.add_option("--task", options.task, "What the set is for: detect, segment or classify")
      ->type_name("TASK")
      ->default_str("detect, or classify where no annotation has a box or a mask");
}

using Action = int (*)(const DataOptions&, const Invocation&);

CLI::App& add_verb(CLI::App& data, Invocation& invocation, const std::shared_ptr<DataOptions>& options,
                   const std::pair<const char*, const char*>& name, Action action) {
  CLI::App& verb = *data.add_subcommand(name.first, name.second);
  add_annotations(verb, *options, invocation.paths);
  add_json_flag(verb, invocation.common);
  add_common_flags(verb, invocation.common);
  verb.callback([&invocation, options, action] {
    invocation.run = [&invocation, options, action] { return action(*options, invocation); };
  });
  return verb;
}

void add_scenes(CLI::App& data, Invocation& invocation) {
  const auto flags = std::make_shared<SceneFlags>();
  CLI::App& verb = *data.add_subcommand("scenes", "Make the built-in data set: garments of many sizes in scenes");
  PathTable& paths = invocation.paths;
  paths.add(verb, verb.add_option("--out", flags->out, "The folder to make it in")->required()->type_name("DIR"),
            PathRole::owned_folder);
  verb.add_option("--level", flags->level, "easy, middle or hard")->type_name("LEVEL")->capture_default_str();
  verb.add_option("--images", flags->images, "Images to train on; 0 for scenes that are made while training")
      ->check(within(0, 10000000))
      ->type_name("N")
      ->default_str("as the level has");
  verb.add_option("--val-images", flags->val_images, "Images to measure on")
      ->check(within(1, 10000000))
      ->type_name("N")
      ->default_str("as the level has");
  verb.add_option("--size", flags->size, "Height and width in pixels")
      ->check(within(32, 4096))
      ->type_name("N")
      ->default_str("as the level has");
  verb.add_option("--sizes", flags->sizes,
                  "Longer sides of the objects in pixels, as 12,48,130: as many from 12 to 48 as from 48 to 130")
      ->delimiter(',')
      ->type_name("SIZES")
      ->default_str("as the level has");
  verb.add_option("--seed", flags->seed, "The same seed makes the same images")
      ->check(within(0, 9007199254740992.0))
      ->type_name("N")
      ->capture_default_str();
  paths.add(verb, verb.add_option("--source", flags->source, "Folder of the Fashion-MNIST files")->type_name("DIR"),
            PathRole::input, "the folder of Fashion-MNIST");
  add_json_flag(verb, invocation.common);
  add_common_flags(verb, invocation.common);
  verb.callback([&invocation, flags] {
    invocation.run = [&invocation, flags] { return run_scenes(*flags, invocation.common); };
  });
}

void add_preview(CLI::App& data, Invocation& invocation) {
  const auto flags = std::make_shared<PreviewFlags>();
  CLI::App& verb = *data.add_subcommand("preview", "Draw what training sees of a data set, augmented");
  PathTable& paths = invocation.paths;
  paths.add(verb,
            verb.add_option("ANNOTATIONS", flags->annotations, "A COCO annotation file")->required()->type_name(""),
            PathRole::input, "the annotations");
  paths.add(verb, verb.add_option("--images", flags->images, "The folder of the images")->required()->type_name("DIR"),
            PathRole::input, "the folder of the images");
  paths.add(verb, verb.add_option("--out", flags->out, "The image, a PNG file")->required()->type_name("FILE"),
            PathRole::output);
  verb.add_option("--set", flags->settings, "As in a recipe: --set augment.mosaic=1")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  verb.add_option("--size", flags->size, "Height and width of an input")
      ->check(within(16, 4096))
      ->type_name("N")
      ->capture_default_str();
  verb.add_option("--count", flags->count, "Inputs to draw")
      ->check(within(1, 100))
      ->type_name("N")
      ->capture_default_str();
  verb.add_option("--seed", flags->seed, "The same seed draws the same image")
      ->check(within(0, 9007199254740992.0))
      ->type_name("N")
      ->capture_default_str();
  add_overwrite_flag(verb, flags->overwrite);
  add_json_flag(verb, invocation.common);
  add_common_flags(verb, invocation.common);
  verb.footer("Example:\n  spinenet data preview train.json --images train --out seen.png --set augment.mosaic=1");
  verb.callback(
      [&invocation, flags] { invocation.run = [&invocation, flags] { return run_preview(*flags, invocation); }; });
}

}  // namespace

void add_data(CLI::App& app, Invocation& invocation) {
  CLI::App& data = *app.add_subcommand("data", "Check, count, repair, make, draw, convert, divide or join data sets");
  data.require_subcommand(1);
  PathTable& paths = invocation.paths;
  const auto options = std::make_shared<DataOptions>();
  CLI::App& check =
      add_verb(data, invocation, options, {"check", "Look for the known faults of COCO files"}, run_check);
  add_images(check, *options, paths);
  add_task(check, *options);
  paths.add(check,
            check
                .add_option("--other", options->other_annotations,
                            "A second set: images in both, equal or nearly so, are reported")
                ->type_name("FILE"),
            PathRole::input, "the other annotations");
  paths.add(check,
            check.add_option("--other-images", options->other_images, "The folder of its images")
                ->type_name("DIR")
                ->default_str("that of --images"),
            PathRole::input, "the folder of the other images");
  check.footer("Exit status 65 when there are errors.\n\nExample:\n  spinenet data check train.json --images train/");
  add_verb(data, invocation, options, {"stats", "Count classes, boxes and sizes"}, run_stats);
  CLI::App& fix =
      add_verb(data, invocation, options, {"fix", "Write a copy without the faults that can be repaired"}, run_fix);
  add_images(fix, *options, paths);
  add_task(fix, *options);
  paths.add(fix, fix.add_option("--out", options->out, "The copy")->required()->type_name("FILE"), PathRole::output);
  add_overwrite_flag(fix, options->overwrite);
  add_scenes(data, invocation);
  add_preview(data, invocation);
  add_data_sets(data, invocation);
}

}  // namespace spinenet::cli

#include "cli/data_sets.h"

#include <memory>
#include <string>
#include <vector>

#include "base/enum_names.h"
#include "base/error.h"
#include "base/format.h"
#include "data/convert/convert.h"
#include "data/convert/merge.h"
#include "data/convert/report_text.h"
#include "data/convert/set_text.h"
#include "data/convert/split.h"

namespace spinenet::cli {
namespace {

struct ConvertFlags {
  std::string source, from, to, out, images, classes;
  bool copy_images = false, boxes_only = false, zero_based = false;
};

struct SplitFlags {
  std::string annotations, out, parts, group_by;
  uint64_t seed = 1;
  bool stratify = false;
};

struct MergeFlags {
  std::vector<std::string> files;
  std::string out;
  bool by_name = false, prefix = false, overwrite = false;
};

data::SetFormat format_of(const std::string& name, const char* flag) {
  return parse_enum<data::SetFormat>(ErrorKind::usage, "format", name, flag);
}

std::vector<std::string> class_list_in(const std::string& file) {
  std::vector<std::string> classes;
  if (file.empty()) return classes;
  const std::string text = data::read_set_file(file);
  for (const std::string_view line : data::lines_of(text)) {
    if (!data::trimmed(line).empty()) classes.emplace_back(data::trimmed(line));
  }
  if (classes.empty()) fail(ErrorKind::bad_data, "names no class", file, "write one name on each line");
  return classes;
}

int run_convert(const ConvertFlags& flags, const Invocation& invocation) {
  data::ConvertOptions options;
  options.from = format_of(flags.from, "--from");
  options.to = format_of(flags.to, "--to");
  options.read.images = flags.images;
  options.read.classes = class_list_in(flags.classes);
  options.class_file = flags.classes;
  options.copy_images = flags.copy_images;
  options.boxes_only = flags.boxes_only;
  options.zero_based = flags.zero_based;
  const data::ConvertReport report = data::convert_set(flags.source, flags.out, options);
  print_result(invocation.common, to_json(report), report_text(report, options.to, flags.out));
  return 0;
}

int run_split(const SplitFlags& flags, const Invocation& invocation) {
  data::SplitOptions options;
  options.parts = data::parse_split_parts(flags.parts);
  options.seed = flags.seed;
  options.group_by = flags.group_by;
  options.stratify = flags.stratify;
  const data::SplitReport report = data::split_coco(flags.annotations, flags.out, options);
  print_result(invocation.common, to_json(report), report_text(report, flags.out));
  return 0;
}

int run_merge(const MergeFlags& flags, const Invocation& invocation) {
  RunFiles files = invocation.files;
  const Output output = files.output({flags.out, "data merge --out", flags.overwrite});
  if (flags.files.size() < 2) fail(ErrorKind::usage, "one file alone cannot be merged", "", "give two or more");
  const data::MergeReport report =
      data::merge_coco({flags.files.begin(), flags.files.end()}, output, {flags.by_name, flags.prefix});
  print_result(invocation.common, to_json(report), report_text(report, flags.out));
  return 0;
}

void add_convert(CLI::App& data, Invocation& invocation) {
  const auto flags = std::make_shared<ConvertFlags>();
  CLI::App& verb = *data.add_subcommand("convert", "Make a data set of one format one of another");
  PathTable& paths = invocation.paths;
  const std::string formats = fmt::format("{}", fmt::join(names_of<data::SetFormat>(), ", "));
  paths.add(verb,
            verb.add_option("SOURCE", flags->source, "The data set: its file or its folder")->required()->type_name(""),
            PathRole::input, "the source");
  verb.add_option("--from", flags->from, "The format of the source: " + formats)->required()->type_name("FORMAT");
  verb.add_option("--to", flags->to, "The format to write")->required()->type_name("FORMAT");
  paths.add(verb, verb.add_option("--out", flags->out, "The folder to write into")->required()->type_name("DIR"),
            PathRole::owned_folder);
  paths.add(verb,
            verb.add_option("--images", flags->images,
                            "The folder that the names of images are relative to; where it is not that of the format")
                ->type_name("DIR"),
            PathRole::input, "the folder of the images");
  paths.add(verb,
            verb.add_option("--classes", flags->classes,
                            "A file with the name of each class on a line, in order, for formats without such a list")
                ->type_name("FILE"),
            PathRole::input, "the classes");
  verb.add_flag("--copy-images", flags->copy_images, "Copy the images, too");
  verb.add_flag("--boxes-only", flags->boxes_only, "Leave masks out");
  verb.add_flag("--zero-based", flags->zero_based,
                "Corners of Pascal VOC count from 0, as many tools write them, not from 1");
  add_json_flag(verb, invocation.common);
  add_common_flags(verb, invocation.common);
  verb.footer("Example:\n  spinenet data convert labels/data.yaml --from yolo --to coco --out my-data --copy-images");
  verb.callback(
      [&invocation, flags] { invocation.run = [&invocation, flags] { return run_convert(*flags, invocation); }; });
}

void add_split(CLI::App& data, Invocation& invocation) {
  const auto flags = std::make_shared<SplitFlags>();
  CLI::App& verb = *data.add_subcommand("split", "Divide an annotation file into parts");
  PathTable& paths = invocation.paths;
  paths.add(verb,
            verb.add_option("ANNOTATIONS", flags->annotations, "A COCO annotation file")->required()->type_name(""),
            PathRole::input, "the annotations");
  paths.add(verb, verb.add_option("--out", flags->out, "The folder to write into")->required()->type_name("DIR"),
            PathRole::owned_folder);
  verb.add_option("--parts", flags->parts, "Names with their shares, such as train=0.8,val=0.2")
      ->required()
      ->type_name("PARTS");
  verb.add_option("--seed", flags->seed, "The same seed gives the same parts")
      ->check(within(0, 9007199254740992.0))
      ->type_name("N")
      ->capture_default_str();
  verb.add_option("--group-by", flags->group_by,
                  "Images that stay together: folder, name (frames of a video), key:KEY, or the first group of a "
                  "regular expression on the file name")
      ->type_name("PATTERN");
  verb.add_flag("--stratify", flags->stratify, "Give each part its share of every class");
  add_json_flag(verb, invocation.common);
  add_common_flags(verb, invocation.common);
  verb.footer("Example:\n  spinenet data split all.json --out my-data --parts train=0.8,val=0.2 --stratify");
  verb.callback(
      [&invocation, flags] { invocation.run = [&invocation, flags] { return run_split(*flags, invocation); }; });
}

void add_merge(CLI::App& data, Invocation& invocation) {
  const auto flags = std::make_shared<MergeFlags>();
  CLI::App& verb = *data.add_subcommand("merge", "Join annotation files");
  PathTable& paths = invocation.paths;
  paths.add(
      verb,
      verb.add_option("ANNOTATIONS", flags->files, "Two or more COCO annotation files")->required()->type_name(""),
      PathRole::input, "the annotations");
  paths.add(verb, verb.add_option("--out", flags->out, "The file to write")->required()->type_name("FILE"),
            PathRole::output);
  verb.add_flag("--by-name", flags->by_name, "Categories of one name are one, whatever their ids");
  verb.add_flag("--prefix", flags->prefix,
                "The name of each image is preceded by that of its annotation file and a slash");
  add_overwrite_flag(verb, flags->overwrite);
  add_json_flag(verb, invocation.common);
  add_common_flags(verb, invocation.common);
  verb.footer("Example:\n  spinenet data merge first.json second.json --out all.json --by-name");
  verb.callback(
      [&invocation, flags] { invocation.run = [&invocation, flags] { return run_merge(*flags, invocation); }; });
}

}  // namespace

void add_data_sets(CLI::App& data, Invocation& invocation) {
  add_convert(data, invocation);
  add_split(data, invocation);
  add_merge(data, invocation);
}

}  // namespace spinenet::cli

// spinenet predict: what is in these pictures.
#include <map>
#include <memory>

#include "base/error.h"
#include "base/files.h"
#include "base/format.h"
#include "base/log.h"
#include "cli/command.h"
#include "cli/inputs.h"
#include "cli/model.h"
#include "cli/output.h"
#include "cli/precision.h"
#include "cli/prediction.h"
#include "cli/predictor.h"
#include "data/coco/coco.h"
#include "image/encode.h"

namespace spinenet::cli {
namespace {

struct PredictOptions {
  std::string model;
  std::vector<std::string> inputs;
  std::string out, json, annotations;
  double threshold = 0.3;
  int size = 0;
  int max_detections = 100;
  std::string device = "auto", precision = "fp32";
  ChooseOptions choose;
};

// Where drawn pictures go. Names of pictures from several folders may meet: they are numbered then.
class PictureFolder {
 public:
  explicit PictureFolder(std::filesystem::path folder) : folder_(std::move(folder)) {
    std::error_code error;
    std::filesystem::create_directories(folder_, error);
    if (!std::filesystem::is_directory(folder_)) fail(ErrorKind::io, "cannot make the folder", folder_.string());
  }

  void write(const Prediction& prediction, const image::Image& drawn) {
    const std::filesystem::path input = prediction.file_name;
    const bool png = input.extension() == ".png" || input.extension() == ".PNG";
    const std::string stem = prediction.file_name == "-" ? "stdin" : input.stem().string();
    const std::string suffix = png ? ".png" : ".jpg";
    std::string name = stem + suffix;
    for (int count = 2; !used_.insert(name).second; ++count) name = fmt::format("{}_{}{}", stem, count, suffix);
    write_file_atomic(folder_ / name, png ? image::encode_png(drawn) : image::encode_jpeg(drawn));
  }

  // ErrorKind::usage when a picture of this folder is an input: it, or another one beside it, would be written over.
  void refuse_inputs_inside(const std::vector<std::string>& files) const {
    for (const std::string& file : files) {
      const std::filesystem::path parent = std::filesystem::path(file).parent_path();
      std::error_code error;
      if (file == "-" || !std::filesystem::equivalent(parent.empty() ? "." : parent, folder_, error)) continue;
      fail(ErrorKind::usage, "lies in the folder that the drawn pictures would go to, and could be written over", file,
           "choose another --out");
    }
  }

 private:
  std::filesystem::path folder_;
  std::set<std::string> used_;
};

// Ids from an annotation file by file name, else 1, 2, 3, ...
class ImageIds {
 public:
  explicit ImageIds(const std::string& annotations) {
    if (annotations.empty()) return;
    data::CocoReadOptions read;
    read.segmentations = false;
    const detect::Annotations found = data::read_coco(annotations, read);
    for (const detect::ImageInfo& image : found.images) {
      ids_[image.file_name] = image.id;
    }
    given_ = true;
  }

  int64_t id_of(const std::string& file_name) {
    ++count_;
    if (!given_) return count_;
    // The longest end of the path that the annotations know: a/b/c.jpg, b/c.jpg, c.jpg.
    for (size_t at = 0; at != std::string::npos; at = file_name.find('/', at)) {
      at += at > 0 || file_name.starts_with('/') ? 1 : 0;
      const auto it = ids_.find(file_name.substr(at));
      if (it != ids_.end()) return it->second;
    }
    fail(ErrorKind::bad_data, "the annotations have no such image", file_name, "predict the pictures that they name");
  }

 private:
  std::map<std::string, int64_t> ids_;
  bool given_ = false;
  int64_t count_ = 0;
};

// Goes on behind a picture that cannot be read, and counts it.
struct Run {
  const PredictOptions& options;
  const CommonOptions& common;
  std::vector<Prediction> done;
  int64_t failed = 0;

  void all(const std::vector<std::string>& files, const runtime::Model& model, const Predictor& predict) {
    std::unique_ptr<PictureFolder> folder;
    if (!options.out.empty()) folder = std::make_unique<PictureFolder>(options.out);
    if (folder) folder->refuse_inputs_inside(files);
    ImageIds ids(options.annotations);
    Progress progress("predict", static_cast<int64_t>(files.size()), progress_of(common));
    for (size_t i = 0; i < files.size(); ++i) {
      const int64_t id = ids.id_of(files[i]);
      if (std::optional<image::Image> image = read(files[i])) {
        done.push_back({id, files[i], image->height, image->width, predict(*image)});
        if (folder != nullptr) folder->write(done.back(), draw(std::move(*image), done.back(), model.file.classes));
      }
      progress.update(static_cast<int64_t>(i) + 1);
    }
  }

  std::optional<image::Image> read(const std::string& file) {
    try {
      return read_input(file);
    } catch (const Error& error) {
      log_warning(error.what());
      ++failed;
      return std::nullopt;
    }
  }
};

int run_predict(const PredictOptions& options, const CommonOptions& common) {
  const std::vector<std::string> files = expand_inputs(options.inputs);
  const runtime::Model model = runtime::open_model(options.model);
  RunOptions run;
  run.image_size = options.size;
  run.threads = threads_of(common);
  run.device = options.device;
  run.precision = precision_named(options.precision);
  run.choose = options.choose;
  run.post.score_threshold = static_cast<float>(options.threshold);
  run.post.max_detections = options.max_detections;
  Run work{options, common, {}, 0};
  work.all(files, model, make_predictor(model, run));
  if (options.json == "-") {
    print_json(to_json(work.done, model.file.classes));
  } else {
    if (!options.json.empty()) write_file_atomic(options.json, to_text(to_json(work.done, model.file.classes)));
    print(to_table(work.done, model.file.classes));
  }
  if (work.failed > 0) {
    fail(ErrorKind::bad_data, fmt::format("{} of {} pictures could not be read", work.failed, files.size()), "predict",
         "see the warnings above; the others are done");
  }
  return 0;
}

void add_options(CLI::App& verb, PredictOptions& options) {
  verb.add_option("MODEL", options.model, "A model (.safetensors)")->required()->type_name("");
  verb.add_option("INPUT", options.inputs, "Pictures, folders, patterns such as 'a/*.jpg', or - for standard input")
      ->required()
      ->type_name("");
  verb.add_option("--out", options.out, "Write the pictures with what was found to this folder")->type_name("DIR");
  verb.add_option(
          "--json", options.json,
          "Write the results as JSON (COCO's for boxes) to this file; to standard output where no FILE.json follows")
      ->type_name("FILE");
  verb.add_option("--annotations", options.annotations, "Take image ids from this COCO file, by file name")
      ->type_name("FILE");
  verb.add_option("--threshold", options.threshold, "Least score of what is shown")
      ->check(within(0.0, 1.0))
      ->type_name("S")
      ->capture_default_str();
  verb.add_option("--max", options.max_detections, "Most objects, or classes, of a picture")
      ->check(within(1, 100000))
      ->type_name("N")
      ->capture_default_str();
  verb.add_option("--size", options.size, "Image size; the model's own if not given")
      ->check(within(1, 65536))
      ->type_name("N");
  verb.add_option("--device", options.device, "cpu, cuda, cuda:N or auto")->type_name("NAME")->capture_default_str();
  add_choose_options(verb, options.choose);
  verb.add_option("--precision", options.precision, "fp32, bf16, or int8 of a calibrated model")
      ->type_name("NAME")
      ->capture_default_str();
}

}  // namespace

void add_predict(CLI::App& app, Invocation& invocation) {
  const auto options = std::make_shared<PredictOptions>();
  CLI::App& verb = *app.add_subcommand("predict", "Find objects in pictures, or the class of each");
  add_options(verb, *options);
  add_common_flags(verb, invocation.common);
  verb.footer(
      "Examples:\n  spinenet predict best.safetensors photo.jpg --out drawn\n"
      "  spinenet predict best.safetensors holiday/ --threshold 0.5 --json found.json\n"
      "  cat photo.jpg | spinenet predict best.safetensors - --json\n\n"
      "Boxes are in pixels of the upright picture. A picture that cannot be read is reported, the others are done, "
      "and\n"
      "the exit status is 65.");
  verb.callback([&invocation, options] {
    invocation.run = [&invocation, options] { return run_predict(*options, invocation.common); };
  });
}

}  // namespace spinenet::cli

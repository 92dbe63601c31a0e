#include "data/scenes/scenes.h"

#include <algorithm>
#include <array>
#include <functional>
#include <mutex>
#include <numbers>
#include <string>

#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/files.h"
#include "base/format.h"
#include "base/json.h"
#include "base/log.h"
#include "base/owned_folder.h"
#include "base/stop_signal.h"
#include "base/thread_pool.h"
#include "data/coco/coco.h"
#include "detect/annotations.h"
#include "image/encode.h"

namespace spinenet::data {
namespace {

constexpr int kMinSize = 64, kMaxSize = 4096, kLeastObject = 6;  // of an image, and of an object
constexpr const char* kOptionsFile = "scenes.yaml";
constexpr const char* kOlderOptionsFile = "scenes.json";  // its name up to 0.2

struct Split {
  std::string name;
  int images = 0;
  GarmentSplit split = GarmentSplit::train;
};

// Scenes can be made again at any time, so their files need not be forced to the disk one by one.
const FileLayer& unsynced_layer() {
  static const FileLayer layer = [] {
    FileLayer made = system_file_layer();
    made.sync = [](int) { return 0; };
    return made;
  }();
  return layer;
}

// The objects of each scene of a part, in the order of their numbers.
using PartObjects = std::vector<std::vector<SceneObject>>;

detect::Annotations describe_part(const PartObjects& scenes, const SceneStyle& style, int size) {
  detect::Annotations all;
  all.categories = scene_classes(style);
  for (size_t i = 0; i < scenes.size(); ++i) {
    const auto image_id = static_cast<int64_t>(i) + 1;
    all.images.push_back({image_id, fmt::format("{:06}.jpg", image_id), size, size});
    for (const SceneObject& object : scenes[i]) {
      detect::Annotation a;
      a.id = static_cast<int64_t>(all.annotations.size()) + 1;
      a.image_id = image_id;
      a.category_id = object.label + 1;
      a.bbox = object.bbox;
      a.area = static_cast<double>(object.area);
      a.segmentation.rle = object.mask;
      all.annotations.push_back(std::move(a));
    }
  }
  return all;
}

void check(const ScenesOptions& options) {
  if (options.images < 0 || options.val_images < 1) {
    fail(ErrorKind::usage,
         fmt::format("{} training and {} validation images asked for", options.images, options.val_images), "scenes",
         "ask for at least one to measure on, and not less than none to train on");
  }
  if (options.size < kMinSize || options.size > kMaxSize) {
    fail(ErrorKind::usage, fmt::format("image size {}", options.size), "scenes",
         fmt::format("choose {} to {} pixels", kMinSize, kMaxSize));
  }
  if (options.sizes.empty()) return;
  const auto grows = [](double one, double next) { return one < next; };  // not where one is no number
  const bool all_grow = std::ranges::adjacent_find(options.sizes, std::not_fn(grows)) == options.sizes.end();
  const bool fit =
      options.sizes.size() >= 2 && options.sizes.front() >= kLeastObject && options.sizes.back() <= options.size;
  if (!all_grow || !fit) {
    fail(ErrorKind::usage, fmt::format("sizes of objects {}", fmt::join(options.sizes, ", ")), "scenes",
         fmt::format("give two numbers or more that grow, from {} pixels to the {} of the image", kLeastObject,
                     options.size));
  }
}

constexpr std::array<std::string_view, 4> kScenesFiles{"train/*.jpg", "val/*.jpg", "annotations/*.json", kOptionsFile};
constexpr FolderKind kScenesFolder{"a set of scenes", kScenesFiles};

void sync_file_system(const std::filesystem::path& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  ::syncfs(fd);
  ::close(fd);
}

// Whether the scenes are there. A set that an earlier version made has no marker, and is read as it is.
bool has_scenes(const std::filesystem::path& out, const std::string& wanted) {
  for (const char* name : {kOptionsFile, kOlderOptionsFile}) {
    std::error_code error;
    if (!std::filesystem::is_regular_file(out / name, error)) continue;
    if (read_file(out / name) == wanted) return true;
    fail(ErrorKind::usage, "holds scenes that were made with other options", out.string(),
         fmt::format("see its {}; ask for those options, or name another folder", name));
  }
  return false;
}

// A scene draws garments of each class of its style.
void check_classes(const SceneStyle& style, const Wardrobe& wardrobe, std::string_view split,
                   const std::filesystem::path& source) {
  std::vector<std::string_view> missing;
  for (const int label : style.classes) {
    if (wardrobe.of_class.at(static_cast<size_t>(label)).empty()) {
      missing.push_back(kGarmentNames.at(static_cast<size_t>(label)));
    }
  }
  if (missing.empty()) return;
  fail(ErrorKind::bad_data,
       fmt::format("the garments of the {} files lack {} of the classes that scenes are made of: {}", split,
                   missing.size(), fmt::join(missing, ", ")),
       source.string(), "use the whole of Fashion-MNIST");
}

Wardrobe wardrobe_of(const Split& part, const SceneStyle& style, const std::filesystem::path& source) {
  Wardrobe wardrobe = make_wardrobe(read_fashion_mnist(source, part.split));
  check_classes(style, wardrobe, part.name, source);
  return wardrobe;
}

// Of a part's scene, by its number.
Random random_of_scene(const ScenesOptions& options, uint64_t part, int64_t number) {
  return Random(options.seed).fork(static_cast<uint64_t>(options.level)).fork(part).fork(static_cast<uint64_t>(number));
}

OwnedFolder take_folder(const std::filesystem::path& out, const std::string& made_with, const ScenesWork& work) {
  FolderClaim claim;
  claim.new_id = fmt::format("{:016x}", checksum(made_with));  // equal sets are equal to the last byte
  claim.layer = &unsynced_layer();
  claim.flag = work.flag;
  bool told = false, gave_up = false;
  claim.wait = [&](std::string_view holder) {
    if (!told) log_info(fmt::format("{}: waiting for {}, which makes scenes there", out.string(), holder));
    told = true;
    gave_up = work.stop && work.stop();
    return !gave_up;
  };
  try {
    return {out, kScenesFolder, claim};
  } catch (const Error&) {
    if (gave_up) end_for_signal("asked to stop while another process made scenes there", out.string());
    throw;
  }
}

void end_if_asked(const std::filesystem::path& out, const ScenesWork& work) {
  if (!work.stop || !work.stop()) return;
  end_for_signal("asked to stop before all scenes were made; the same command makes them again", out.string());
}

}  // namespace

std::string options_text(const ScenesOptions& options) {
  Json json{{"level", name_of(options.level)},
            {"images", options.images},
            {"val_images", options.val_images},
            {"size", options.size},
            {"seed", options.seed}};
  if (!options.sizes.empty()) json["sizes"] = options.sizes;
  return to_text(json);
}

std::vector<detect::Category> scene_classes(const SceneStyle& style) {
  std::vector<detect::Category> classes;
  for (const int label : style.classes) {
    classes.push_back({label + 1, std::string(kGarmentNames.at(static_cast<size_t>(label))), "garment"});
  }
  return classes;
}

SceneLevel scene_level(std::string_view name) {
  return parse_enum<SceneLevel>(ErrorKind::usage, "level", name, "scenes");
}

ScenesOptions scenes_options(SceneLevel level) {
  ScenesOptions options;
  options.level = level;
  if (level == SceneLevel::middle) {
    options.images = 2000;
    options.val_images = 300;
    options.size = 256;
  } else if (level == SceneLevel::hard) {
    options.images = 4000;
    options.val_images = 500;
    options.size = 384;
  }
  return options;
}

SceneStyle scene_style(SceneLevel level, int size) {
  SceneStyle style;
  constexpr double kSmallest = 12;
  const double degree = std::numbers::pi / 180;
  switch (level) {
    case SceneLevel::easy:
      style.classes = {1, 2, 8, 9};  // trouser, pullover, bag, ankle boot
      style.objects = {5, 10};
      style.sizes = {std::min(18.0, size * 0.15), std::min(300.0, size * 0.5)};
      style.max_rotation = 6 * degree;
      style.max_overlap = 0.05;
      style.min_tint = 0.6;
      style.ground = {.contrast = 0.12, .clouds = 0.03, .grain = 0.01, .pale = true};
      return style;
    case SceneLevel::middle:
      style.classes = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
      style.objects = {4, 12};
      style.sizes = {kSmallest, std::min(300.0, size * 0.7)};
      style.max_rotation = 15 * degree;
      style.max_overlap = 0.3;
      style.max_outside = 0.1;
      style.min_tint = 0.4;
      style.ground = {.contrast = 0.35, .clouds = 0.25, .grain = 0.02};
      style.shapes = {3, 8};
      style.fragments = {0, 2};
      style.occluders = {0, 1};
      return style;
    case SceneLevel::hard:
      style.classes = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
      style.objects = {8, 24};
      style.sizes = {kSmallest, std::min(300.0, size * 0.8)};
      style.max_rotation = 35 * degree;
      style.max_overlap = 0.7;
      style.max_outside = 0.3;
      style.min_tint = 0.1;
      style.ground = {.contrast = 0.6, .clouds = 0.6, .grain = 0.05};
      style.shapes = {10, 24};
      style.fragments = {3, 8};
      style.occluders = {2, 6};
      return style;
  }
  return style;
}

SceneStyle scene_style(const ScenesOptions& options) {
  check(options);
  SceneStyle style = scene_style(options.level, options.size);
  if (!options.sizes.empty()) style.sizes = options.sizes;
  return style;
}

Wardrobe training_wardrobe(const ScenesOptions& options) {
  return wardrobe_of({"train", options.images, GarmentSplit::train}, scene_style(options), options.source);
}

Random training_scene_random(const ScenesOptions& options, int64_t number) {
  return random_of_scene(options, 0, number);
}

ScenesMade make_scenes(const std::filesystem::path& out, const ScenesOptions& options, const ScenesWork& work) {
  const SceneStyle style = scene_style(options);
  const std::string made_with = options_text(options);
  if (has_scenes(out, made_with)) return ScenesMade::before;
  const std::array<Split, 2> parts = {Split{"train", options.images, GarmentSplit::train},
                                      Split{"val", options.val_images, GarmentSplit::test}};
  const std::array<Wardrobe, 2> wardrobes = {wardrobe_of(parts[0], style, options.source),
                                             wardrobe_of(parts[1], style, options.source)};
  const OwnedFolder folder = take_folder(out, made_with, work);
  if (has_scenes(out, made_with)) return ScenesMade::before;  // by the process that was waited for
  const int64_t total = int64_t{options.images} + options.val_images;
  std::mutex counting;
  int64_t done = 0;
  ThreadPool pool(available_cores() - 1);
  std::array<detect::Annotations, 2> described;
  for (size_t p = 0; p < parts.size(); ++p) {
    const Split& part = parts.at(p);
    PartObjects scenes(static_cast<size_t>(part.images));
    pool.parallel_for(part.images, [&](int64_t i) {
      end_if_asked(out, work);
      Scene scene = compose_scene(style, wardrobes.at(p), options.size, random_of_scene(options, p, i));
      folder.file(fmt::format("{}/{:06}.jpg", part.name, i + 1)).write(image::encode_jpeg(scene.image));
      scenes[static_cast<size_t>(i)] = std::move(scene.objects);
      if (!work.progress) return;
      const std::lock_guard lock(counting);
      work.progress(++done, total);
    });
    described.at(p) = describe_part(scenes, style, options.size);
  }
  for (size_t p = 0; p < parts.size(); ++p) {
    folder.file(fmt::format("annotations/{}.json", parts.at(p).name)).write(to_text(to_json(described.at(p))));
  }
  sync_file_system(out);  // all images, before the file that says that they are there
  folder.file(kOptionsFile).write(made_with);
  return ScenesMade::now;
}

}  // namespace spinenet::data

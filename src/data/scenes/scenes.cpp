#include "data/scenes/scenes.h"

#include <algorithm>
#include <array>
#include <mutex>
#include <numbers>
#include <string>

#include "base/error.h"
#include "base/files.h"
#include "base/format.h"
#include "base/thread_pool.h"
#include "data/coco/coco.h"
#include "detect/annotations.h"
#include "image/encode.h"

namespace spinenet::data {
namespace {

constexpr int kMinSize = 64, kMaxSize = 4096;

struct Split {
  std::string name;
  int images = 0;
  GarmentSplit split = GarmentSplit::train;
};

// Scenes can be made anew at any time, so their files need not be forced to the disk one by one.
FileLayer unsynced_layer() {
  FileLayer layer = system_file_layer();
  layer.sync = [](int) { return 0; };
  return layer;
}

detect::Annotations describe_part(const std::vector<std::vector<SceneObject>>& scenes, const SceneStyle& style,
                                  int size) {
  detect::Annotations all;
  for (const int label : style.classes) {
    all.categories.push_back({label + 1, std::string(kGarmentNames.at(static_cast<size_t>(label))), "garment"});
  }
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
  if (options.images < 1 || options.val_images < 1) {
    fail(ErrorKind::usage,
         fmt::format("{} training and {} validation images asked for", options.images, options.val_images), "scenes",
         "ask for at least one of each");
  }
  if (options.size < kMinSize || options.size > kMaxSize) {
    fail(ErrorKind::usage, fmt::format("picture size {}", options.size), "scenes",
         fmt::format("choose {} to {} pixels", kMinSize, kMaxSize));
  }
}

void make_folder(const std::filesystem::path& path) {
  std::error_code problem;
  std::filesystem::create_directories(path, problem);
  if (problem) fail(ErrorKind::io, "cannot make the folder: " + problem.message(), path.string());
}

}  // namespace

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
  const double degree = std::numbers::pi / 180;
  switch (level) {
    case SceneLevel::easy:
      style.classes = {1, 2, 8, 9};  // trouser, pullover, bag, ankle boot
      style.objects = {5, 10};
      style.min_size = std::min(18.0, size * 0.15);
      style.max_size = std::min(300.0, size * 0.5);
      style.max_rotation = 6 * degree;
      style.max_overlap = 0.05;
      style.min_tint = 0.6;
      style.ground = {.contrast = 0.12, .clouds = 0.03, .grain = 0.01, .pale = true};
      return style;
    case SceneLevel::middle:
      style.classes = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
      style.objects = {4, 12};
      style.max_size = std::min(300.0, size * 0.7);
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
      style.max_size = std::min(300.0, size * 0.8);
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

void make_scenes(const std::filesystem::path& out, const ScenesOptions& options, const ScenesProgress& progress) {
  check(options);
  const std::array<Split, 2> parts = {Split{"train", options.images, GarmentSplit::train},
                                     Split{"val", options.val_images, GarmentSplit::test}};
  const SceneStyle style = scene_style(options.level, options.size);
  const Random root = Random(options.seed).fork(static_cast<uint64_t>(options.level));
  const FileLayer layer = unsynced_layer();
  const int64_t total = int64_t{options.images} + options.val_images;
  std::mutex counting;
  int64_t done = 0;
  ThreadPool pool(available_cores() - 1);
  std::array<detect::Annotations, 2> described;
  const std::array<Wardrobe, 2> wardrobes = {make_wardrobe(read_fashion_mnist(options.source, parts[0].split)),
                                             make_wardrobe(read_fashion_mnist(options.source, parts[1].split))};
  for (size_t p = 0; p < parts.size(); ++p) {
    const Split& part = parts.at(p);
    make_folder(out / part.name);
    std::vector<std::vector<SceneObject>> scenes(static_cast<size_t>(part.images));
    pool.parallel_for(part.images, [&](int64_t i) {
      Scene scene = compose_scene(style, wardrobes.at(p), options.size, root.fork(p).fork(static_cast<uint64_t>(i)));
      write_file_atomic(out / part.name / fmt::format("{:06}.jpg", i + 1), image::encode_jpeg(scene.image), layer);
      scenes[static_cast<size_t>(i)] = std::move(scene.objects);
      if (!progress) return;
      const std::lock_guard lock(counting);
      progress(++done, total);
    });
    described.at(p) = describe_part(scenes, style, options.size);
  }
  make_folder(out / "annotations");
  for (size_t p = 0; p < parts.size(); ++p) {
    write_file_atomic(out / "annotations" / (parts.at(p).name + ".json"), to_text(to_json(described.at(p))));
  }
}

}  // namespace spinenet::data

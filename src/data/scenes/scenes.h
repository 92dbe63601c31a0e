// The built-in data set: scenes of garment photographs (Fashion-MNIST) as a COCO data set, made to be hard in one way
// above all, scale. Training scenes show photographs of the training part, validation scenes those of the test part.
//
//   OUT/train/000001.jpg ...   OUT/val/000001.jpg ...   OUT/annotations/train.json, val.json   OUT/scenes.yaml
//
// scenes.yaml says what they were made with; it is written last, so that half a set is made again.
// Deterministic: the same options give the same bytes whatever the number of threads.
// Thread contract: progress is called from one thread at a time, stop from any. Of two processes that make the same set
// in one folder, the second one waits and finds it made.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string_view>

#include "base/enum_names.h"
#include "data/classes/fashion_mnist.h"
#include "data/scenes/scene.h"

namespace spinenet::data {

enum class SceneLevel {
  easy,    // 4 classes that differ in shape, quiet ground, objects apart: learned from scratch in minutes
  middle,  // 10 classes, some clutter, objects overlap a little
  hard,    // 10 classes, heavy clutter, fragments, occlusion, many objects
};

constexpr auto names(SceneLevel) {
  using enum SceneLevel;
  return named<SceneLevel>({{easy, "easy"}, {middle, "middle"}, {hard, "hard"}});
}

struct ScenesOptions {
  SceneLevel level = SceneLevel::easy;
  int images = 1000, val_images = 200;
  int size = 128;  // height and width in pixels
  uint64_t seed = 1;
  std::filesystem::path source = fashion_mnist_folder();
};

// "easy", "middle" or "hard"; ErrorKind::usage otherwise.
SceneLevel scene_level(std::string_view name);
// The numbers and the image size that a level was made for.
ScenesOptions scenes_options(SceneLevel level);
// What a level looks like in images of `size` pixels.
SceneStyle scene_style(SceneLevel level, int size);

struct ScenesWork {
  std::function<void(int64_t done, int64_t total)> progress = {};
  std::function<bool()> stop = {};  // whether to give up: making them, or waiting for another process that does
  std::string_view flag = "--out";  // how the folder was named, for messages
};
enum class ScenesMade { now, before };  // before: the folder has these scenes already

// Takes the folder for the scenes (OwnedFolder). ErrorKind::usage when it holds anything else, or scenes of other
// options. Stopped where `stop` says so; the same call makes the set whole later.
ScenesMade make_scenes(const std::filesystem::path& out, const ScenesOptions& options, const ScenesWork& work = {});

}  // namespace spinenet::data

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
#include <string>
#include <string_view>
#include <vector>

#include "base/enum_names.h"
#include "data/classes/fashion_mnist.h"
#include "data/scenes/scene.h"
#include "detect/annotations.h"

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
  int images = 1000, val_images = 200;  // 0 to train on: none is stored (scene_dataset.h makes them while training)
  int size = 128;                       // height and width in pixels
  // Longer sides of the garments in pixels, growing: as many are between two of the numbers as between the next two
  // (SceneStyle::sizes). Empty: the level's.
  std::vector<double> sizes;
  uint64_t seed = 1;
  std::filesystem::path source = fashion_mnist_folder();
};

// "easy", "middle" or "hard"; ErrorKind::usage otherwise.
SceneLevel scene_level(std::string_view name);
// The numbers and the image size that a level was made for.
ScenesOptions scenes_options(SceneLevel level);
// What a level looks like in images of `size` pixels.
SceneStyle scene_style(SceneLevel level, int size);
// With the sizes that were asked for. ErrorKind::usage where an option is out of its range.
SceneStyle scene_style(const ScenesOptions& options);
// What `options` make is told from all else by this text.
std::string options_text(const ScenesOptions& options);
// The classes of the scenes, in the order of their ids: Fashion-MNIST's labels, from 1 on.
std::vector<detect::Category> scene_classes(const SceneStyle& style);

// Of the training part. ErrorKind::bad_data where the photographs lack a class of the scenes.
Wardrobe training_wardrobe(const ScenesOptions& options);
// What decides the training scene of a number, from 0 on.
Random training_scene_random(const ScenesOptions& options, int64_t number);

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

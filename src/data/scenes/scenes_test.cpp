#include "data/scenes/scenes.h"

#include <atomic>
#include <cmath>
#include <thread>

#include <gtest/gtest.h>
#include <zlib.h>

#include "base/error.h"
#include "base/files.h"
#include "base/format.h"
#include "base/output_fixture.h"
#include "base/stop_signal.h"
#include "data/coco/coco.h"
#include "data/scenes/scene_dataset.h"
#include "image/decode.h"

namespace spinenet::data {
namespace {

namespace fs = std::filesystem;

// Stands for the photographs where they are not installed: a bright shape of another form for each label.
FashionMnist drawn_garments() {
  FashionMnist garments;
  for (int i = 0; i < 40; ++i) {
    const int label = i % 10;
    for (int y = 0; y < kGarmentSize; ++y) {
      for (int x = 0; x < kGarmentSize; ++x) {
        const bool in = std::hypot((y - 14) / (6.0 + label * 0.7), (x - 14) / (13.0 - label * 0.6)) < 1;
        garments.pixels.push_back(static_cast<uint8_t>(in ? 120 + 3 * i : 0));
      }
    }
    garments.labels.push_back(static_cast<uint8_t>(label));
  }
  return garments;
}

const Wardrobe& wardrobe() {
  static const Wardrobe made = make_wardrobe(drawn_garments());
  return made;
}

class SceneOfLevel : public testing::TestWithParam<SceneLevel> {
 protected:
  int size_ = scenes_options(GetParam()).size;
  SceneStyle style_ = scene_style(GetParam(), size_);
};
INSTANTIATE_TEST_SUITE_P(Levels, SceneOfLevel, testing::Values(SceneLevel::easy, SceneLevel::middle, SceneLevel::hard),
                         [](const auto& level) { return std::string(name_of(level.param)); });

TEST_P(SceneOfLevel, BoxesAreThoseOfTheVisibleMasks) {
  for (uint64_t i = 0; i < 5; ++i) {
    const Scene scene = compose_scene(style_, wardrobe(), size_, Random(3).fork(i));
    EXPECT_FALSE(scene.objects.empty());
    std::vector<uint8_t> taken(static_cast<size_t>(size_) * size_);
    for (const SceneObject& object : scene.objects) {
      EXPECT_EQ(detect::bounding_box(object.mask), std::vector<double>(object.bbox.begin(), object.bbox.end()));
      EXPECT_EQ(static_cast<int64_t>(detect::area(object.mask)), object.area);
      EXPECT_GE(object.bbox[2], 5);
      EXPECT_GE(object.bbox[3], 5);
      const std::vector<uint8_t> mask = detect::decode_mask(object.mask);
      for (size_t p = 0; p < mask.size(); ++p) {
        ASSERT_FALSE(mask[p] && taken[p]) << "two objects claim pixel " << p;
        taken[p] |= mask[p];
      }
    }
  }
}

TEST_P(SceneOfLevel, TheSameSeedGivesTheSamePixels) {
  const Scene first = compose_scene(style_, wardrobe(), size_, Random(5));
  const Scene again = compose_scene(style_, wardrobe(), size_, Random(5));
  const Scene other = compose_scene(style_, wardrobe(), size_, Random(6));
  EXPECT_EQ(first.image.pixels, again.image.pixels);
  ASSERT_EQ(first.objects.size(), again.objects.size());
  for (size_t i = 0; i < first.objects.size(); ++i) EXPECT_EQ(first.objects[i].mask, again.objects[i].mask);
  EXPECT_NE(first.image.pixels, other.image.pixels);
}

TEST(Scene, SpansAWideRangeOfSizes) {
  const SceneStyle style = scene_style(SceneLevel::hard, 384);
  double smallest = 1e9;
  double largest = 0;
  for (uint64_t i = 0; i < 10; ++i) {
    for (const SceneObject& object : compose_scene(style, wardrobe(), 384, Random(1).fork(i)).objects) {
      smallest = std::min(smallest, std::max(object.bbox[2], object.bbox[3]));
      largest = std::max(largest, std::max(object.bbox[2], object.bbox[3]));
    }
  }
  EXPECT_LT(smallest, 20);
  EXPECT_GT(largest, 200);
}

// As many of each third are painted; of large ones fewer find a place, and what is seen of one may be smaller.
TEST(Scene, SizesAreDrawnEvenlyBetweenTheBounds) {
  ScenesOptions options;
  options.size = 256;
  options.sizes = {12, 48, 130, 230};
  SceneStyle style = scene_style(options);
  style.max_rotation = 0;
  style.max_overlap = 1;
  style.min_visible = 0;
  std::array<int, 4> counts{};
  for (uint64_t i = 0; i < 40; ++i) {
    for (const SceneObject& object : compose_scene(style, wardrobe(), 256, Random(1).fork(i)).objects) {
      const double side = std::max(object.bbox[2], object.bbox[3]);
      ++counts.at(side < 12 - 2 ? 3 : side < 48 ? 0 : side < 130 ? 1 : 2);
    }
  }
  const int all = counts[0] + counts[1] + counts[2] + counts[3];
  for (size_t part = 0; part < 3; ++part) {
    EXPECT_GT(counts.at(part), all / 5) << "part " << part;
    EXPECT_LT(counts.at(part), all / 2) << "part " << part;
  }
  EXPECT_GT(all, 150);
}

TEST(Scene, SizesThatCannotBeAreRefused) {
  ScenesOptions options;
  for (const std::vector<double>& sizes :
       {std::vector<double>{20}, {40, 20}, {20, 20}, {1, 30}, {20, 300}, {NAN, 30}}) {
    options.sizes = sizes;
    EXPECT_THROW(scene_style(options), Error) << fmt::format("{}", fmt::join(sizes, ", "));
  }
}

TEST(Scene, ObjectsThatAreMostlyHiddenAreNotPainted) {
  SceneStyle style = scene_style(SceneLevel::easy, 128);
  style.objects = {12, 12};
  style.max_overlap = 1;
  style.min_visible = 0.95;
  style.sizes = {50, 50};
  const Scene scene = compose_scene(style, wardrobe(), 128, Random(2));
  EXPECT_LT(scene.objects.size(), 12U);
  EXPECT_GT(scene.objects.size(), 1U);
  for (const SceneObject& object : scene.objects) EXPECT_GT(object.area, 600);
}

TEST(Garment, FillsTheSizeAskedFor) {
  Random random(1);
  for (const double size : {12.0, 50.0, 300.0}) {
    const Cutout cut = render_garment(wardrobe().photos.image(0), {.size = size}, random);
    int x1 = cut.color.width;
    int x2 = 0;
    for (int y = 0; y < cut.color.height; ++y) {
      for (int x = 0; x < cut.color.width; ++x) {
        if (!cut.solid(y, x)) continue;
        x1 = std::min(x1, x);
        x2 = std::max(x2, x + 1);
      }
    }
    EXPECT_NEAR(x2 - x1, size, size * 0.08 + 1);
  }
}

TEST(Garment, HsvNamesTheColours) {
  EXPECT_EQ(hsv(0, 1, 1), (Rgb{1, 0, 0}));
  EXPECT_EQ(hsv(0.5, 1, 0.5), (Rgb{0, 0.5, 0.5}));
  EXPECT_EQ(hsv(0.7, 0, 0.25), (Rgb{0.25, 0.25, 0.25}));
  EXPECT_NEAR(hsv(1.0 / 3, 1, 1)[1], 1, 1e-6);
}

TEST(Scenes, LevelsAreFoundByName) {
  EXPECT_EQ(scene_level("hard"), SceneLevel::hard);
  try {
    scene_level("midle");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_NE(std::string(error.what()).find("middle"), std::string::npos);
  }
}

void write_idx(const fs::path& path, std::vector<uint32_t> shape, const std::string& content) {
  std::string bytes = {0, 0, 8, static_cast<char>(shape.size())};
  for (const uint32_t n : shape) {
    for (const int shift : {24, 16, 8, 0}) bytes += static_cast<char>(n >> shift);
  }
  bytes += content;
  const gzFile file = gzopen(path.c_str(), "wb");
  ASSERT_NE(file, nullptr);
  ASSERT_EQ(gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size())), static_cast<int>(bytes.size()));
  gzclose(file);
}

// Sound files in which a class that a scene is made of has no garment: nothing could be drawn from an empty list.
TEST(Scenes, GarmentsThatLackAClassAreRefused) {
  const fs::path folder = fs::path(testing::TempDir()) / "scenes_of_few_classes";
  fs::remove_all(folder);
  fs::create_directories(folder);
  const auto put = [&](const std::string& name, const std::string& labels) {
    const auto n = static_cast<uint32_t>(labels.size());
    write_idx(folder / (name + "-labels-idx1-ubyte.gz"), {n}, labels);
    write_idx(folder / (name + "-images-idx3-ubyte.gz"), {n, 28, 28}, std::string(size_t{n} * kGarmentPixels, '\x90'));
  };
  const auto message = [&](SceneLevel level) -> std::string {
    ScenesOptions options = scenes_options(level);
    options.images = 1, options.val_images = 1, options.size = 64, options.source = folder;
    try {
      make_scenes(folder / "out", options);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::bad_data);
      EXPECT_FALSE(fs::exists(folder / "out")) << "refused before anything is written";
      return error.what();
    }
    return "made";
  };
  const std::string easy{1, 2, 8, 9};
  put("train", {1, 1});
  put("t10k", easy);
  EXPECT_NE(message(SceneLevel::easy).find("train files lack 3 of the classes"), std::string::npos);
  EXPECT_NE(message(SceneLevel::easy).find("pullover, bag, ankle boot"), std::string::npos);
  put("train", easy);
  put("t10k", {1, 2, 8});
  EXPECT_NE(message(SceneLevel::easy).find("val files lack 1 of the classes"), std::string::npos);
  put("t10k", easy);
  EXPECT_NE(message(SceneLevel::middle).find("t-shirt"), std::string::npos) << "this level has ten classes";
  EXPECT_EQ(message(SceneLevel::easy), "made");
  fs::remove_all(folder);
}

class ScenesFolder : public testing::Test {
 protected:
  ScenesFolder() { options_.images = 6, options_.val_images = 3; }
  ~ScenesFolder() override { fs::remove_all(folder_); }
  void SetUp() override {
    if (!fs::exists(options_.source)) GTEST_SKIP() << "the Debian package dataset-fashion-mnist is not installed";
  }
  static std::string bytes_of(const fs::path& folder) {
    std::vector<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      if (entry.is_regular_file()) files.push_back(entry.path());
    }
    std::ranges::sort(files);
    std::string all;
    for (const fs::path& file : files) all += file.lexically_relative(folder).string() + read_file(file);
    return all;
  }

  fs::path folder_ = fs::path(testing::TempDir()) / testing::UnitTest::GetInstance()->current_test_info()->name();
  ScenesOptions options_;
};

TEST_F(ScenesFolder, IsADataSetThatReadsBack) {
  int64_t last = 0;
  ScenesWork work;
  work.progress = [&](int64_t done, int64_t total) {
    EXPECT_EQ(done, ++last);
    EXPECT_EQ(total, 9);
  };
  EXPECT_EQ(make_scenes(folder_, options_, work), ScenesMade::now);
  EXPECT_EQ(last, 9);
  for (const auto& [part, count] : {std::pair{"train", 6U}, std::pair{"val", 3U}}) {
    const detect::Annotations annotations = read_coco(folder_ / "annotations" / (std::string(part) + ".json"));
    ASSERT_EQ(annotations.images.size(), count);
    ASSERT_EQ(annotations.categories.size(), 4U);
    EXPECT_EQ(annotations.categories[3].id, 10);
    EXPECT_EQ(annotations.categories[3].name, "ankle boot");
    EXPECT_GT(annotations.annotations.size(), 2 * count);
    for (const detect::ImageInfo& info : annotations.images) {
      const image::Image image = image::read_image(folder_ / part / info.file_name);
      EXPECT_EQ(image.height, info.height);
      EXPECT_EQ(image.width, info.width);
    }
    for (const detect::Annotation& a : annotations.annotations) {
      EXPECT_EQ(detect::bounding_box(a.segmentation.rle), std::vector<double>(a.bbox.begin(), a.bbox.end()));
    }
  }
}

// What is made while training is what would have been stored; the epochs after the first go on from there.
TEST_F(ScenesFolder, ScenesMadeOnTheWayAreThoseThatAreStored) {
  make_scenes(folder_, options_);
  const detect::Annotations stored = read_coco(folder_ / "annotations/train.json");
  options_.images = 3;
  const SceneDataset made(options_, true);
  ASSERT_EQ(made.size(), 3);
  ASSERT_EQ(made.classes().size(), stored.categories.size());
  size_t next = 0;
  for (int64_t i = 0; i < 6; ++i) {
    const LabelledImage sample = made.get_in(i / 3, i % 3);
    EXPECT_EQ(sample.image_id, i + 1);
    EXPECT_EQ(sample.image.height, options_.size);
    ASSERT_EQ(sample.masks.size(), sample.targets.size());
    for (size_t k = 0; k < sample.targets.size(); ++k, ++next) {
      const detect::Annotation& a = stored.annotations.at(next);
      ASSERT_EQ(a.image_id, i + 1);
      EXPECT_EQ(made.classes()[static_cast<size_t>(sample.targets[k].label)].id, a.category_id);
      EXPECT_EQ(sample.targets[k].box.x1, static_cast<float>(a.bbox[0]));
      EXPECT_EQ(sample.targets[k].box.y2, static_cast<float>(a.bbox[1] + a.bbox[3]));
      EXPECT_EQ(sample.masks[k].shape.rle.counts, a.segmentation.rle.counts);
    }
  }
  EXPECT_EQ(next, stored.annotations.size());
  EXPECT_EQ(made.get(1).image.pixels, made.get_in(0, 1).image.pixels);
  EXPECT_NE(made.get(1).image.pixels, made.get_in(1, 1).image.pixels);
}

TEST_F(ScenesFolder, NoneToTrainOnLeavesThoseToMeasureOn) {
  options_.images = 0;
  make_scenes(folder_, options_);
  EXPECT_TRUE(read_coco(folder_ / "annotations/train.json").images.empty());
  EXPECT_EQ(read_coco(folder_ / "annotations/val.json").images.size(), 3U);
}

TEST_F(ScenesFolder, IsTheSameToTheByteForTheSameSeed) {
  make_scenes(folder_ / "a", options_);
  make_scenes(folder_ / "b", options_);
  EXPECT_EQ(bytes_of(folder_ / "a"), bytes_of(folder_ / "b"));
  options_.seed = 2;
  make_scenes(folder_ / "c", options_);
  EXPECT_NE(bytes_of(folder_ / "a"), bytes_of(folder_ / "c"));
}

TEST_F(ScenesFolder, WrongWishesAreRefusedBeforeAnythingIsWritten) {
  options_.size = 10;
  EXPECT_THROW(make_scenes(folder_, options_), Error);
  options_.size = 128;
  options_.val_images = 0;
  EXPECT_THROW(make_scenes(folder_, options_), Error);
  options_.val_images = 1;
  options_.source = folder_ / "nowhere";
  EXPECT_THROW(make_scenes(folder_, options_), Error);
  EXPECT_FALSE(fs::exists(folder_));
}

TEST_F(ScenesFolder, TheSameSetIsMadeOnceAndAnotherNeverOverIt) {
  ASSERT_EQ(make_scenes(folder_, options_), ScenesMade::now);
  const std::string before = bytes_of(folder_);
  EXPECT_EQ(make_scenes(folder_, options_), ScenesMade::before);
  options_.seed = 9;
  EXPECT_THROW(make_scenes(folder_, options_), Error);
  EXPECT_EQ(bytes_of(folder_), before);
}

TEST_F(ScenesFolder, ASetOfAnOlderVersionIsReadAsItIs) {
  make_scenes(folder_, options_);
  fs::rename(folder_ / "scenes.yaml", folder_ / "scenes.json");
  fs::remove(folder_ / ".spinenet");
  const std::string before = bytes_of(folder_);
  EXPECT_EQ(make_scenes(folder_, options_), ScenesMade::before);
  options_.seed = 9;
  EXPECT_THROW(make_scenes(folder_, options_), Error);
  EXPECT_EQ(bytes_of(folder_), before);
}

TEST_F(ScenesFolder, HalfASetIsMadeAgain) {
  make_scenes(folder_ / "whole", options_);
  make_scenes(folder_ / "half", options_);
  fs::remove(folder_ / "half/scenes.yaml");
  fs::resize_file(folder_ / "half/train/000002.jpg", 7);
  EXPECT_EQ(make_scenes(folder_ / "half", options_), ScenesMade::now);
  EXPECT_EQ(bytes_of(folder_ / "half"), bytes_of(folder_ / "whole"));
}

// Neighbours of a data set of the user's own: an annotation file, images alone, an empty folder in it, a link.
TEST_F(ScenesFolder, AFolderOfSomebodyElseStaysAsItIs) {
  for (const char* name : {"annotations/train.json", "train/000001.jpg", "val/mine.jpg", "notes.txt", ".hidden"}) {
    fs::create_directories((folder_ / name).parent_path());
    spinenet::fixture::put_file(folder_ / name, "precious");
    const std::string before = bytes_of(folder_);
    EXPECT_THROW(make_scenes(folder_, options_), Error) << name;
    EXPECT_EQ(bytes_of(folder_), before) << name;
    EXPECT_FALSE(fs::exists(folder_ / "lock")) << name;
    fs::remove_all(folder_);
  }
  fs::create_directories(folder_ / "elsewhere");
  fs::create_symlink(folder_ / "elsewhere", folder_ / "train");
  EXPECT_THROW(make_scenes(folder_, options_), Error);
  EXPECT_TRUE(fs::is_empty(folder_ / "elsewhere"));
}

TEST_F(ScenesFolder, OfTwoAtOnceTheSecondFindsThemMade) {
  std::atomic<int> made{0};
  {
    std::vector<std::jthread> both;
    for (int i = 0; i < 2; ++i) {
      both.emplace_back([&] { made += make_scenes(folder_ / "both", options_) == ScenesMade::now ? 1 : 0; });
    }
  }
  EXPECT_EQ(made, 1);
  make_scenes(folder_ / "alone", options_);
  EXPECT_EQ(bytes_of(folder_ / "both"), bytes_of(folder_ / "alone"));
}

TEST_F(ScenesFolder, WhoWaitsForAnotherGivesUpWhenAskedTo) {
  std::atomic<bool> begun{false}, let_go{false};
  ScenesWork first;
  first.progress = [&](int64_t, int64_t) {
    begun = true;
    let_go.wait(false);
  };
  std::jthread maker([&] { make_scenes(folder_, options_, first); });
  while (!begun) std::this_thread::yield();
  ScenesWork second;
  second.stop = [] { return true; };
  EXPECT_THROW(make_scenes(folder_, options_, second), Stopped);
  let_go = true;
  let_go.notify_all();
  maker.join();
  EXPECT_EQ(make_scenes(folder_, options_, second), ScenesMade::before) << "nothing is made or waited for";
}

TEST_F(ScenesFolder, WhoMakesThemStopsWhenAskedToAndTheSameCallGoesOn) {
  std::atomic<int64_t> made{0};
  ScenesWork work;
  work.progress = [&](int64_t done, int64_t) { made = done; };
  work.stop = [&] { return made >= 2; };
  EXPECT_THROW(make_scenes(folder_ / "stopped", options_, work), Stopped);
  EXPECT_LT(made, 9);
  EXPECT_FALSE(fs::exists(folder_ / "stopped/scenes.yaml"));
  EXPECT_EQ(make_scenes(folder_ / "stopped", options_), ScenesMade::now);
  make_scenes(folder_ / "whole", options_);
  EXPECT_EQ(bytes_of(folder_ / "stopped"), bytes_of(folder_ / "whole"));
}

}  // namespace
}  // namespace spinenet::data

#include "data/loading/loader.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "detect/anchors.h"

namespace spinenet::data {
namespace {

// Every image has one colour, its index in the red channel, so that pixels tell where they are from.
class NumberedImages : public Dataset {
 public:
  explicit NumberedImages(int64_t count, std::set<int64_t> bad = {}) : count_(count), bad_(std::move(bad)) {}
  int64_t size() const override { return count_; }
  LabelledImage get(int64_t index) const override {
    if (bad_.contains(index)) fail(ErrorKind::bad_data, "is broken", "image " + std::to_string(index));
    LabelledImage sample;
    sample.image_id = 1000 + index;
    sample.image = image::make_image(40 + static_cast<int>(index % 3) * 20, 60);
    for (size_t i = 0; i < sample.image.pixels.size(); i += 3) sample.image.pixels[i] = static_cast<uint8_t>(index);
    sample.targets = {{{10, 10, 40, 35}, static_cast<int>(index % 4), false}};
    return sample;
  }

 private:
  int64_t count_;
  std::set<int64_t> bad_;
};

LoaderOptions small(int threads = 1) {
  LoaderOptions options;
  options.batch = 4;
  options.size = 128;
  options.seed = 9;
  options.threads = threads;
  options.augment.brightness = 0;
  return options;
}

void expect_same(const Batch& a, const Batch& b) {
  EXPECT_EQ(a.step, b.step);
  EXPECT_EQ(a.image_ids, b.image_ids);
  EXPECT_EQ(a.pixels, b.pixels);
  EXPECT_EQ(a.labels, b.labels);
  EXPECT_EQ(a.yolo_labels, b.yolo_labels);
  ASSERT_EQ(a.targets.size(), b.targets.size());
  for (size_t i = 0; i < a.targets.size(); ++i) {
    ASSERT_EQ(a.targets[i].size(), b.targets[i].size());
    for (size_t t = 0; t < a.targets[i].size(); ++t) EXPECT_EQ(a.targets[i][t].box, b.targets[i][t].box);
  }
}

// The index that the red channel of an image's first pixel shows; the window always holds some of the image.
int64_t shown(const Batch& batch, int64_t image) {
  const image::Normalization n;
  const float red = batch.pixels[static_cast<size_t>(image * 3 * batch.height * batch.width)];
  return std::lround((red * n.deviation[0] + n.mean[0]) * 255);
}

TEST(LoaderTest, ThreadsDoNotChangeTheBatches) {
  const NumberedImages data(30);
  LoaderOptions options = small();
  options.anchors = detect::make_anchors({}, 128, 128);
  options.yolo_anchors = {{{10, 10}, {30, 20}, {80, 90}}, {{0, 1}, {2}}, {8, 32}, 0.213F};
  Loader one(data, options);
  options.threads = 2;
  Loader two(data, options);
  options.threads = 4;
  options.prefetch = 5;
  Loader four(data, options);
  for (int step = 0; step < 16; ++step) {
    const Batch batch = one.next();
    EXPECT_EQ(batch.labels.size(), 4U);
    ASSERT_EQ(batch.yolo_labels.size(), 4U);
    for (size_t i = 0; i < 4; ++i) {
      const YoloLabels labels = label_yolo(*options.yolo_anchors, {128, 128}, batch.targets[i]);
      EXPECT_EQ(batch.yolo_labels[i], labels);
      EXPECT_FALSE(labels.matches.empty() && !batch.targets[i].empty());
    }
    expect_same(batch, two.next());
    expect_same(batch, four.next());
  }
}

TEST(LoaderTest, EachEpochShowsEachImageOnceInAnotherOrder) {
  const NumberedImages data(32);
  Loader loader(data, small(2));
  ASSERT_EQ(loader.steps_per_epoch(), 8);
  std::vector<std::vector<int64_t>> epochs(3);
  for (auto& epoch : epochs) {
    for (int step = 0; step < 8; ++step) {
      const Batch batch = loader.next();
      for (int64_t i = 0; i < batch.images; ++i) {
        EXPECT_EQ(shown(batch, i), batch.image_ids[static_cast<size_t>(i)] - 1000);
        epoch.push_back(batch.image_ids[static_cast<size_t>(i)]);
      }
    }
    EXPECT_EQ(std::set<int64_t>(epoch.begin(), epoch.end()).size(), 32U);
  }
  EXPECT_NE(epochs[0], epochs[1]);
  EXPECT_NE(epochs[1], epochs[2]);
}

TEST(LoaderTest, SeekGivesTheVeryBatchOfThatStep) {
  const NumberedImages data(30);
  Loader through(data, small());
  std::vector<Batch> batches;
  for (int step = 0; step < 20; ++step) batches.push_back(through.next());
  Loader jumping(data, small(3));
  for (const int64_t step : {13, 2, 19, 0, 7}) {
    jumping.seek(step);
    expect_same(jumping.next(), batches[static_cast<size_t>(step)]);
  }
  expect_same(jumping.next(), batches[8]);
  EXPECT_THROW(jumping.seek(-1), Error);
}

LoaderOptions mixing(int threads) {
  LoaderOptions options = small(threads);
  options.augment.mosaic = options.augment.mixup = options.augment.erase = 0.5;
  options.augment.rotate = options.augment.shear = 10;
  return options;
}

TEST(LoaderTest, SeekGivesTheVeryBatchOfThatStepWhereImagesAreMixed) {
  const NumberedImages images(20);
  Loader straight(images, mixing(1)), jumping(images, mixing(3));
  std::vector<Batch> batches;
  for (int i = 0; i < 12; ++i) batches.push_back(straight.next());
  for (const int64_t step : {7, 0, 11, 3}) {
    jumping.seek(step);
    const Batch batch = jumping.next();
    const Batch& expected = batches[static_cast<size_t>(step)];
    EXPECT_EQ(batch.pixels, expected.pixels);
    ASSERT_EQ(batch.targets.size(), expected.targets.size());
    for (size_t i = 0; i < batch.targets.size(); ++i) EXPECT_EQ(batch.targets[i].size(), expected.targets[i].size());
  }
}

TEST(LoaderTest, TheLastEpochsMixNothing) {
  const NumberedImages images(20);
  LoaderOptions options = small();
  options.augment.mosaic = 1;
  options.mixed_epochs = 2;
  Loader loader(images, options);
  Loader plain(images, small());
  for (int64_t step = 0; step < 3 * loader.steps_per_epoch(); ++step) {
    const bool same = loader.next().pixels == plain.next().pixels;
    EXPECT_EQ(same, step >= 2 * loader.steps_per_epoch()) << step;
  }
}

TEST(LoaderTest, ABadImageThatWouldBeMixedInIsListedAndLeftOut) {
  const NumberedImages images(20, {5});
  LoaderOptions options = small();
  options.augment.mosaic = 1;
  Loader strict(images, options);
  EXPECT_THROW(for (int i = 0; i < 20; ++i) strict.next(), Error);
  options.bad_images = BadImagePolicy::skip;
  Loader loader(images, options);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(loader.next().images, 4);
  ASSERT_EQ(loader.bad_images().size(), 1U);
  EXPECT_EQ(loader.bad_images()[0].index, 5);
}

TEST(LoaderTest, SlicesOfTheRanksMakeTheBatchOfOneProcess) {
  const NumberedImages data(23);
  for (const bool train : {true, false}) {
    LoaderOptions options = small(2);
    options.train = train;
    Loader whole(data, options);
    options.world = 2;
    Loader first(data, options);
    options.rank = 1;
    Loader second(data, options);
    for (int64_t step = 0; step < 2 * whole.steps_per_epoch(); ++step) {
      const Batch want = whole.next();
      Batch got = first.next();
      const Batch rest = second.next();
      got.images += rest.images;
      got.pixels.insert(got.pixels.end(), rest.pixels.begin(), rest.pixels.end());
      got.image_ids.insert(got.image_ids.end(), rest.image_ids.begin(), rest.image_ids.end());
      got.targets.insert(got.targets.end(), rest.targets.begin(), rest.targets.end());
      EXPECT_EQ(got.images, want.images);
      expect_same(got, want);
    }
  }
}

TEST(LoaderTest, EvaluationShowsAllImagesInOrderWithTheirPlaceInTheCanvas) {
  const NumberedImages data(10);
  LoaderOptions options = small(2);
  options.train = false;
  Loader loader(data, options);
  ASSERT_EQ(loader.steps_per_epoch(), 3);
  int64_t index = 0;
  for (int step = 0; step < 3; ++step) {
    const Batch batch = loader.next();
    EXPECT_EQ(batch.images, step < 2 ? 4 : 2);
    for (size_t i = 0; i < batch.image_ids.size(); ++i, ++index) {
      EXPECT_EQ(batch.image_ids[i], 1000 + index);
      const LabelledImage sample = data.get(index);
      EXPECT_EQ(batch.letterboxes[i].height, sample.image.height);
      const detect::Box back = detect::from_canvas(batch.targets[i][0].box, batch.letterboxes[i]);
      EXPECT_GT(detect::iou(back, sample.targets[0].box), 0.999F);
    }
  }
}

TEST(LoaderTest, ABadImageStopsAtItsStep) {
  const NumberedImages data(12, {6});
  LoaderOptions options = small(3);
  options.train = false;
  Loader loader(data, options);
  EXPECT_EQ(loader.next().images, 4);
  try {
    loader.next();
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("image 6"), std::string::npos);
  }
  EXPECT_EQ(loader.next().image_ids[0], 1008);
}

TEST(LoaderTest, ASkippedImageIsReplacedByAWholeOneAndListed) {
  const std::set<int64_t> bad = {3, 4, 17};
  const NumberedImages data(24, bad);
  LoaderOptions options = small(1);
  options.bad_images = BadImagePolicy::skip;
  Loader loader(data, options);
  options.threads = 4;
  Loader parallel(data, options);
  for (int step = 0; step < 12; ++step) {
    const Batch batch = loader.next();
    expect_same(batch, parallel.next());
    ASSERT_EQ(batch.images, 4);
    for (int64_t i = 0; i < 4; ++i) {
      EXPECT_FALSE(bad.contains(shown(batch, i)));
      EXPECT_EQ(shown(batch, i), batch.image_ids[static_cast<size_t>(i)] - 1000) << "pixels of another image";
    }
  }
  const std::vector<BadImage> listed = loader.bad_images();
  ASSERT_EQ(listed.size(), 3U);
  EXPECT_EQ(listed[0].index, 3);
  EXPECT_NE(listed[2].reason.find("image 17"), std::string::npos);
}

TEST(LoaderTest, EvaluationLeavesSkippedImagesOut) {
  const NumberedImages data(8, {0, 1, 2, 3, 6});
  LoaderOptions options = small(2);
  options.train = false;
  options.bad_images = BadImagePolicy::skip;
  Loader loader(data, options);
  EXPECT_EQ(loader.next().images, 0);
  EXPECT_EQ(loader.next().image_ids, (std::vector<int64_t>{1004, 1005, 1007}));
  EXPECT_EQ(loader.bad_images().size(), 5U);
}

TEST(LoaderTest, ADataSetOfBadImagesAloneIsAnError) {
  const NumberedImages data(4, {0, 1, 2, 3});
  LoaderOptions options = small(2);
  options.bad_images = BadImagePolicy::skip;
  Loader loader(data, options);
  EXPECT_THROW(loader.next(), Error);
}

TEST(LoaderTest, OptionsThatDoNotGoTogetherAreRefused) {
  const NumberedImages data(10);
  const auto refused = [&](auto change) {
    LoaderOptions options = small();
    change(options);
    EXPECT_THROW(Loader(data, options), Error);
  };
  refused([](LoaderOptions& o) { o.batch = 0; });
  refused([](LoaderOptions& o) { o.batch = 11; });
  refused([](LoaderOptions& o) { o.threads = 0; });
  refused([](LoaderOptions& o) { o.prefetch = 0; });
  refused([](LoaderOptions& o) { o.world = 3; });
  refused([](LoaderOptions& o) { o.rank = 1; });
  refused([](LoaderOptions& o) { o.augment.scale_max = 0.1; });
  const NumberedImages none(0);
  EXPECT_THROW(Loader(none, small()), Error);
}

TEST(LoaderTest, CanBeLeftInTheMiddleOfItsWork) {
  const NumberedImages data(64);
  for (int i = 0; i < 20; ++i) {
    LoaderOptions options = small(4);
    options.prefetch = 6;
    Loader loader(data, options);
    loader.next();
    loader.seek(i);
    EXPECT_EQ(loader.next().step, i);
    EXPECT_GE(loader.wait_seconds(), 0);
  }
}

}  // namespace
}  // namespace spinenet::data

#include "train/run_record.h"

#include <functional>

#include <gtest/gtest.h>

#include "arch/families.h"
#include "base/error.h"
#include "base/folder_kinds.h"
#include "base/format.h"
#include "base/scratch_folder_fixture.h"

namespace spinenet::train {
namespace {

detect::Annotations two_images() {
  detect::Annotations a;
  a.categories = {{3, "cat", ""}, {8, "dog", ""}};
  a.images = {{1, "a.jpg", 40, 60}, {2, "b.jpg", 40, 60}};
  a.annotations.resize(2);
  a.annotations[0].image_id = 1;
  a.annotations[0].category_id = 3;
  a.annotations[0].bbox = {1, 2, 30, 20};
  a.annotations[0].segmentation.polygons = {{1, 2, 31, 2, 31, 22}};
  a.annotations[1].image_id = 2;
  a.annotations[1].category_id = 8;
  a.annotations[1].bbox = {5, 5, 10, 10};
  return a;
}

RunRecord record_with(const detect::Annotations& training) {
  RunRecord record;
  record.data = record_of(training.categories);
  record.data.training = record_of(training);
  record.data.validation = record_of(two_images());
  record.architecture = arch::named_architecture("spinenet-49");
  return record;
}

std::string told(const RunRecord& before, const RunRecord& now) {
  return fmt::format("{}", fmt::join(differences(before, now), "; "));
}

TEST(RunRecord, ReadsBackAsItWasWritten) {
  RunRecord record = record_with(two_images());
  EXPECT_EQ(told(run_record_from_json(to_json(record), "x"), record), "");
  record.data.validation.reset();
  EXPECT_EQ(told(run_record_from_json(to_json(record), "x"), record), "");
}

// Whatever a run learns from: each part of an annotation file.
TEST(RunRecord, NoticesEveryPartOfTheAnnotations) {
  using Change = std::function<void(detect::Annotations&)>;
  const std::vector<Change> changes{[](auto& a) { a.images[0].file_name = "c.jpg"; },
                                    [](auto& a) { a.images[0].height = 41; },
                                    [](auto& a) { a.images[1].id = 7; },
                                    [](auto& a) { std::swap(a.images[0], a.images[1]); },
                                    [](auto& a) { a.annotations[0].bbox[2] = 30.5; },
                                    [](auto& a) { a.annotations[0].category_id = 8; },
                                    [](auto& a) { a.annotations[0].image_id = 2; },
                                    [](auto& a) { a.annotations[0].crowd = true; },
                                    [](auto& a) { a.annotations[0].segmentation.polygons[0][5] = 21; },
                                    [](auto& a) { a.annotations[0].segmentation.polygons.clear(); },
                                    [](auto& a) {
                                      a.annotations[1].segmentation.rle.counts = {4, 9};
                                    }};
  const RunRecord before = record_with(two_images());
  for (size_t i = 0; i < changes.size(); ++i) {
    detect::Annotations changed = two_images();
    changes[i](changed);
    EXPECT_EQ(told(before, record_with(changed)),
              "the same number of training images, with other names, sizes, objects or order")
        << i;
  }
}

TEST(RunRecord, TellsNumbersWithBothValues) {
  const RunRecord before = record_with(two_images());
  detect::Annotations more = two_images();
  more.images.push_back({3, "c.jpg", 10, 10});
  more.annotations.push_back(more.annotations[1]);
  more.annotations.push_back(more.annotations[1]);
  EXPECT_EQ(told(before, record_with(more)), "2 training images, now 3; 2 training objects, now 4");
  RunRecord now = before;
  now.data.validation.reset();
  EXPECT_EQ(told(before, now), "a validation set, now none");
  EXPECT_EQ(told(now, before), "no validation set, now there is one");
  now = before;
  now.data.validation->images = 9;
  EXPECT_EQ(told(before, now), "2 validation images, now 9");
}

TEST(RunRecord, TellsOtherClassesAndAnotherNetwork) {
  const RunRecord before = record_with(two_images());
  RunRecord now = before;
  now.data.classes = 3;
  EXPECT_EQ(told(before, now), "2 classes, now 3");
  now.data = before.data;
  now.data.class_content = record_of({{3, "cat", ""}, {9, "dog", ""}}).class_content;
  EXPECT_EQ(told(before, now), "classes of other names or ids");
  now = before;
  now.architecture.scaling.block_repeats = 2;
  EXPECT_NE(told(before, now).find("another network"), std::string::npos);
}

TEST(RunRecord, OfAClassifierKnowsNamesAndLabels) {
  data::ClassSet set;
  set.classes = {{0, "apple", ""}, {1, "pear", ""}};
  set.images = {{1, "apple/1.png", 0}, {2, "pear/1.png", 1}};
  const SetRecord before = record_of(set);
  EXPECT_EQ(before.images, 2);
  set.images[1].label = 0;
  EXPECT_NE(record_of(set), before);
  set.images[1] = {2, "pear/2.png", 1};
  EXPECT_NE(record_of(set), before);
  data::FashionMnist garments{std::vector<uint8_t>(2 * data::kGarmentPixels, 7), {1, 2}};
  const SetRecord drawn = record_of(garments);
  EXPECT_EQ(drawn.images, 2);
  garments.pixels[900] = 8;
  EXPECT_NE(record_of(garments), drawn);
}

TEST(RunRecord, InAFolderIsComparedAndItsFileNamed) {
  const fixture::ScratchFolder scratch;
  const OwnedFolder run(scratch / "run", kTrainingRun);
  const RunRecord record = record_with(two_images());
  testing::internal::CaptureStderr();
  compare_record(run, record);
  EXPECT_NE(testing::internal::GetCapturedStderr().find("cannot be told"), std::string::npos);
  run.file(kRecordFile).write(to_text(to_json(record)));
  EXPECT_NO_THROW(compare_record(run, record));
  const auto refusal = [&](const RunRecord& now) -> std::string {
    try {
      compare_record(run, now);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::bad_data);
      return error.what();
    }
    return "accepted";
  };
  RunRecord now = record;
  now.data.training.images = 40;
  for (const char* part : {"run/record.json", "2 training images, now 40", "init.weights="}) {
    EXPECT_NE(refusal(now).find(part), std::string::npos) << refusal(now);
  }
  Json broken = to_json(record);
  for (const char* key : {"classes", "training", "validation", "architecture"}) {
    Json without = broken;
    without.erase(key);
    run.file(kRecordFile).write(to_text(without));
    EXPECT_NE(refusal(record).find(key), std::string::npos) << refusal(record);
  }
  broken["training"]["content"] = "no number";
  run.file(kRecordFile).write(to_text(broken));
  EXPECT_NE(refusal(record).find("content"), std::string::npos) << refusal(record);
}

}  // namespace
}  // namespace spinenet::train

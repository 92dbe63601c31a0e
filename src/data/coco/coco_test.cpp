#include "data/coco/coco.h"

#include <functional>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/output_fixture.h"
#include "base/random.h"
#include "data/coco/coco_check.h"
#include "data/coco/coco_fixture.h"

namespace spinenet::data {
namespace {

using fixture::box;
using fixture::coco;
using fixture::sound_box;

std::string message_of(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

// Random but sound content: ids with gaps, boxes with fractions, polygons, run-length codes, escapes in names.
detect::Annotations random_annotations(Random& random) {
  detect::Annotations all;
  const int64_t classes = 1 + random.below(5);
  for (int64_t i = 0; i < classes; ++i)
    all.categories.push_back({i * i + 3, fmt::format("class \"{}\"\n\\", i), i > 1 ? "s" : ""});
  const int64_t images = 1 + random.below(6);
  for (int64_t i = 0; i < images; ++i) {
    all.images.push_back(
        {i * 7 + 1, fmt::format("sub/{}\xC3\xA9.png", i), 20 + random.below(60), 20 + random.below(60)});
  }
  for (int64_t i = random.below(30); i > 0; --i) {
    const detect::ImageInfo& image = all.images[static_cast<size_t>(random.below(images))];
    detect::Annotation a;
    a.id = 1000 + i;
    a.image_id = image.id;
    a.category_id = all.categories[static_cast<size_t>(random.below(classes))].id;
    a.bbox = {random.uniform(0, 10), random.uniform(0, 10), random.uniform(1, 9), random.uniform(1, 9)};
    a.area = random.uniform(1, 80);
    if (random.chance(0.3)) a.segmentation.polygons = {{a.bbox[0], 1.5, 9, 2, 1e-7, 7.25}};
    if (a.segmentation.empty() && random.chance(0.5)) {
      a.segmentation.rle = detect::rle_from_box(a.bbox, image.height, image.width);
      a.crowd = random.chance(0.5);
    }
    all.annotations.push_back(a);
  }
  return all;
}

void expect_equal(const detect::Annotations& a, const detect::Annotations& b) {
  ASSERT_EQ(a.images.size(), b.images.size());
  ASSERT_EQ(a.annotations.size(), b.annotations.size());
  ASSERT_EQ(a.categories.size(), b.categories.size());
  for (size_t i = 0; i < a.images.size(); ++i) {
    EXPECT_EQ(a.images[i].id, b.images[i].id);
    EXPECT_EQ(a.images[i].file_name, b.images[i].file_name);
    EXPECT_EQ(a.images[i].height, b.images[i].height);
    EXPECT_EQ(a.images[i].width, b.images[i].width);
  }
  for (size_t i = 0; i < a.categories.size(); ++i) {
    EXPECT_EQ(a.categories[i].id, b.categories[i].id);
    EXPECT_EQ(a.categories[i].name, b.categories[i].name);
    EXPECT_EQ(a.categories[i].supercategory, b.categories[i].supercategory);
  }
  for (size_t i = 0; i < a.annotations.size(); ++i) {
    const detect::Annotation& x = a.annotations[i];
    const detect::Annotation& y = b.annotations[i];
    EXPECT_EQ(x.id, y.id);
    EXPECT_EQ(x.image_id, y.image_id);
    EXPECT_EQ(x.category_id, y.category_id);
    EXPECT_EQ(x.bbox, y.bbox);
    EXPECT_EQ(x.area, y.area);
    EXPECT_EQ(x.crowd, y.crowd);
    EXPECT_EQ(x.segmentation.polygons, y.segmentation.polygons);
    EXPECT_EQ(x.segmentation.rle, y.segmentation.rle);
  }
}

TEST(Coco, WrittenAndReadIsTheSame) {
  Random random(3);
  for (int i = 0; i < 200; ++i) {
    const detect::Annotations all = random_annotations(random);
    expect_equal(parse_coco(to_text(to_json(all)), "t"), all);
    expect_equal(parse_coco(to_json(all).dump(), "t"), all);
  }
}

TEST(Coco, ReadsTheOrderOfTheFileWhateverTheOrderOfItsKeys) {
  const detect::Annotations all = parse_coco(
      R"({"annotations":[{"bbox":[1,2,3,4],"iscrowd":0,"area":12,"category_id":90,"image_id":2,"id":5},
          {"id":4,"image_id":1,"category_id":3,"bbox":[1,2,3,4],"iscrowd":1,"area":12}],
          "categories":[{"name":"late","id":90},{"name":"early","id":3,"supercategory":"s"}],
          "images":[{"file_name":"b/c.png","id":2,"width":20,"height":10,"license":1},
                    {"file_name":"a.png","id":1,"width":9,"height":9}]})",
      "t");
  EXPECT_EQ(all.images[0].id, 2);
  EXPECT_EQ(all.images[0].height, 10);
  EXPECT_EQ(all.annotations[0].id, 5);
  EXPECT_TRUE(all.annotations[1].crowd);
  const std::vector<detect::Category> classes = class_list(all);
  EXPECT_EQ(classes[0].id, 90);
  EXPECT_EQ(classes[1].supercategory, "s");
}

TEST(Coco, SegmentationsAreReadOnlyWhenAskedFor) {
  const std::string text = coco(box(1, "[0,0,10,10]", "50", R"(,"segmentation":[[0,0,10,0,0,10]])"));
  EXPECT_FALSE(parse_coco(text, "t").annotations[0].segmentation.empty());
  CocoReadOptions boxes_only;
  boxes_only.segmentations = false;
  EXPECT_TRUE(parse_coco(text, "t", boxes_only).annotations[0].segmentation.empty());
  const std::string broken = coco(box(1, "[0,0,10,10]", "50", R"(,"segmentation":[[0,0]])"));
  EXPECT_THROW(parse_coco(broken, "t"), Error);
  EXPECT_NO_THROW(parse_coco(broken, "t", boxes_only));
}

TEST(Coco, MessageNamesFilePlacesAndRemedies) {
  const std::string one = message_of([] { parse_coco(coco(box(1, "[1,2,3]", "6")), "train.json"); });
  EXPECT_EQ(
      one,
      "train.json: /annotations/0/bbox: the bbox has 3 numbers (D019); write bbox as [x, y, width, height] in pixels");
  const std::string many = message_of([] {
    parse_coco(coco(sound_box(1) + "," + box(1, "[1,2,3]", "6") + "," + box(2, "[1,2,-3,4]", "6")), "train.json");
  });
  for (const char* part : {"train.json: 3 faults", "D014 /annotations/1/id", "D019 /annotations/1/bbox",
                           "D020 /annotations/2/bbox", "data check"}) {
    EXPECT_NE(many.find(part), std::string::npos) << many;
  }
}

TEST(Coco, SkipLeavesOutAndCounts) {
  const std::string images = std::string(fixture::kImage) + R"(,{"id":2,"file_name":"b.png"},{"id":"x"})";
  const std::string of_unsized = R"({"id":3,"image_id":2,"category_id":1,"bbox":[1,2,3,4],"area":12,"iscrowd":0})";
  const std::string text =
      coco(sound_box(1) + "," + box(2, "[1,2,-3,4]", "12") + "," + of_unsized + "," + sound_box(4), images);
  EXPECT_THROW(parse_coco(text, "t"), Error);
  CocoReadOptions skip;
  skip.policy = DataPolicy::skip;
  Skipped skipped;
  const detect::Annotations all = parse_coco(text, "t", skip, &skipped);
  ASSERT_EQ(all.annotations.size(), 2U);
  EXPECT_EQ(all.annotations[1].id, 4);
  ASSERT_EQ(all.images.size(), 1U);
  EXPECT_EQ(skipped.images, 2);
  EXPECT_EQ(skipped.annotations, 2);
  EXPECT_EQ(skipped.faults, (std::map<std::string, int64_t>{{"D012", 1}, {"D020", 1}, {"D033", 1}}));
  for (const char* whole : {"", "{", "[]", R"({"images":[]})", R"({"images":[],"images":[]})", "184467440737095516152%",
                            R"({"images":[{"id":1e999}]})"}) {
    EXPECT_THROW(parse_coco(whole, "t", skip), Error) << whole;
  }
}

TEST(Coco, MissingFileIsNamed) {
  const std::string what = message_of([] { read_coco("no/such/file.json"); });
  EXPECT_NE(what.find("no/such/file.json"), std::string::npos);
}

TEST(Coco, LargeFileIsRefusedUnread) {
  const auto path = std::filesystem::path(testing::TempDir()) / "coco_large.json";
  spinenet::fixture::put_file(path, coco(sound_box()) + std::string(5000, ' '));
  CocoReadOptions small;
  small.limits.max_file_bytes = 4000;
  EXPECT_NE(message_of([&] { read_coco(path, small); }).find("D008"), std::string::npos);
  EXPECT_EQ(read_coco(path).annotations.size(), 1U);
  std::filesystem::remove(path);
}

TEST(Coco, ClassesMustBeTheSameInAnyOrder) {
  const std::vector<detect::Category> train{{1, "cat", ""}, {3, "dog", ""}, {90, "owl", ""}};
  const std::vector<detect::Category> turned{{90, "owl", ""}, {1, "cat", "animal"}, {3, "dog", ""}};
  EXPECT_NO_THROW(check_same_classes(train, turned));
  const std::vector<detect::Category> fewer{{1, "cat", ""}, {3, "dog", ""}};
  const std::vector<detect::Category> renamed{{1, "cat", ""}, {3, "fox", ""}, {90, "owl", ""}};
  const std::string missing = message_of([&] { check_same_classes(train, fewer); });
  EXPECT_NE(missing.find("90 \"owl\" is missing in the second"), std::string::npos) << missing;
  const std::string extra = message_of([&] { check_same_classes(fewer, train); });
  EXPECT_NE(extra.find("90 \"owl\" is missing in the first"), std::string::npos) << extra;
  const std::string other = message_of([&] { check_same_classes(train, renamed); });
  EXPECT_NE(other.find("\"fox\""), std::string::npos) << other;
}

// Any byte of a sound file changed, added or removed: read, or refused with a message, and nothing else.
TEST(Coco, DamagedBytesNeverDoMoreThanThrow) {
  Random random(11);
  const std::string whole =
      coco(box(1, "[0,0,10,10]", "50", R"(,"segmentation":[[0,0,10,0,0,10]])") + "," +
           box(2, "[0,0,200,100]", "20000", R"(,"segmentation":{"size":[100,200],"counts":"0PcL"})"));
  for (int i = 0; i < 20000; ++i) {
    std::string text = whole;
    for (int64_t n = 1 + random.below(3); n > 0; --n) {
      const auto at = static_cast<size_t>(random.below(static_cast<int64_t>(text.size())));
      if (random.chance(0.3))
        text.erase(at, 1);
      else if (random.chance(0.5))
        text[at] = static_cast<char>(random.below(256));
      else
        text.insert(at, 1, "[]{},:\"0-."[random.below(10)]);
    }
    const CheckReport report = check_coco_text(text);
    const bool refused = !message_of([&] { parse_coco(text, "t"); }).empty();
    EXPECT_EQ(refused, report.errors > 0) << text;
  }
}

TEST(Coco, RealFilesAreRead) {
  const std::filesystem::path data = std::filesystem::path(SPINENET_SHARED_DIR) / "data";
  if (!std::filesystem::exists(data)) GTEST_SKIP() << "no shared data sets on this machine";
  struct Case {
    const char* path;
    size_t images, annotations, categories;
  };
  for (const Case& of :
       {Case{"aquarium/annotations/val.json", 127, 909, 7}, Case{"bccd/annotations/train.json", 205, 2804, 3},
        Case{"nuclei/annotations/val.json", 50, 1675, 1}, Case{"coco_cc/annotations/val.json", 24, 280, 80},
        Case{"coco_golden/instances_val2014_100.json", 100, 839, 80}}) {
    const detect::Annotations all = read_coco(data / of.path);
    EXPECT_EQ(all.images.size(), of.images) << of.path;
    EXPECT_EQ(all.annotations.size(), of.annotations) << of.path;
    EXPECT_EQ(all.categories.size(), of.categories) << of.path;
    EXPECT_EQ(check_coco(data / of.path).errors, 0) << of.path;
    expect_equal(parse_coco(to_json(all).dump(), "t"), all);
  }
}

}  // namespace
}  // namespace spinenet::data

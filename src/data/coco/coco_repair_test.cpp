// What `data fix` makes of objects: none with a good box or mask is lost, and what was done is counted.
#include <gtest/gtest.h>

#include "base/error.h"
#include "data/coco/coco.h"
#include "data/coco/coco_check.h"
#include "data/coco/coco_fixture.h"

namespace spinenet::data {
namespace {

using fixture::coco;
using RepairCounts = std::map<std::string, int64_t>;
using Polygons = std::vector<std::vector<double>>;

struct Repaired {
  FixReport report;
  detect::Annotations copy;
};

Repaired repaired(const std::string& text, const CheckOptions& options = {}) {
  Repaired made;
  std::string copy;
  made.report = fix_coco_text(text, {}, copy, options);
  made.copy = parse_coco(copy, "copy");
  for (const auto& [code, count] : check_coco_text(copy).counts) {
    for (int i = 0; i < kFaultCount; ++i) {
      const auto fault = static_cast<Fault>(i);
      EXPECT_TRUE(data::code(fault) != code || !rule(fault).fixable) << code << " is left: " << copy;
    }
  }
  return made;
}

std::string object(std::string_view bbox, std::string_view segmentation, std::string_view area = "2500") {
  return fmt::format(R"({{"id":1,"image_id":1,"category_id":1,"bbox":{},"area":{},"iscrowd":0,"segmentation":{}}})",
                     bbox, area, segmentation);
}

const Polygons kSquare{{10, 10, 60, 10, 60, 60, 10, 60}};

TEST(CocoRepair, PolygonsNestedOtherwiseAreGroupedAgain) {
  for (const char* nested : {"[[[10,10,60,10,60,60,10,60]]]", "[10,10,60,10,60,60,10,60]",
                             "[[[10,10],[60,10],[60,60],[10,60]]]", "[[10,10],[60,10],[60,60],[10,60]]",
                             "[[[[10,10,60,10,60,60,10,60]]]]", "[[[[10,10],[60,10],[60,60],[10,60]]]]"}) {
    const Repaired made = repaired(coco(object("[10,10,50,50]", nested)));
    ASSERT_EQ(made.copy.annotations.size(), 1U) << nested;
    EXPECT_EQ(made.copy.annotations[0].segmentation.polygons, kSquare) << nested;
    EXPECT_EQ(made.copy.annotations[0].area, 2500);
    EXPECT_EQ(made.report.changes.polygons_regrouped, 1);
    EXPECT_EQ(made.report.changes.polygons_left_out, 0);
    EXPECT_EQ(made.report.dropped_annotations, 0);
    EXPECT_TRUE(made.report.left.empty());
    EXPECT_THROW(parse_coco(coco(object("[10,10,50,50]", nested)), "t"), Error) << "reading does not convert";
  }
  const Repaired two = repaired(coco(object("[0,0,60,60]", "[[[0,0,9,0,0,9],[50,50,60,50,50,60]]]", "90.5")));
  EXPECT_EQ(two.copy.annotations[0].segmentation.polygons.size(), 2U);
  const Repaired parts =
      repaired(coco(object("[0,0,60,60]", "[[[0,0],[9,0],[0,9]],[[50,50],[60,50],[50,60]]]", "90.5")));
  EXPECT_EQ(parts.copy.annotations[0].segmentation.polygons.size(), 2U);
}

TEST(CocoRepair, WhatIsNoPolygonForCertainLeavesTheBox) {
  for (const char* uncertain :
       {"[[10,10,50,50]]", "[10,10,50,50]", "[[]]", "[[10,10],[60,60]]", "[[10,10,60,10,60]]", "[{\"x\":1,\"y\":2}]",
        "[1]", "[[[0,0],[60,0],[60,60],[0,60]],[[10,10],[20,10],[20,20]]]", "[[10,10,60,10,60,\"60\"]]", "[null]"}) {
    const Repaired made = repaired(coco(object("[10,10,50,50]", uncertain)));
    ASSERT_EQ(made.copy.annotations.size(), 1U) << uncertain;
    EXPECT_TRUE(made.copy.annotations[0].segmentation.empty()) << uncertain;
    EXPECT_EQ(made.copy.annotations[0].bbox, (std::array<double, 4>{10, 10, 50, 50}));
    EXPECT_EQ(made.copy.annotations[0].area, 2500);
    EXPECT_EQ(made.report.changes.boxes_without_mask, 1) << uncertain;
    EXPECT_GE(made.report.changes.polygons_left_out, 1) << uncertain;
  }
  for (const char* other : {"true", "7", "\"[[1,2]]\"", "{\"size\":[1,1],\"counts\":[1]}", "{\"counts\":\"x\"}"}) {
    const Repaired made = repaired(coco(object("[10,10,50,50]", other)));
    ASSERT_EQ(made.copy.annotations.size(), 1U) << other;
    EXPECT_EQ(made.report.changes.masks_left_out, 1) << other;
  }
}

TEST(CocoRepair, ABoxThatCannotBeUsedIsTakenFromTheMask) {
  for (const char* bbox : {"null", "[]", "[1,2,3]", "\"10 10 50 50\"", "[60,60,-50,-50]", "[10,10,0,50]",
                           "[900,10,5,5]", "[1e8,1,1,1]", "{}", "true"}) {
    for (const char* mask : {"[[10,10,60,10,60,60,10,60]]", "[10,10,60,10,60,60,10,60]"}) {
      const Repaired made = repaired(coco(object(bbox, mask)));
      ASSERT_EQ(made.copy.annotations.size(), 1U) << bbox;
      EXPECT_EQ(made.copy.annotations[0].bbox, (std::array<double, 4>{10, 10, 50, 50})) << bbox;
      EXPECT_EQ(made.report.changes.boxes_from_masks, 1);
    }
  }
  const Repaired rle = repaired(coco(object("null", R"({"size":[100,200],"counts":[1010,10,90,10,18880]})", "20")));
  EXPECT_EQ(rle.copy.annotations[0].bbox, (std::array<double, 4>{10, 10, 2, 10}));
  const Repaired outside = repaired(coco(object("null", "[[150,10,260,10,260,60,150,60]]", "5500")));
  EXPECT_EQ(outside.copy.annotations[0].bbox, (std::array<double, 4>{150, 10, 50, 50})) << "within the image";
}

TEST(CocoRepair, OnlyWhatHasNeitherBoxNorMaskIsLeftOut) {
  for (const char* mask : {"[[10,10,50,50]]", "null", "[]", "[[300,300,310,300,310,310]]", "\"x\""}) {
    const Repaired made = repaired(coco(object("[1,2,3]", mask) + "," + fixture::sound_box(2)));
    EXPECT_EQ(made.copy.annotations.size(), 1U) << mask;
    EXPECT_EQ(made.report.dropped_annotations, 1) << mask;
    EXPECT_EQ(made.report.changes.dropped_without_box, 1) << mask;
    EXPECT_EQ(made.report.changes.polygons_left_out, 0) << "of what is left out nothing is said";
  }
}

TEST(CocoRepair, IdsFlagsNamesAndSizesAreWritten) {
  const std::string text = R"({"categories":[{"x":1,"id":1,"name":7,"supercategory":3}],"note":{"b":1,"a":[2.5,"e"]},)"
                           R"("images":[{"id":1,"file_name":"a.png","height":"100","width":200.0,"z":null}],)"
                           R"("annotations":[{"k":1,"iscrowd":true,"id":"one","image_id":1,"bbox":[10,20,30,40],)"
                           R"("category_id":1,"a":2}]})";
  std::string copy;
  const FixReport report = fix_coco_text(text, {}, copy);
  EXPECT_EQ(copy, R"({"categories":[{"x":1,"id":1,"name":"7","supercategory":"3"}],"note":{"b":1,"a":[2.5,"e"]},)"
                  R"("images":[{"id":1,"file_name":"a.png","height":100,"width":200,"z":null}],)"
                  R"("annotations":[{"k":1,"iscrowd":1,"id":1,"image_id":1,"bbox":[10,20,30,40],)"
                  R"("category_id":1,"a":2,"area":1200}]})"
                  "\n");
  EXPECT_EQ(report.repaired, (RepairCounts{{"D012", 1}, {"D027", 1}, {"D031", 1}, {"D033", 1}, {"D039", 2}}));
  EXPECT_TRUE(report.left.empty());
  EXPECT_TRUE(parse_coco(copy, "copy").annotations[0].crowd);
}

TEST(CocoRepair, AMissingSizeIsTakenFromTheRunLengthCodes) {
  const std::string mask = R"({"size":[100,200],"counts":[1010,10,90,10,18880]})";
  const std::string bare = R"({"id":1,"file_name":"a.png"})";
  const Repaired made = repaired(coco(object("[10,10,2,10]", mask, "20"), bare));
  EXPECT_EQ(made.report.repaired, (RepairCounts{{"D033", 1}}));
  EXPECT_TRUE(made.report.left.empty());
  ASSERT_EQ(made.copy.images.size(), 1U);
  EXPECT_EQ(made.copy.images[0].height, 100);
  EXPECT_EQ(made.copy.images[0].width, 200);
  EXPECT_EQ(made.copy.annotations[0].segmentation.rle.width, 200);
  EXPECT_EQ(made.report.changes.image_sizes_written, 1);
  const CheckReport report = check_coco_text(coco(object("[10,10,2,10]", mask, "20"), bare));
  EXPECT_EQ(report.counts, (RepairCounts{{"D033", 1}}));
  EXPECT_NE(report.findings[0].message.find("200 x 100 (width x height)"), std::string::npos)
      << report.findings[0].message;
}

TEST(CocoRepair, RunLengthCodesThatDisagreeGiveNoSize) {
  const std::string masks = object("[10,10,2,10]", R"({"size":[100,200],"counts":[1010,10,90,10,18880]})", "20") + "," +
                            R"({"id":2,"image_id":1,"category_id":1,"bbox":[10,10,2,10],"area":20,"iscrowd":0,)" +
                            R"("segmentation":{"size":[200,100],"counts":[2010,10,190,10,17780]}})";
  std::string copy;
  const FixReport report = fix_coco_text(coco(masks, R"({"id":1,"file_name":"a.png"})"), {}, copy);
  EXPECT_EQ(report.left.count("D033"), 1U);
  EXPECT_EQ(report.changes.image_sizes_written, 0);
  std::string text;
  const FixReport given =
      fix_coco_text(coco(object("[1,2,3,4]", "null", "12"), R"({"id":1,"file_name":"a.png"})"), {}, text);
  EXPECT_EQ(given.left.count("D033"), 1U) << "without masks";
}

}  // namespace
}  // namespace spinenet::data

#include "arch/yolo_head.h"

#include <functional>

#include <gtest/gtest.h>

#include "arch/families.h"
#include "arch/text.h"
#include "base/error.h"

namespace spinenet::arch {
namespace {

std::string refusal_of(const std::string& name, const std::function<void(Architecture&)>& edit) {
  Architecture a = named_architecture(name);
  a.head_kind = HeadKind::yolo;
  edit(a);
  try {
    validate(a);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::bad_data);
    return error.what();
  }
  return "accepted";
}

TEST(CompleteYoloHead, DividesAnchorsEvenly) {
  Architecture a = named_architecture("spinenet-49");
  a.yolo.anchors.assign(10, {20, 30});
  const YoloHead head = complete_yolo_head(a);
  EXPECT_EQ(head.anchors_of_level, (std::vector<std::vector<int>>{{0, 1}, {2, 3}, {4, 5}, {6, 7}, {8, 9}}));
  EXPECT_EQ(head.scale_xy, std::vector<double>(5, kDefaultScaleXy));
}

TEST(CompleteYoloHead, LeavesWhatIsGiven) {
  const Architecture a = named_architecture("yolov4");
  EXPECT_EQ(complete_yolo_head(a), a.yolo);
}

TEST(ValidateYoloHead, NamesWhatIsWrong) {
  struct Case {
    std::function<void(YoloHead&)> edit;
    const char* words;
  };
  const std::vector<Case> cases{
      {[](YoloHead& h) { h.anchors.pop_back(); }, "level 5 of the YOLO head has anchor 8; there are anchors 0 to 7"},
      {[](YoloHead& h) {
         h.anchors[0] = {0, 4};
       },
       "an anchor of the YOLO head is 0 x 4 pixels"},
      {[](YoloHead& h) {
         h.anchors.assign(65, {4, 4});
       },
       "has 65 anchors; use up to 64"},
      {[](YoloHead& h) { h.anchors_of_level.pop_back(); }, "has 2 lists, and there are 3 levels"},
      {[](YoloHead& h) { h.anchors_of_level[1].clear(); }, "no anchor on level 4"},
      {[](YoloHead& h) {
         h.anchors_of_level[1] = {3, 3};
       },
       "has anchor 3 twice"},
      {[](YoloHead& h) { h.anchors.clear(); }, "anchors_of_level and no anchors"},
      {[](YoloHead& h) {
         h.anchors_of_level.clear();
         h.anchors.pop_back();
       },
       "8 anchors cannot be divided among 3 levels"},
      {[](YoloHead& h) { h.scale_xy = {1.1}; }, "scale_xy has 1 numbers"},
      {[](YoloHead& h) { h.scale_xy[0] = 0.5; }, "scale_xy 0.5"},
      {[](YoloHead& h) { h.iou_threshold = 0; }, "iou_threshold 0"},
      {[](YoloHead& h) { h.convs = 65; }, "65 convs"}};
  for (const Case& c : cases) {
    const std::string found = refusal_of("yolov4", [&](Architecture& a) { c.edit(a.yolo); });
    EXPECT_NE(found.find(c.words), std::string::npos) << found;
    EXPECT_TRUE(found.starts_with("architecture yolov4: ")) << found;
  }
}

TEST(ValidateYoloNecks, NameLevelsAndHeads) {
  const auto of = [](const char* name, const std::function<void(Architecture&)>& edit) {
    return refusal_of(name, edit);
  };
  EXPECT_NE(of("yolov4", [](Architecture& a) { a.max_level = 7; }).find("a PAN gives levels 3 to 5"),
            std::string::npos);
  EXPECT_NE(of("yolov4", [](Architecture& a) { a.head_kind = HeadKind::retina; }).find("set head_kind yolo"),
            std::string::npos);
  EXPECT_NE(of("yolov4-tiny", [](Architecture& a) { a.min_level = 3; }).find("levels 4 and 5"), std::string::npos);
  EXPECT_NE(of("yolov4-tiny", [](Architecture& a) { a.head_kind = HeadKind::retina; }).find("different widths"),
            std::string::npos);
  EXPECT_EQ(of("spinenet-49", [](Architecture&) {}), "accepted");
}

TEST(YoloText, KeepsEveryField) {
  Architecture a = named_architecture("spinenet-49");
  a.head_kind = HeadKind::yolo;
  a.yolo = {{{4, 5.5}, {6, 7}, {8, 9}, {10, 11}, {12, 13}, {3, 3}},
            {{0, 5}, {1}, {2}, {3}, {4}},
            {1, 1.1, 1.2, 1.3, 1.4},
            0.5,
            2,
            Activation::swish};
  EXPECT_EQ(architecture_from_json(to_json(a), "a"), a);
  EXPECT_EQ(to_json(named_architecture("spinenet-49")).count("yolo"), 0U);
  Json json = to_json(a);
  json["yolo"]["anchors"][1] = {1, 2, 3};
  try {
    architecture_from_json(json, "a.json");
    FAIL() << "was read";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("a.json/yolo/anchors/1"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace spinenet::arch

#include "arch/task.h"

#include <gtest/gtest.h>

#include "arch/families.h"
#include "base/error.h"

namespace spinenet::arch {
namespace {

TEST(TaskNames, FindTheirTask) {
  for (const Task task : values_of<Task>()) EXPECT_EQ(task_named(name_of(task)), task);
}

TEST(TaskNames, ProposeTheNearest) {
  for (const auto& [name, words] :
       {std::pair{"clasify", "did you mean \"classify\"?"}, {"xyz", "use one of detect, segment"}}) {
    try {
      task_named(name);
      FAIL() << name;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage);
      EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << error.what();
    }
  }
}

TEST(TaskOfArchitecture, IsToDetectWhereThereIsAPyramid) {
  EXPECT_EQ(default_task(named_architecture("spinenet-49")), Task::detect);
  EXPECT_EQ(default_task(named_architecture("resnet-50-fpn")), Task::detect);
  EXPECT_EQ(default_task(named_architecture("resnet-50")), Task::classify);
  for (const Task task : values_of<Task>()) EXPECT_NO_THROW(require_task(named_architecture("r0-sp53"), task));
}

TEST(TaskOfArchitecture, IsRefusedWithoutThePyramidThatItNeeds) {
  try {
    require_task(named_architecture("resnet-50"), Task::segment);
    FAIL() << "was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    for (const char* word : {"resnet-50", "cannot segment", "resnet-50-fpn"}) {
      EXPECT_NE(std::string(error.what()).find(word), std::string::npos) << error.what();
    }
  }
}

TEST(TaskOfArchitecture, IsNotToSegmentUnderAYoloHead) {
  for (const char* name : {"yolov4", "yolov4-tiny"}) {
    EXPECT_EQ(default_task(named_architecture(name)), Task::detect);
    EXPECT_TRUE(can_do(named_architecture(name), Task::classify));
    try {
      require_task(named_architecture(name), Task::segment);
      FAIL() << "was accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage);
      EXPECT_NE(std::string(error.what()).find("a YOLO head gives boxes and no masks"), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace spinenet::arch

// What holds for images, parts and names whatever format they come from.
#include "data/convert/set_reading.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "base/format.h"
#include "base/scratch_folder_fixture.h"
#include "data/convert/convert.h"
#include "data/convert/set_csv.h"
#include "data/convert/set_cvat.h"
#include "data/convert/set_files_fixture.h"
#include "data/convert/set_label_studio.h"
#include "image/decode.h"

namespace spinenet::data {
namespace {

using fixture::put;
using fixture::put_image;
using spinenet::fixture::ScratchFolder;

constexpr std::string_view kCsvHeader = "file,width,height,x1,y1,x2,y2,class\n";

TEST(PartNames, AreKnownInAnyCaseAndForm) {
  for (const char* name : {"train", "Train", "TRAINING", " training "}) EXPECT_EQ(part_named(name), SetPart::train);
  for (const char* name : {"val", "valid", "Validation"}) EXPECT_EQ(part_named(name), SetPart::val);
  for (const char* name : {"test", "Testing"}) EXPECT_EQ(part_named(name), SetPart::test);
  for (const char* name : {"all", "Default"}) EXPECT_EQ(part_named(name), SetPart::all);
  for (const char* name : {"holdout", "", "trainval", "tr"}) EXPECT_EQ(part_named(name), std::nullopt) << name;
}

TEST(PartNames, OtherOnesAreCountedInEveryFormat) {
  const char* phrase = "parts named \"holdout\", which is none of train, val and test";
  SetReading cvat({});
  parse_cvat(
      "<annotations><image name=\"a.png\" width=\"9\" height=\"9\" subset=\"Validation\"/>"
      "<image name=\"b.png\" width=\"9\" height=\"9\" subset=\"holdout\"/></annotations>",
      "c.xml", cvat);
  SetReading csv({});
  parse_csv_set(
      "file,width,height,x1,y1,x2,y2,class,split\na.png,9,9,1,1,5,5,cat,valid\nb.png,9,9,1,1,5,5,cat,holdout\n",
      "c.csv", csv);
  SetReading tasks({});
  parse_label_studio(
      R"([{"data": {"image": "a.png", "width": 9, "height": 9, "part": "Valid"}, "annotations": [{"result": []}]},
          {"data": {"image": "b.png", "width": 9, "height": 9, "part": "holdout"}, "annotations": [{"result": []}]}])",
      "t.json", tasks);
  for (SetReading* reading : {&cvat, &csv, &tasks}) {
    EXPECT_EQ(reading->set().images.at(0).part, SetPart::val);
    EXPECT_EQ(reading->set().images.at(1).part, SetPart::all);
    ASSERT_TRUE(reading->left_out().contains(phrase));
    EXPECT_EQ(reading->left_out().at(phrase), 1);
  }
}

TEST(SetNames, OfTwoImagesAreRefusedInEveryFormat) {
  SetReading cvat({});
  const char* image = "<image name=\"a.png\" width=\"9\" height=\"9\"/>";
  EXPECT_REFUSED(parse_cvat(fmt::format("<annotations>{0}\n{0}</annotations>", image), "c.xml", cvat),
                 "c.xml:2: two images have the name \"a.png\"; the other one is in c.xml:1");
  SetReading tasks({});
  const auto task = [](const char* address) {
    return fmt::format(R"({{"data": {{"image": "{}", "width": 9, "height": 9}}, "annotations": [{{"result": []}}]}})",
                       address);
  };
  EXPECT_REFUSED(parse_label_studio(fmt::format("[{}, {}]", task("s3://x/1.jpg"), task("s3://y/1.jpg")), "t", tasks),
                 "two images have the name \"1.jpg\"");
  const ScratchFolder scratch;
  put(scratch / "coco.json", R"({"annotations": [], "categories": [], "images": [
      {"id": 1, "file_name": "a.png", "width": 9, "height": 9},
      {"id": 2, "file_name": "./a.png", "width": 9, "height": 9}]})");
  EXPECT_REFUSED(read_set(SetFormat::coco, scratch / "coco.json", {}), "two images have the name \"./a.png\"");
  const char* voc =
      "<annotation><filename>same.jpg</filename><size><width>9</width><height>9</height></size></annotation>";
  put(scratch / "voc/Annotations/a.xml", voc);
  put(scratch / "voc/Annotations/b.xml", voc);
  EXPECT_REFUSED(read_set(SetFormat::voc, scratch / "voc", {}), "two images have the name \"same.jpg\"");
}

TEST(SetNames, ThatAreNotUtf8AreRefused) {
  const ScratchFolder scratch;
  put(scratch / "data.yaml", "train: images\nnames: [cat]\n");
  put_image(scratch / "images/caf\xE9.png", 9, 9);
  EXPECT_REFUSED(read_set(SetFormat::yolo, scratch.path(), {}), "the file name \"caf\\xe9.png\" is not UTF-8");
  put(scratch / "voc/Annotations/caf\xE9.xml",
      "<annotation><size><width>9</width><height>9</height></size></annotation>");
  EXPECT_REFUSED(read_set(SetFormat::voc, scratch / "voc", {}), "the file name \"caf\\xe9.jpg\" is not UTF-8");
}

// The size of an image at hand is compared, also where the format states one.
TEST(SetSizes, OtherThanThoseOfTheImagesAreCounted) {
  const ScratchFolder scratch;
  put_image(scratch / "images/a.png", 80, 100);
  put_image(scratch / "images/b.png", 160, 200);
  put_image(scratch / "images/c.png", 100, 80);
  put(scratch / "images/d.png", "broken");
  ReadSetOptions options;
  options.images = scratch / "images";
  SetReading reading(options);
  std::string rows(kCsvHeader);
  for (const char* name : {"a", "b", "c", "d"}) rows += fmt::format("{}.png,100,80,1,1,5,5,cat\n", name);
  parse_csv_set(rows, "c.csv", reading);
  const ReadSet read = reading.take();
  EXPECT_EQ(read.set.images.at(1).width, 100) << "labels go with the stated size";
  EXPECT_EQ(read.left_out.size(), 3U);
  const char* other = "note: images of another size than the stated one, which is taken, since the labels go with it";
  EXPECT_EQ(read.left_out.at(other), 1);
  EXPECT_EQ(read.first_places.at(other), "c.csv:3, b.png");
  const auto turned = std::find_if(read.first_places.begin(), read.first_places.end(),
                                   [](const auto& place) { return place.second == "c.csv:4, c.png"; });
  ASSERT_NE(turned, read.first_places.end());
  EXPECT_NE(turned->first.find("EXIF"), std::string::npos);
}

TEST(SetSizes, TheRemedyForAMissingOneKnowsWhatWasGiven) {
  const ScratchFolder scratch;
  const std::string rows = "file,x1,y1,x2,y2,class\na.png,1,1,5,5,cat\n";
  SetReading without({});
  EXPECT_REFUSED(parse_csv_set(rows, "c.csv", without), "name the folder of the images with --images");
  ReadSetOptions options;
  options.images = scratch.path();
  SetReading with(options);
  EXPECT_REFUSED(parse_csv_set(rows, "c.csv", with), "put the image into " + scratch.path().string());
}

TEST(SetClasses, OfFormatsWithAListAreNotGivenAgain) {
  const ScratchFolder scratch;
  put(scratch / "data.yaml", "train: images\nnames: [cat]\n");
  put_image(scratch / "images/a.png", 9, 9);
  put(scratch / "all.json", R"({"images": [], "annotations": [], "categories": []})");
  ReadSetOptions options;
  options.classes = {"dog"};
  EXPECT_REFUSED(read_set(SetFormat::yolo, scratch.path(), options), "--classes: the classes are those of YOLO's");
  EXPECT_REFUSED(read_set(SetFormat::coco, scratch / "all.json", options),
                 "--classes: the classes are those of the COCO file");
}

TEST(SetObjects, WithoutAreaAreCountedWithThePlace) {
  SetReading reading({});
  parse_csv_set(std::string(kCsvHeader) + "a.png,9,9,5,1,5,5,cat\n", "c.csv", reading);
  EXPECT_EQ(reading.take().first_places.at("objects whose box has no area"), "c.csv:2, a.png");
}

}  // namespace
}  // namespace spinenet::data

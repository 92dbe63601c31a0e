// What holds for images, parts and names whatever format they come from.
#include "data/convert/set_reading.h"

#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "base/format.h"
#include "base/scratch_folder_fixture.h"
#include "data/convert/convert.h"
#include "data/convert/set_csv.h"
#include "data/convert/set_cvat.h"
#include "data/convert/set_files_fixture.h"
#include "data/convert/set_label_studio.h"
#include "data/convert/set_text.h"
#include "data/convert/set_voc.h"
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

TEST(Lines, EndInEachWay) {
  using Lines = std::vector<std::string_view>;
  EXPECT_EQ(lines_of("a\rb\nc\r\nd"), (Lines{"a", "b", "c", "d"}));
  EXPECT_EQ(lines_of("a\r\r\nb\n\rc\r"), (Lines{"a", "", "b", "", "c"}));
  EXPECT_EQ(lines_of("\n"), (Lines{""}));
  EXPECT_TRUE(lines_of("").empty());
}

ReadSet read_csv(const std::string& rows, std::string_view header = kCsvHeader) {
  SetReading reading({});
  parse_csv_set(std::string(header) + rows, "c.csv", reading);
  return reading.take();
}

TEST(CsvRowsOfOthers, EndInEachWay) {
  for (const char* end : {"\r", "\n", "\r\n"}) {
    const std::string header = fmt::format("file,width,height,x1,y1,x2,y2,class{}", end);
    const ReadSet read = read_csv(fmt::format("a.png,9,9,1,1,5,5,cat{0}{0}\"b.png\",9,9,1,1,5,5,dog", end), header);
    EXPECT_EQ(read.set.images.size(), 2U);
    EXPECT_EQ(read.set.categories.at(0).name, "cat");
    EXPECT_REFUSED(read_csv(fmt::format("a.png,9,9,1,1,5,5,\"c{0}t\"{0}b.png,9,9,x,1,5,5,dog{0}", end), header),
                   "c.csv:4: \"x\"");
  }
}

TEST(CsvRowsOfOthers, HaveABoxWithAClassOrNeither) {
  EXPECT_EQ(read_csv("a.png,9,9,,,,,\n").set.images.at(0).objects.size(), 0U);
  EXPECT_REFUSED(read_csv("a.png,9,9,,1,5,5,\n"), "c.csv:2: an object has no class");
  EXPECT_REFUSED(read_csv("a.png,9,9,,1,5,5,cat\n"), "c.csv:2: \"\" is no corner");
  EXPECT_REFUSED(read_csv("a.png,9,9,,,,5,\n"), "an object has no class");
  EXPECT_REFUSED(read_csv("a.png,9,9,,,,,cat\n"), "\"\" is no corner");
  EXPECT_REFUSED(read_csv("a.png,9,,1,1,5,5,cat\n"), "c.csv:2: gives one side of the image alone");
  EXPECT_REFUSED(read_csv("a.png,,9,1,1,5,5,cat\n"), "gives one side");
  EXPECT_REFUSED(read_csv("a.png,9,9,1,1,5,5,cat\na.png,9,,1,1,5,5,cat\n"), "c.csv:3: gives one side");
  const ReadSet flags = read_csv("a.png,9,9,,,,,,1\n", "file,width,height,x1,y1,x2,y2,class,difficult\n");
  EXPECT_EQ(flags.left_out, (Tally{{"flags and poses in rows without a box", 1}}));
}

ReadSet read_tasks(std::string_view data, std::string_view annotation, const LabelImages& images = {}) {
  SetReading reading({});
  parse_label_studio(fmt::format(R"([{{"data": {{{}}}, "annotations": [{{{}}}]}}])", data, annotation), "t.json",
                     reading, images);
  return reading.take();
}

std::string box_result(std::string_view more, std::string_view in_value = "\"rotation\": 0") {
  return fmt::format(
      R"({{"type": "rectanglelabels", "original_width": "100", "original_height": 50, {}"value": {{"x": 10, "y": "20", "width": 30,
          "height": 40, {}, "rectanglelabels": ["cat"]}}}})",
      more, in_value);
}

TEST(LabelStudioTexts, ThatReadAsNumbersAndFlagsAreTakenForThem) {
  const char* image = R"("image": "a.jpg")";
  const auto with = [&](const std::string& result) {
    return read_tasks(image, fmt::format("\"result\": [{}]", result));
  };
  EXPECT_EQ(with(box_result("")).set.images.at(0).objects.at(0).box.y1, 10);
  EXPECT_EQ(with(box_result("", R"("rotation": "45")")).left_out,
            (Tally{{"turned boxes, which are not read; draw them as polygons", 1}}));
  EXPECT_EQ(with(box_result("", R"("rotation": "360")")).set.images.at(0).objects.size(), 1U);
  EXPECT_REFUSED(with(box_result("", R"("rotation": "much")")), "t.json: task 0: rotation is");
  EXPECT_REFUSED(with(box_result("", R"("rotation": true)")), "rotation is");
  EXPECT_REFUSED(with(box_result(R"("image_rotation": "90", )")), "image_rotation is 90");
  EXPECT_REFUSED(with(box_result(R"("image_rotation": [90], )")), "image_rotation is");
  const auto cancelled = [&](const char* flag) {
    const auto read = read_tasks(image, fmt::format("\"was_cancelled\": {}, \"result\": [{}]", flag, box_result("")));
    return read.set.images.empty();
  };
  for (const char* flag : {"true", "\"true\"", "1", "\"Yes\""}) EXPECT_TRUE(cancelled(flag)) << flag;
  for (const char* flag : {"false", "\"false\"", "0", "null"}) EXPECT_FALSE(cancelled(flag)) << flag;
  EXPECT_REFUSED(cancelled("\"maybe\""), "t.json: task 0: was_cancelled is");
}

TEST(LabelStudioImages, SeveralOfATaskAreToldApart) {
  const char* data = R"("image": "a.jpg", "image2": "b.jpg")";
  const auto on = [&](const char* name) { return box_result(fmt::format("\"to_name\": \"{}\", ", name)); };
  const auto with = [&](const std::string& results, const LabelImages& images) {
    return read_tasks(data, fmt::format("\"result\": [{}]", results), images);
  };
  const Tally further{{"further images of a task, of which the one with the objects is read", 1}};
  for (const ReadSet& read : {with(on("image2"), {}), with(on("right"), {{"left", "image"}, {"right", "image2"}})}) {
    EXPECT_EQ(read.set.images.at(0).name, "b.jpg");
    EXPECT_EQ(read.left_out, further);
  }
  EXPECT_EQ(with(on("image"), {}).set.images.at(0).name, "a.jpg");
  EXPECT_REFUSED(with(on("image") + "," + on("image2"), {}), "has objects on several images, \"image\" and \"image2\"");
  EXPECT_REFUSED(with(on("right"), {}), "t.json: task 0: data has several images");
  SetReading reading({});
  EXPECT_EQ(parse_label_config("<View><Image name=\"right\" value=\"$image2\"/></View>", "c.xml", reading),
            (LabelImages{{"right", "image2"}}));
}

ReadSet read_voc_text(std::string_view size, std::string_view object) {
  SetReading reading({});
  parse_voc(fmt::format("<annotation><filename>a.jpg</filename>{}<object>{}</object></annotation>", size, object),
            {"a.xml", "a", SetPart::all, {}}, reading);
  return reading.take();
}

TEST(VocTexts, OfWhichOneWouldBeLostAreRefused) {
  const std::string size = "<size><width>100</width><height>50</height></size>", name = "<name>cat</name>";
  const std::string corners = "<xmin>1</xmin><ymin>1</ymin><xmax>9</xmax><ymax>9</ymax>";
  const std::string box = fmt::format("<bndbox>{}</bndbox>", corners);
  EXPECT_REFUSED(read_voc_text(size, name + box + box), "a.xml:1: a second <bndbox> in <object>");
  EXPECT_REFUSED(read_voc_text(size, name + name + box), "a second <name> in <object>");
  EXPECT_REFUSED(read_voc_text(size, fmt::format("{}<bndbox>{}<xmin>2</xmin></bndbox>", name, corners)),
                 "a second <xmin>");
  EXPECT_REFUSED(read_voc_text(size + size, name + box), "a second <size> in <annotation>");
  for (const char* side : {"wide", "64.7", "-3", "1e300"}) {
    EXPECT_REFUSED(read_voc_text(fmt::format("<size><width>{}</width><height>5</height></size>", side), name + box),
                   "a.xml:1: the width is");
  }
  EXPECT_REFUSED(read_voc_text("<size><width>0</width><height>0</height></size>", name + box),
                 "the size of a.jpg is not given");
  EXPECT_EQ(
      read_voc_text(size, name + box + "<difficult>2</difficult><truncated>maybe</truncated><occluded/>").left_out,
      (Tally{{"values of <difficult> that are no flag, taken for 0", 1},
             {"values of <truncated> that are no flag, taken for 0", 1}}));
  const auto angle = [&](const char* text) {
    return read_voc_text(size, fmt::format("{}<bndbox>{}<angle>{}</angle></bndbox>", name, corners, text));
  };
  EXPECT_EQ(angle("0").set.images.at(0).objects.size(), 1U);
  EXPECT_EQ(angle("0.5").left_out, (Tally{{"turned boxes, which are not read; draw them as polygons", 1}}));
  EXPECT_REFUSED(angle("some"), "angle of bndbox is no number");
}

TEST(CvatTexts, ThatAreNoFlagOrIntegerAreRefused) {
  const auto with = [](std::string_view more, const char* label = "cat") {
    SetReading reading({});
    parse_cvat(
        fmt::format("<annotations><meta><label><name> cat</name></label></meta><image name=\"a.png\" width=\"9\" "
                    "height=\"9\"><box label=\"{}\" xtl=\"1\" ytl=\"1\" xbr=\"5\" ybr=\"5\" {}/></image></annotations>",
                    label, more),
        "c.xml", reading);
    return reading.take();
  };
  EXPECT_REFUSED(with("occluded=\"maybe\""), "c.xml:1: occluded of <box> is");
  EXPECT_REFUSED(with("group_id=\"1.0\""), "c.xml:1: group_id of <box> is");
  EXPECT_REFUSED(with("z_order=\"top\""), "z_order of <box> is");
  EXPECT_TRUE(with("occluded=\"true\" group_id=\"0\"").set.images.at(0).objects.at(0).occluded);
  EXPECT_EQ(with("", " cat").set.categories.size(), 1U);
}

TEST(Writers, NamesOfClassesComeBackOrAreCounted) {
  const ScratchFolder scratch;
  LabelledSet set;
  set.categories = {{1, " lead", ""},
                    {2,
                     "c\x7F"
                     "d",
                     ""},
                    {3, "e\u0085\u2028\uFEFFf", ""}};
  set.images.resize(1);
  set.images[0].name = "a.png";
  set.images[0].height = set.images[0].width = 9;
  for (const size_t category : {2, 0, 1}) {
    set.images[0].objects.push_back({});
    set.images[0].objects.back().category = category;
    set.images[0].objects.back().box = {1, 1, 5, 5};
  }
  const auto through = [&](SetFormat format, Tally& left_out) {
    std::filesystem::remove_all(scratch / "set");
    for (const SetFile& file : write_set(format, set, false, left_out)) put(scratch / "set" / file.name, file.text);
    put_image(scratch / "set/images/a.png", 9, 9);
    return read_set(format, scratch / "set", {}).set;
  };
  Tally yolo, voc, cvat, csv;
  const LabelledSet back = through(SetFormat::yolo, yolo);
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(back.categories.at(i).name, set.categories[i].name);
  set.categories[2].name = "plain";
  for (const LabelledSet& same : {through(SetFormat::voc, voc), through(SetFormat::cvat, cvat)}) {
    ASSERT_EQ(same.categories.size(), 3U);
    EXPECT_EQ(same.categories[0].name, "lead");
    EXPECT_EQ(same.images.at(0).objects.at(1).category, 0U);
  }
  EXPECT_EQ(voc.at("spaces at the ends of names of classes, which voc does not keep (the first is \" lead\")"), 1);
  through(SetFormat::csv, csv);
  EXPECT_EQ(csv.at("the order of the classes, which CSV cannot say (see --classes; the first out of it is \" lead\")"),
            1);
  set.categories[2].name = "x\uFFFF";
  EXPECT_REFUSED(write_set(SetFormat::cvat, set, false, cvat), "XML cannot say the name");
}

}  // namespace
}  // namespace spinenet::data

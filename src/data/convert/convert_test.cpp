// Data sets through every pair of formats, and the files of each as others write them.
#include "data/convert/convert.h"

#include <cstdlib>

#include <gtest/gtest.h>

#include "base/scratch_folder_fixture.h"
#include "data/convert/labelled_set_fixture.h"
#include "data/convert/set_csv.h"
#include "data/convert/set_cvat.h"
#include "data/convert/set_files_fixture.h"
#include "data/convert/set_label_studio.h"
#include "data/convert/set_voc.h"
#include "data/convert/set_yolo.h"

namespace spinenet::data {
namespace {

namespace fs = std::filesystem;
using fixture::put;
using fixture::put_image;
using spinenet::fixture::ScratchFolder;

// SPINENET_CONVERT_SETS says how many random sets each pair of formats gets.
int sets_of_each_pair() {
  const char* asked = std::getenv("SPINENET_CONVERT_SETS");
  return asked == nullptr ? 20 : std::atoi(asked);
}

LabelledSet through(SetFormat format, const LabelledSet& set, const fs::path& folder) {
  Tally left_out;
  fs::remove_all(folder);
  for (const SetFile& file : write_set(format, set, false, left_out)) put(folder / file.name, file.text);
  // YOLO's sizes are those of the images.
  for (const SetImage& image : set.images) {
    if (format == SetFormat::yolo) put_image(folder / "images" / image.name, image.height, image.width);
  }
  return read_set(format, folder, {}).set;
}

class Pairs : public testing::TestWithParam<std::tuple<SetFormat, SetFormat>> {};

TEST_P(Pairs, KeepWhatBothCanSay) {
  const auto [first, second] = GetParam();
  const ScratchFolder scratch;
  for (int seed = 0; seed < sets_of_each_pair() && !HasFailure(); ++seed) {
    const LabelledSet set = fixture::random_set(static_cast<uint64_t>(seed));
    const std::string where = fmt::format("{} to {}, set {}:", name_of(first), name_of(second), seed);
    const LabelledSet once = through(first, set, scratch / "first");
    fixture::expect_same_set(fixture::kept_by(first, set), once, where + " once");
    const LabelledSet twice = through(second, once, scratch / "second");
    // Of `once` in its own order of images, by which CSV orders the classes.
    fixture::expect_same_set(fixture::kept_by(second, once), twice, where + " twice");
  }
}

INSTANTIATE_TEST_SUITE_P(Convert, Pairs,
                         testing::Combine(testing::ValuesIn(values_of<SetFormat>()),
                                          testing::ValuesIn(values_of<SetFormat>())),
                         [](const auto& pair) {
                           return fmt::format("{}_to_{}", name_of(std::get<0>(pair.param)),
                                              name_of(std::get<1>(pair.param)));
                         });

SetImage blank_image() {
  SetImage image;
  image.name = "a.png";
  image.height = 50;
  image.width = 100;
  return image;
}

TEST(Yolo, LabelsAreBoxesAndPolygons) {
  SetReading reading({});
  SetImage image = blank_image();
  parse_yolo_labels("0 0.5 0.5 0.2 0.4\n\n1 0 0 0.5 0 0.5 1\r\n", "l", 2, image, reading);
  ASSERT_EQ(image.objects.size(), 2U);
  EXPECT_EQ(image.objects[0].box.x1, 40);
  EXPECT_EQ(image.objects[0].box.y1, 15);
  EXPECT_EQ(image.objects[0].box.x2, 60);
  EXPECT_EQ(image.objects[0].box.y2, 35);
  EXPECT_EQ(image.objects[1].mask.polygons.front(), (std::vector<double>{0, 0, 50, 0, 50, 50}));
}

TEST(Yolo, WrongLinesAreNamed) {
  SetReading reading({});
  SetImage image = blank_image();
  const auto parse = [&](const char* text) { parse_yolo_labels(text, "l.txt", 2, image, reading); };
  EXPECT_REFUSED(parse("0 0.5 0.5 0.2 0.4\n2 0.5 0.5 0.2 0.4"), "l.txt:2: the class \"2\" is none of the 2 classes");
  EXPECT_REFUSED(parse("-1 0.5 0.5 0.2 0.4"), "the class");
  EXPECT_REFUSED(parse("0.5 0.5 0.5 0.2 0.4"), "the class");
  EXPECT_REFUSED(parse("0 0.5 0.5 0.2"), "has 4 numbers");
  EXPECT_REFUSED(parse("0 0.5 0.5 0.2 0.2 0.9"), "has 6 numbers");
  EXPECT_REFUSED(parse("0 50 0.5 0.2 0.2"), "is no number from 0 to 1");
  EXPECT_REFUSED(parse("0 nan 0.5 0.2 0.2"), "is no number from 0 to 1");
  EXPECT_REFUSED(parse("0 x 0.5 0.2 0.2"), "is no number from 0 to 1");
}

TEST(Yolo, NamesMayBeAListOrAMapAndImagesLieAsRoboflowPutsThem) {
  const ScratchFolder scratch;
  put(scratch / "data.yaml", "train: ../train/images\nval: valid/images\nnc: 2\nnames: [cat, 'dog: big']\n");
  put_image(scratch / "train/images/a.png", 50, 100);
  put_image(scratch / "valid/images/a.png", 50, 100);
  put(scratch / "train/labels/a.txt", "1 0.5 0.5 0.2 0.4\n");
  const ReadSet read = read_yolo_set(scratch.path(), {});
  ASSERT_EQ(read.set.images.size(), 2U);
  EXPECT_EQ(read.set.images[0].name, "train/images/a.png");
  EXPECT_EQ(read.set.images[1].part, SetPart::val);
  EXPECT_EQ(read.set.categories[1].name, "dog: big");
  EXPECT_EQ(read.left_out.size(), 1U) << "the label file of the second is not there";
  put(scratch / "data.yaml", "train: train/images\nnames: {0: cat, 1: dog}\n");
  EXPECT_EQ(read_yolo_set(scratch / "data.yaml", {}).set.categories[1].name, "dog");
  put(scratch / "data.yaml", "train: train/images\nnames: {0: cat, 2: dog}\n");
  EXPECT_REFUSED(read_yolo_set(scratch.path(), {}), "class 1 has no name");
  put(scratch / "data.yaml", "train: train/images\nnc: 3\nnames: [cat]\n");
  EXPECT_REFUSED(read_yolo_set(scratch.path(), {}), "nc is \"3\", but there are 1 names");
  put(scratch / "data.yaml", "train: nowhere\nnames: [cat]\n");
  EXPECT_REFUSED(read_yolo_set(scratch.path(), {}), "there is no folder or list");
  put(scratch / "data.yaml", "train: train/images\nkpt_shape: [17, 3]\nnames: [cat]\n");
  EXPECT_REFUSED(read_yolo_set(scratch.path(), {}), "keypoints");
}

TEST(Yolo, BoxesAreCutAtTheImage) {
  LabelledSet set;
  set.categories = {{1, "cat", ""}};
  set.images.push_back(blank_image());
  SetObject object;
  object.box = {-10, 0, 50, 60};
  set.images[0].objects.push_back(object);
  Tally left_out;
  const std::vector<SetFile> files = write_yolo_set(set, left_out);
  EXPECT_EQ(files[0].name, "labels/a.txt");
  EXPECT_EQ(files[0].text, "0 0.25 0.5 0.5 1\n");
  EXPECT_EQ(left_out.size(), 1U);
}

constexpr std::string_view kVoc =
    "<annotation><filename>a.png</filename><size><width>100</width><height>50</height></size><object><name>cat</name>"
    "<pose>Left</pose><truncated>1</truncated><difficult>0</difficult><bndbox><xmin>1</xmin><ymin>2</ymin><xmax>10</"
    "xmax>"
    "<ymax>20</ymax></bndbox></object></annotation>";

TEST(Voc, CornersCountFromOneAndEndInThePixel) {
  SetReading reading({});
  parse_voc(kVoc, {"a.xml", "a", SetPart::all, {}}, reading);
  const SetObject& object = reading.set().images[0].objects[0];
  EXPECT_EQ(object.box.x1, 0);
  EXPECT_EQ(object.box.y1, 1);
  EXPECT_EQ(object.box.x2, 10);
  EXPECT_EQ(object.box.y2, 20);
  EXPECT_TRUE(object.truncated);
  EXPECT_EQ(object.pose, "Left");
  ReadSetOptions options;
  options.zero_based = true;
  SetReading plain(options);
  parse_voc(kVoc, {"a.xml", "a", SetPart::all, {}}, plain);
  EXPECT_EQ(plain.set().images[0].objects[0].box.x1, 1);
}

TEST(Xml, EntitiesAndBrokenTextAreRefused) {
  SetReading reading({});
  const auto parse = [&](const std::string& text) { parse_voc(text, {"a.xml", "a", SetPart::all, {}}, reading); };
  EXPECT_REFUSED(parse("<!DOCTYPE a [<!ENTITY x \"xxxxxxxx\"><!ENTITY y \"&x;&x;&x;\">]><annotation>&y;</annotation>"),
                 "has a document type");
  EXPECT_REFUSED(parse("<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><annotation/>"), "has a document type");
  EXPECT_REFUSED(parse("<annotation>&unknown;</annotation>"), "a.xml: line 1");
  EXPECT_REFUSED(parse("<annotation><object></annotation>"), "a.xml: line 1");
  EXPECT_REFUSED(parse(""), "a.xml");
  EXPECT_REFUSED(parse("<other/>"), "not <annotation>");
  std::string deep;
  for (int i = 0; i < 1000; ++i) deep += "<a>";
  EXPECT_REFUSED(parse(deep), "deeper than 64");
}

std::string cvat_image(std::string_view shapes) {
  return fmt::format("<annotations><image id=\"3\" name=\"a.png\" width=\"100\" height=\"50\">{}</image></annotations>",
                     shapes);
}

TEST(Cvat, ShapesAreRead) {
  SetReading reading({});
  parse_cvat(cvat_image("<box label=\"cat\" xtl=\"1.5\" ytl=\"2\" xbr=\"10\" ybr=\"20\" occluded=\"1\">"
                        "<attribute name=\"colour\">red</attribute></box>"
                        "<polygon label=\"dog\" points=\"0,0;5,0;5,5\" group_id=\"4\"/>"
                        "<polygon label=\"dog\" points=\"10,10;15,10;15,15\" group_id=\"4\"/>"
                        "<mask label=\"cat\" rle=\"1, 2, 1\" left=\"3\" top=\"4\" width=\"2\" height=\"2\"/>"
                        "<points label=\"cat\" points=\"1,2\"/>"),
             "c.xml", reading);
  const std::vector<SetObject>& objects = reading.set().images[0].objects;
  ASSERT_EQ(objects.size(), 3U);
  EXPECT_TRUE(objects[0].occluded);
  EXPECT_EQ(objects[0].attributes.at("colour"), "red");
  EXPECT_EQ(objects[1].mask.polygons.size(), 2U);
  EXPECT_EQ(objects[1].box.x2, 15);
  const std::vector<uint8_t> pixels = detect::decode_mask(objects[2].mask.rle);
  EXPECT_EQ(pixels[4 * 100 + 3], 0);
  EXPECT_EQ(pixels[4 * 100 + 4], 1);
  EXPECT_EQ(pixels[5 * 100 + 3], 1);
  EXPECT_EQ(detect::area(objects[2].mask.rle), 2U);
  EXPECT_EQ(reading.left_out().size(), 1U);
}

TEST(Cvat, AGroupJoinsItsOwnPolygonsAlone) {
  SetReading reading({});
  parse_cvat(cvat_image("<polygon label=\"car\" points=\"1,1;1,5;1,9\" group_id=\"1\"/>"
                        "<polygon label=\"car\" points=\"50,30;60,30;60,40\"/>"
                        "<polygon label=\"car\" points=\"1,1;5,1;5,5\" group_id=\"1\"/>"
                        "<polygon label=\"car\" points=\"11,1;15,1;15,5\" group_id=\"1\" occluded=\"1\"/>"),
             "c.xml", reading);
  const std::vector<SetObject>& objects = reading.set().images[0].objects;
  ASSERT_EQ(objects.size(), 2U) << "the first polygon has no area";
  EXPECT_EQ(objects[0].mask.polygons.size(), 1U);
  EXPECT_EQ(objects[1].mask.polygons.size(), 2U);
  EXPECT_EQ(objects[1].box.x2, 15);
  EXPECT_EQ(reading.left_out().at("objects whose box has no area"), 1);
  EXPECT_EQ(
      reading.left_out().at("flags and attributes of a further polygon of a group, other than those of the first"), 1);
}

TEST(Cvat, WhatIsLeftOutIsCounted) {
  SetReading reading({});
  const std::string corners = "label=\"a\" xtl=\"1\" ytl=\"1\" xbr=\"5\" ybr=\"5\"";
  parse_cvat(cvat_image(fmt::format("<box {0} rotation=\"30\"/><box {0} rotation=\"360\"/><box {0} z_order=\"2\"/>"
                                    "<box {0} group_id=\"3\"/><skeleton label=\"a\"/>",
                                    corners)),
             "c.xml", reading);
  EXPECT_EQ(reading.set().images[0].objects.size(), 3U);
  const ReadSet read = reading.take();
  EXPECT_EQ(read.left_out.at("turned boxes, which are not read; draw them as polygons"), 1);
  EXPECT_EQ(read.left_out.at("z_order of CVAT's shapes"), 1);
  EXPECT_EQ(read.left_out.at("groups of CVAT's boxes and masks"), 1);
  EXPECT_EQ(read.left_out.at("<skeleton> of CVAT"), 1);
  EXPECT_EQ(read.first_places.at("<skeleton> of CVAT"), "c.xml:1");
}

TEST(Cvat, WhatIsNotReadIsNamed) {
  const auto parse = [](const std::string& text) {
    SetReading reading({});
    parse_cvat(text, "c.xml", reading);
  };
  EXPECT_REFUSED(parse("<annotations><track id=\"0\" label=\"cat\"/></annotations>"), "has a track");
  EXPECT_REFUSED(parse(cvat_image("<box label=\"a\" xtl=\"1\" ytl=\"1\" xbr=\"5\"/>")), "ybr of <box> is no number");
  EXPECT_REFUSED(parse(cvat_image("<polygon label=\"a\" points=\"1,1;2,2\"/>")), "less than three points");
  EXPECT_REFUSED(parse(cvat_image("<mask label=\"a\" rle=\"9\" left=\"0\" top=\"0\" width=\"2\" height=\"2\"/>")),
                 "do not fit");
  EXPECT_REFUSED(parse(cvat_image("<mask label=\"a\" rle=\"4\" left=\"99\" top=\"0\" width=\"2\" height=\"2\"/>")),
                 "not inside");
  EXPECT_REFUSED(parse(cvat_image("<box xtl=\"1\" ytl=\"1\" xbr=\"5\" ybr=\"5\"/>")), "has no class");
}

std::string task(std::string_view result) {
  return fmt::format(
      "[{{\"id\": 5, \"data\": {{\"image\": \"/data/upload/1/a.png\"}}, \"annotations\": [{{\"result\": [{}]}}]}}]",
      result);
}

std::string rectangle(std::string_view more) {
  return task(
      fmt::format("{{\"type\": \"rectanglelabels\", \"original_width\": 100, \"original_height\": 50, \"value\": "
                  "{{\"x\": 10, \"y\": 20, \"width\": 30, \"height\": 40, {}}}}}",
                  more));
}

TEST(LabelStudio, PercentagesAreRead) {
  SetReading reading({});
  parse_label_studio(rectangle("\"rectanglelabels\": [\"cat\"]"), "t.json", reading);
  const SetImage& image = reading.set().images.at(0);
  EXPECT_EQ(image.name, "a.png");
  EXPECT_EQ(image.objects.at(0).box.x2, 40);
  EXPECT_EQ(image.objects.at(0).box.y2, 30);
}

std::string polygon(std::string_view id, std::string_view parent, std::string_view points) {
  return fmt::format(
      "{{\"id\": \"{}\", {}\"type\": \"polygonlabels\", \"original_width\": 100, \"original_height\": 50, "
      "\"value\": {{\"points\": [{}], \"polygonlabels\": [\"cat\"]}}}}",
      id, parent.empty() ? "" : fmt::format("\"parentID\": \"{}\", ", parent), points);
}

TEST(LabelStudio, APolygonJoinsItsParentWhereverItStands) {
  const auto objects_of = [](const std::string& results) {
    SetReading reading({});
    parse_label_studio(task(results), "t.json", reading);
    return reading.set().images.at(0).objects;
  };
  const std::string child = polygon("c", "p", "[1, 1], [5, 1], [5, 5]");
  const std::string grandchild = polygon("g", "c", "[20, 20], [30, 20], [30, 30]");
  const std::string parent = polygon("p", "", "[11, 11], [15, 11], [15, 15]");
  const std::string other = polygon("x", "", "[50, 50], [60, 50], [60, 60]");
  for (const std::string& order : {parent + "," + child + "," + grandchild, child + "," + grandchild + "," + parent,
                                   grandchild + "," + parent + "," + child}) {
    const std::vector<SetObject> objects = objects_of(order + "," + other);
    ASSERT_EQ(objects.size(), 2U) << order;
    EXPECT_EQ(objects[0].mask.polygons.size() + objects[1].mask.polygons.size(), 4U) << order;
    EXPECT_EQ(std::max(objects[0].box.x2, objects[1].box.x2), 60) << order;
    EXPECT_EQ(std::min(objects[0].mask.polygons.size(), objects[1].mask.polygons.size()), 1U) << order;
  }
  const std::string line = polygon("p", "", "[1, 1], [1, 5], [1, 9]");
  const std::vector<SetObject> apart = objects_of(line + "," + other + "," + child);
  ASSERT_EQ(apart.size(), 2U) << "the parent has no area, and the object behind it is another one";
  EXPECT_EQ(apart[0].mask.polygons.size(), 1U);
  EXPECT_EQ(objects_of(polygon("a", "b", "[1, 1], [5, 1], [5, 5]") + "," + polygon("b", "a", "[1, 1], [5, 1], [5, 5]"))
                .size(),
            1U)
      << "a circle of parents ends";
}

TEST(LabelStudio, TurnedBoxesAreLeftOutAlone) {
  SetReading reading({});
  const std::string turned = rectangle("\"rotation\": 3, \"rectanglelabels\": [\"cat\"]");
  parse_label_studio(turned, "t.json", reading);
  EXPECT_TRUE(reading.set().images.at(0).objects.empty());
  EXPECT_EQ(reading.left_out().at("turned boxes, which are not read; draw them as polygons"), 1);
  SetReading whole({});
  parse_label_studio(rectangle("\"rotation\": 360, \"rectanglelabels\": [\"cat\"]"), "t.json", whole);
  EXPECT_EQ(whole.set().images.at(0).objects.size(), 1U);
}

TEST(LabelStudio, WhatIsNotReadIsNamed) {
  const auto parse = [](const std::string& text) {
    SetReading reading({});
    parse_label_studio(text, "t.json", reading);
  };
  EXPECT_REFUSED(parse(rectangle("\"rectanglelabels\": [\"cat\", \"dog\"]")), "has 2 labels");
  EXPECT_REFUSED(
      parse(task("{\"type\": \"brushlabels\", \"original_width\": 9, \"original_height\": 9, \"value\": {}}")),
      "brush");
  EXPECT_REFUSED(parse(rectangle("\"rectanglelabels\": [\"cat\"]}, \"image_rotation\": 90, \"more\": {\"x\": 1")),
                 "image_rotation is 90");
  EXPECT_REFUSED(parse(task("")), "the size of a.png is not given");
  EXPECT_REFUSED(parse("[{\"image\": \"/data/upload/1/a.jpg\", \"id\": 1, \"label\": []}]"),
                 "t.json: task 0: has neither data nor annotations, as in an export as JSON-MIN");
  EXPECT_REFUSED(parse("{}"), "is no list of tasks");
  EXPECT_REFUSED(parse("[{"), "t.json");
}

TEST(LabelStudio, AddressesGiveNames) {
  EXPECT_EQ(name_in_address("/data/local-files/?d=sub%20folder/a%C3%A4.png"), "sub folder/a\xC3\xA4.png");
  EXPECT_EQ(name_in_address("/data/upload/12/ab12-a.png"), "ab12-a.png");
  EXPECT_EQ(name_in_address("https://host/x/y%20z.png?token=1"), "y z.png");
  EXPECT_EQ(name_in_address("sub/100%.png"), "sub/100%.png");
}

TEST(Csv, HeadersOfOthersAreKnown) {
  SetReading tensorflow({});
  parse_csv_set("filename,width,height,class,xmin,ymin,xmax,ymax\r\n\"a, b.png\",100,50,cat,1,2,30,40\r\n", "c.csv",
                tensorflow);
  EXPECT_EQ(tensorflow.set().images.at(0).name, "a, b.png");
  EXPECT_EQ(tensorflow.set().images[0].objects.at(0).box.x2, 30);
  const ScratchFolder scratch;
  put_image(scratch / "0a.png", 50, 100);
  ReadSetOptions options;
  options.images = scratch.path();
  SetReading open_images(options);
  parse_csv_set("ImageID,LabelName,XMin,XMax,YMin,YMax,IsOccluded\n0a,/m/01g317,0.1,0.5,0,1,-1\n", "c.csv",
                open_images);
  EXPECT_EQ(open_images.set().images.at(0).name, "0a.png");
  EXPECT_EQ(open_images.set().images[0].objects.at(0).box.x2, 50);
  EXPECT_EQ(open_images.set().images[0].objects[0].box.y2, 50);
}

TEST(Csv, SpacesAroundFieldsArePassedOver) {
  SetReading reading({});
  parse_csv_set(
      "file, width, height, class, x1, y1, x2, y2\na.png, 100, 80, cat, 1, 2, 30, 40\n"
      "a.png , 100, 80, \"cat\" , 1, 2, 30, 40\n\" a.png\",100,80,cat,1,2,30,40\n",
      "c.csv", reading);
  EXPECT_EQ(reading.set().categories.size(), 1U);
  ASSERT_EQ(reading.set().images.size(), 2U);
  EXPECT_EQ(reading.set().images[0].objects.size(), 2U);
  EXPECT_EQ(reading.set().images[1].name, " a.png") << "those in quotes stay";
}

TEST(Csv, WrongRowsAreNamed) {
  SetReading reading({});
  const std::string header = "file,width,height,x1,y1,x2,y2,class\n";
  const auto parse = [&](const std::string& text) { parse_csv_set(text, "c.csv", reading); };
  EXPECT_REFUSED(parse(""), "is empty");
  EXPECT_REFUSED(parse("file,x1\n"), "lacks a column");
  EXPECT_REFUSED(parse(header + "a.png,9,9,1,1,5,5\n"), "c.csv:2: has 7 fields, the header 8");
  EXPECT_REFUSED(parse(header + "b.png,9,9,1,1,five,5,cat\n"), "\"five\" is no corner");
  EXPECT_REFUSED(parse(header + "c.png,9,9,1,1,5,5,cat\nc.png,8,9,1,1,5,5,cat\n"), "c.csv:3: c.png has another size");
  EXPECT_REFUSED(parse(header + "d.png,-9,9,1,1,5,5,cat\n"), "is no side of an image");
  EXPECT_REFUSED(parse(header + "\"e.png,9,9,1,1,5,5,cat\n"), "a quote is not closed");
  EXPECT_REFUSED(parse(header + "../f.png,9,9,1,1,5,5,cat\n"), "../f.png");
  EXPECT_REFUSED(parse(header + "g.png,9,9,1,1,1e300,5,cat\n"), "further than any image reaches");
}

TEST(Convert, UserClassesSetTheOrder) {
  ReadSetOptions options;
  options.classes = {"dog", "cat"};
  SetReading reading(options);
  parse_csv_set("file,width,height,x1,y1,x2,y2,class\na.png,9,9,1,1,5,5,cat\n", "c.csv", reading);
  EXPECT_EQ(reading.set().images[0].objects[0].category, 1U);
  EXPECT_REFUSED(parse_csv_set("file,width,height,x1,y1,x2,y2,class\nb.png,9,9,1,1,5,5,cad\n", "c.csv", reading),
                 "unknown class \"cad\"; did you mean \"cat\"?");
}

TEST(Convert, WritesIntoAFolderOfItsOwnAndReplacesItsOwnFiles) {
  const ScratchFolder scratch;
  put(scratch / "a.csv", "file,width,height,x1,y1,x2,y2,class\na.png,9,9,1,1,5,5,cat\n");
  ConvertOptions options;
  options.from = SetFormat::csv;
  options.to = SetFormat::voc;
  EXPECT_EQ(convert_set(scratch / "a.csv", scratch / "out", options).objects, 1);
  EXPECT_TRUE(fs::exists(scratch / "out/Annotations/a.xml"));
  options.to = SetFormat::coco;
  convert_set(scratch / "a.csv", scratch / "out", options);
  EXPECT_TRUE(fs::exists(scratch / "out/annotations/all.json"));
  options.from = SetFormat::coco;
  EXPECT_REFUSED(convert_set(scratch / "out/annotations/all.json", scratch / "out", options), "holds the source");
  options.from = SetFormat::csv;
  put(scratch / "theirs/data.yaml", "precious");
  EXPECT_REFUSED(convert_set(scratch / "a.csv", scratch / "theirs", options), "nothing in it is touched");
  put(scratch / "bad.csv", "file");
  EXPECT_REFUSED(convert_set(scratch / "bad.csv", scratch / "new", options), "lacks a column");
  EXPECT_FALSE(fs::exists(scratch / "new")) << "nothing is left of what did not begin";
  options.copy_images = true;
  EXPECT_REFUSED(convert_set(scratch / "a.csv", scratch / "new", options), "is not there to be copied");
}

TEST(Convert, NamesThatATargetCannotTellApartAreRefused) {
  LabelledSet set;
  set.categories = {{1, "cat", ""}, {2, "cat", ""}};
  Tally left_out;
  EXPECT_REFUSED(write_set(SetFormat::voc, set, false, left_out), "two categories have the name \"cat\"");
  set.categories.pop_back();
  set.images = {blank_image(), blank_image()};
  set.images[1].name = "a.jpg";
  EXPECT_REFUSED(write_set(SetFormat::yolo, set, false, left_out), "two images would have the file labels/a.txt");
  set.images[1].name = "a.txt/b.jpg";
  EXPECT_REFUSED(write_set(SetFormat::yolo, set, false, left_out), "labels/a.txt would be a file and a folder");
  set.images.clear();
  set.categories.push_back({2, "cat ", ""});
  EXPECT_REFUSED(write_set(SetFormat::voc, set, false, left_out), "two categories have the name \"cat\"");
}

}  // namespace
}  // namespace spinenet::data

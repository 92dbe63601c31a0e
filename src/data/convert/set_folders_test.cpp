// Sets that lie in folders: which images they have, and what in them is passed over.
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/format.h"
#include "base/scratch_folder_fixture.h"
#include "data/convert/convert.h"
#include "data/convert/labelled_set_fixture.h"
#include "data/convert/set_files_fixture.h"
#include "data/convert/set_yolo.h"

namespace spinenet::data {
namespace {

namespace fs = std::filesystem;
using fixture::put;
using fixture::put_image;
using spinenet::fixture::ScratchFolder;

constexpr const char* kInOtherPart =
    "images that are listed in another part again: they belong to the first of train, val, test";
constexpr const char* kAgain = "images that are listed again in their part";

ReadSet read_yolo(const ScratchFolder& scratch, std::string_view places) {
  put(scratch / "data.yaml", fmt::format("{}\nnames: [cat]\n", places));
  return read_set(SetFormat::yolo, scratch / "data.yaml", {});
}

TEST(YoloFolders, LabelsLieWhereReadersLook) {
  EXPECT_EQ(yolo_label_name("/set/images/a.b.jpg"), "/set/labels/a.b.txt");
  EXPECT_EQ(yolo_label_name("/images/images/a.jpg"), "/images/labels/a.txt");
  EXPECT_EQ(yolo_label_name("/images/train/images/a.jpg"), "/images/train/labels/a.txt");
  EXPECT_EQ(yolo_label_name("/flat/a.jpg"), "/flat/a.txt");
  LabelledSet set;
  set.categories = {{1, "cat", ""}};
  for (const char* name : {"a.png", "images/a.png", "train/images/a.png"}) {
    SetImage image;
    image.name = name;
    image.height = image.width = 9;
    set.images.push_back(image);
  }
  Tally left_out;
  const std::vector<SetFile> files = write_set(SetFormat::yolo, set, false, left_out);
  EXPECT_EQ(files.at(0).name, "labels/a.txt");
  EXPECT_EQ(files.at(1).name, "images/labels/a.txt");
  EXPECT_EQ(files.at(2).name, "images/train/labels/a.txt");
}

TEST(YoloFolders, WhatIsPassedOverIsCounted) {
  const ScratchFolder scratch;
  put_image(scratch / "images/a.png", 9, 9);
  put(scratch / "images/b.gif", "GIF89a and more of it, so that the first bytes are there");
  put_image(scratch / "elsewhere/c.png", 9, 9);
  fs::create_directory_symlink(scratch / "elsewhere", scratch / "images/sub");
  for (const char* name : {"a", "b", "lost", "classes"}) put(scratch / fmt::format("labels/{}.txt", name), "");
  const ReadSet read = read_yolo(scratch, "train: images\nroboflow: {license: CC}");
  EXPECT_EQ(read.set.images.size(), 1U);
  EXPECT_EQ(read.left_out, (Tally{{"files among the images that are not read: GIF, which is not read", 1},
                                  {"key \"roboflow\" of the file", 1},
                                  {"label files of no image", 2},
                                  {"links to folders, which are not followed", 1}}));
  EXPECT_EQ(read.first_places.at("label files of no image"), (scratch / "labels/b.txt").string());
}

TEST(YoloFolders, AFolderThatCannotBeReadIsNamed) {
  if (::geteuid() == 0) GTEST_SKIP() << "root reads every folder";
  const ScratchFolder scratch;
  put_image(scratch / "images/a.png", 9, 9);
  fs::create_directories(scratch / "images/locked");
  fs::permissions(scratch / "images/locked", fs::perms::none);
  EXPECT_REFUSED(read_yolo(scratch, "train: images"), "locked: cannot read the folder: Permission denied");
  fs::permissions(scratch / "images/locked", fs::perms::owner_all);
}

TEST(YoloFolders, LabelsBesideTheImagesAreNoStrangers) {
  const ScratchFolder scratch;
  put_image(scratch / "flat/a.png", 9, 9);
  put(scratch / "flat/a.txt", "0 0.5 0.5 0.2 0.2\n");
  const ReadSet read = read_yolo(scratch, "train: flat/");
  EXPECT_EQ(read.set.images.at(0).objects.size(), 1U);
  EXPECT_TRUE(read.left_out.empty());
}

TEST(YoloFolders, PartsGoByAllTheirNamesAndEachImageIsOfOne) {
  const ScratchFolder scratch;
  put_image(scratch / "images/a.png", 9, 9);
  put_image(scratch / "more/b.png", 9, 9);
  for (const char* name : {"labels/a.txt", "more/b.txt"}) put(scratch / name, "");
  EXPECT_EQ(read_yolo(scratch, "train: images\nvalid: more").set.images.at(1).part, SetPart::val);
  EXPECT_EQ(read_yolo(scratch, "train: images\nvalidation: more").set.images.at(1).part, SetPart::val);
  EXPECT_EQ(read_yolo(scratch, "train: [images, images]").left_out, (Tally{{kAgain, 1}}));
  const ReadSet same = read_yolo(scratch, "train: images/\nval: images");
  ASSERT_EQ(same.set.images.size(), 1U);
  EXPECT_EQ(same.set.images[0].part, SetPart::train);
  EXPECT_EQ(same.left_out, (Tally{{"note: val is the same as train: its images belong to the latter alone", 1}}));
  put(scratch / "list.txt", "images/a.png\nmore/b.png\n");
  const ReadSet both = read_yolo(scratch, "train: images\nval: list.txt");
  EXPECT_EQ(both.set.images.size(), 2U);
  EXPECT_EQ(both.left_out, (Tally{{kInOtherPart, 1}}));
}

TEST(YoloFolders, AnUndividedSetHasImagesToMeasureOn) {
  LabelledSet set;
  set.categories = {{1, "cat", ""}};
  set.images.resize(1);
  set.images[0].name = "a.png";
  Tally left_out;
  const auto yaml_of = [&] { return write_set(SetFormat::yolo, set, false, left_out).back().text; };
  EXPECT_NE(yaml_of().find("\nval: train.txt\n"), std::string::npos) << yaml_of();
  set.images[0].part = SetPart::val;
  EXPECT_NE(yaml_of().find("\nval: val.txt\n"), std::string::npos) << yaml_of();
  EXPECT_EQ(yaml_of().find("train"), std::string::npos) << yaml_of();
}

TEST(Crowds, AreNoObjectsOfFormatsThatCannotSayThem) {
  LabelledSet set;
  set.categories = {{1, "cat", ""}};
  set.images.resize(1);
  set.images[0].name = "a.png";
  set.images[0].height = set.images[0].width = 9;
  SetObject crowd;
  crowd.box = {1, 1, 5, 5};
  crowd.crowd = true;
  set.images[0].objects = {crowd};
  Tally yolo, tasks;
  EXPECT_EQ(write_set(SetFormat::yolo, set, false, yolo).at(0).text, "");
  EXPECT_EQ(yolo.at("crowd regions, which YOLO cannot say and readers would take for objects"), 1);
  EXPECT_EQ(write_set(SetFormat::labelstudio, set, false, tasks).at(0).text.find("rectanglelabels"), std::string::npos);
  EXPECT_EQ(tasks.at("crowd regions, which Label Studio cannot say and readers would take for objects"), 1);
}

std::string voc_text(std::string_view file, std::string_view more = "") {
  return fmt::format(
      "<annotation><filename>{}</filename><size><width>100</width><height>80</height></size>{}</annotation>", file,
      more);
}

TEST(VocFolders, ImagesWithoutXmlHaveNoObjects) {
  const ScratchFolder scratch;
  for (const char* name : {"a", "listed", "more"}) put_image(scratch / fmt::format("JPEGImages/{}.png", name), 80, 100);
  put(scratch / "Annotations/a.xml", voc_text("a.png"));
  put(scratch / "ImageSets/Main/val.txt", "listed\n");
  const ReadSet read = read_set(SetFormat::voc, scratch.path(), {});
  ASSERT_EQ(read.set.images.size(), 3U);
  EXPECT_EQ(read.set.images[0].name, "listed.png");
  EXPECT_EQ(read.set.images[0].part, SetPart::val);
  EXPECT_EQ(read.set.images[0].width, 100);
  EXPECT_EQ(read.left_out, (Tally{{"XML files that are not there: their images are taken to have no objects", 2}}));
  put(scratch / "ImageSets/Main/val.txt", "listed\nnowhere\n");
  EXPECT_REFUSED(read_set(SetFormat::voc, scratch.path(), {}), "there is neither nowhere.xml in Annotations nor an");
}

TEST(VocFolders, ListsGoByAllTheirNames) {
  const ScratchFolder scratch;
  for (const char* name : {"a", "b", "c", "d"})
    put(scratch / fmt::format("Annotations/{}.xml", name), voc_text(fmt::format("{}.jpg", name)));
  put(scratch / "ImageSets/Main/train.txt", "a\n");
  put(scratch / "ImageSets/Main/valid.txt", "b\na\n");
  put(scratch / "ImageSets/Main/trainval.txt", "a\nb\nc\n");
  put(scratch / "ImageSets/Main/cat_train.txt", "a  1\n");
  put(scratch / "ImageSets/Main/holdout.txt", "d\n");
  const ReadSet read = read_set(SetFormat::voc, scratch.path(), {});
  ASSERT_EQ(read.set.images.size(), 4U);
  const std::vector<SetPart> parts{SetPart::train, SetPart::val, SetPart::train, SetPart::all};
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ(read.set.images[i].part, parts[i]) << read.set.images[i].name;
  EXPECT_EQ(read.left_out,
            (Tally{{kInOtherPart, 1},
                   {"lists of ImageSets/Main that are of no part", 1},
                   {"note: images of trainval.txt that no other list names, and are taken to train on", 1}}));
}

TEST(VocFolders, TheImageIsThatOfTheXmlFile) {
  const ScratchFolder scratch;
  put_image(scratch / "JPEGImages/a.png", 80, 100);
  const auto name_for = [&](std::string_view said) {
    put(scratch / "Annotations/a.xml", voc_text(said));
    return read_set(SetFormat::voc, scratch.path(), {}).set.images.at(0).name;
  };
  for (const char* said : {"a.png", "a", "a.jpg", "C:\\imgs\\b.jpg", "/home/me/a.png", ""}) {
    EXPECT_EQ(name_for(said), "a.png") << said;
  }
  fs::remove(scratch / "JPEGImages/a.png");
  EXPECT_EQ(name_for("C:\\imgs\\a.jpg"), "a.jpg");
  EXPECT_EQ(name_for("/home/me/a.png"), "a.png");
  EXPECT_EQ(name_for("/home/me/b.png"), "b.png");
  EXPECT_EQ(name_for("sub/b.png"), "sub/b.png");
}

TEST(VocFolders, LeftoversAreCounted) {
  const ScratchFolder scratch;
  put(scratch / "Annotations/a.xml",
      voc_text("a.jpg",
               "<score>1</score><object><name>cat</name><confidence>0.5</confidence><bndbox><xmin>1</xmin>"
               "<ymin>1</ymin><xmax>9</xmax><ymax>9</ymax></bndbox></object>"));
  put(scratch / "SegmentationObject/a.png", "");
  EXPECT_EQ(read_set(SetFormat::voc, scratch.path(), {}).left_out, (Tally{{"<confidence> in <object> of Pascal VOC", 1},
                                                                          {"<score> in <annotation> of Pascal VOC", 1},
                                                                          {"masks in SegmentationObject", 1}}));
}

TEST(VocFolders, AClassOfTheNameOfTheGroundStays) {
  LabelledSet set;
  set.categories = {{1, "background", ""}, {2, "cat", ""}};
  set.images.resize(1);
  set.images[0].name = "a.png";
  set.images[0].height = set.images[0].width = 9;
  const ScratchFolder scratch;
  Tally left_out;
  for (const SetFile& file : write_set(SetFormat::voc, set, false, left_out)) put(scratch / file.name, file.text);
  fixture::expect_same_set(set, read_set(SetFormat::voc, scratch.path(), {}).set, "background");
}

TEST(CocoFolders, EachFileIsOfThePartOfItsName) {
  const ScratchFolder scratch;
  const auto file = [](const char* name) {
    return fmt::format(
        R"({{"images": [{{"id": 1, "file_name": "{}", "height": 9, "width": 9}}], "annotations": [], "categories": []}})",
        name);
  };
  put(scratch / "annotations/Train.json", file("a.png"));
  put(scratch / "annotations/validation.json", file("b.png"));
  put(scratch / "annotations/holdout.json", file("c.png"));
  const ReadSet read = read_set(SetFormat::coco, scratch.path(), {});
  ASSERT_EQ(read.set.images.size(), 2U);
  EXPECT_EQ(read.set.images[0].part, SetPart::train);
  EXPECT_EQ(read.set.images[1].part, SetPart::val);
  EXPECT_EQ(read.left_out, (Tally{{"JSON files that are of no part", 1}}));
}

TEST(CocoFolders, IdsAndAttributesStayOrAreCounted) {
  const ScratchFolder scratch;
  put(scratch / "all.json", R"({"images": [{"id": 1, "file_name": "a.png", "height": 9, "width": 9}],
      "categories": [{"id": 1, "name": "cat"}], "annotations": [
      {"id": 7, "image_id": 1, "category_id": 1, "bbox": [1, 1, 5, 5], "area": 25, "iscrowd": 0,
       "attributes": {"code": "5", "size": 5, "difficult": 1, "occluded": false, "sure": "true"}}]})");
  const ReadSet read = read_set(SetFormat::coco, scratch / "all.json", {});
  EXPECT_EQ(read.left_out, (Tally{{"note: flags among the attributes that are false, which says as much as none", 1},
                                  {"note: flags among the attributes that are numbers or texts, read as true", 1}}));
  Tally to_coco, to_csv;
  const std::string text = write_set(SetFormat::coco, read.set, false, to_coco).at(0).text;
  EXPECT_EQ(parse_json(text, "all")["annotations"][0]["attributes"],
            (Json{{"code", "5"}, {"difficult", true}, {"size", 5}, {"sure", "true"}}));
  EXPECT_TRUE(to_coco.empty());
  write_set(SetFormat::csv, read.set, false, to_csv);
  EXPECT_EQ(to_csv.at("ids of annotations, which csv does not keep"), 1);
  LabelledSet twice = read.set;
  twice.images.push_back(twice.images[0]);
  twice.images[1].name = "b.png";
  write_set(SetFormat::coco, twice, false, to_coco);
  EXPECT_EQ(to_coco.at("ids of images, since not all of a part have one of their own"), 1);
  EXPECT_EQ(to_coco.at("ids of annotations, since not all of a part have one of their own"), 2);
}

TEST(YoloFolders, LineEndsOfAllSystemsAreTheSame) {
  const ScratchFolder scratch;
  for (const char* name : {"a", "b"}) put_image(scratch / fmt::format("images/{}.png", name), 40, 50);
  for (const std::string end : {"\r", "\n", "\r\n"}) {
    put(scratch / "classes.txt", fmt::format("cat{0}dog{0}", end));
    put(scratch / "labels/a.txt", fmt::format("0 .5 .5 .2 .2{0}0 .1 .1 .1 .1{0}1 .5 .5 .1 .1", end));
    const ReadSet read = read_set(SetFormat::yolo, scratch / "classes.txt", {});
    ASSERT_EQ(read.set.categories.size(), 2U);
    ASSERT_EQ(read.set.images.at(0).objects.size(), 3U);
    EXPECT_TRUE(read.set.images[0].objects[0].mask.empty());
    put(scratch / "list.txt", fmt::format("images/a.png{0}images/b.png{0}", end));
    put(scratch / "data.yaml", fmt::format("train: list.txt{0}names: [cat, dog]{0}", end));
    EXPECT_EQ(read_set(SetFormat::yolo, scratch / "data.yaml", {}).set.images.size(), 2U);
    put(scratch / "labels/a.txt", fmt::format("0 .5 .5 .2 .2{0}9 .1 .1 .1 .1", end));
    EXPECT_REFUSED(read_set(SetFormat::yolo, scratch / "classes.txt", {}), "a.txt:2: the class");
  }
}

TEST(YoloFolders, ABlankLineAmongTheClassesIsRefused) {
  const ScratchFolder scratch;
  put_image(scratch / "images/a.png", 40, 50);
  const auto classes = [&](std::string_view text) {
    put(scratch / "classes.txt", text);
    return read_set(SetFormat::yolo, scratch / "classes.txt", {}).set.categories.size();
  };
  EXPECT_EQ(classes("cat\ndog\n\n \r\n"), 2U);
  EXPECT_REFUSED(classes("\ncat\ndog\n"), "classes.txt:1: is blank");
  EXPECT_REFUSED(classes("cat\n \t\ndog\n"), "classes.txt:2: is blank");
  EXPECT_REFUSED(classes("cat\r\rdog\r"), "classes.txt:2: is blank");
}

TEST(YoloFolders, ThePathOfTheFileIsAFolder) {
  const ScratchFolder scratch;
  put_image(scratch / "set/images/a.png", 40, 50);
  put(scratch / "file", "");
  for (const std::string& path : std::vector<std::string>{"set", "./set/", (scratch / "set").string()}) {
    EXPECT_EQ(read_yolo(scratch, fmt::format("path: {}\ntrain: images", path)).set.images.size(), 1U) << path;
  }
  EXPECT_EQ(read_yolo(scratch, "path:\ntrain: set/images").set.images.size(), 1U);
  for (const char* path : {"/nowhere/at/all", "../datasets/x", "C:\\data", "file", "5"}) {
    EXPECT_REFUSED(read_yolo(scratch, fmt::format("path: {}\ntrain: set/images", path)),
                   "data.yaml: path: there is no folder");
  }
  EXPECT_REFUSED(read_yolo(scratch, "path: [set]\ntrain: set/images"), "data.yaml: path: is no path of a folder");
}

TEST(YoloFolders, LabelsInOtherLettersAreReadAndSaid) {
  const ScratchFolder scratch;
  const char* note = "note: label files that are named in other capital and small letters than their images, and read";
  put_image(scratch / "images/a.png", 40, 50);
  put(scratch / "labels/a.TXT", "0 .5 .5 .2 .2\n");
  const ReadSet read = read_yolo(scratch, "train: images");
  EXPECT_EQ(read.set.images.at(0).objects.size(), 1U);
  EXPECT_EQ(read.left_out, (Tally{{note, 1}}));
  EXPECT_EQ(read.first_places.at(note), (scratch / "labels/a.TXT").string());
  put(scratch / "labels/A.txt", "");
  EXPECT_REFUSED(read_yolo(scratch, "train: images"), "a.txt: is not there, but A.txt and a.TXT are");
  put_image(scratch / "images/A.png", 40, 50);
  EXPECT_EQ(read_yolo(scratch, "train: images").left_out, (Tally{{note, 1}})) << "A.txt is that of A.png";
  fs::remove(scratch / "images/A.png");
  fs::remove(scratch / "labels/A.txt");
  fs::rename(scratch / "labels", scratch / "Labels");
  EXPECT_EQ(read_yolo(scratch, "train: images").left_out, (Tally{{note, 1}}));
}

TEST(VocFolders, LineEndsOfAllSystemsAreTheSame) {
  const ScratchFolder scratch;
  for (const char* name : {"a", "b"})
    put(scratch / fmt::format("Annotations/{}.xml", name), voc_text(fmt::format("{}.jpg", name)));
  for (const std::string end : {"\r", "\n", "\r\n"}) {
    put(scratch / "ImageSets/Main/val.txt", fmt::format("a{0}b{0}", end));
    put(scratch / "labelmap.txt", fmt::format("cat:::{0}dog:::{0}", end));
    const ReadSet read = read_set(SetFormat::voc, scratch.path(), {});
    ASSERT_EQ(read.set.images.size(), 2U);
    EXPECT_EQ(read.set.images[1].part, SetPart::val);
    EXPECT_EQ(read.set.categories.size(), 2U);
  }
}

TEST(VocFolders, SuffixesInCapitalsAreReadAndFilesOfMacosAreNot) {
  const ScratchFolder scratch;
  put(scratch / "Annotations/a.xml", voc_text("a.jpg"));
  put(scratch / "Annotations/b.XML", voc_text("b.jpg"));
  put(scratch / "Annotations/._a.xml", std::string_view("\0\5\26\7", 4));
  put(scratch / "ImageSets/Main/val.TXT", "b\n");
  const ReadSet read = read_set(SetFormat::voc, scratch.path(), {});
  ASSERT_EQ(read.set.images.size(), 2U);
  EXPECT_EQ(read.set.images[0].name, "b.jpg");
  EXPECT_EQ(read.set.images[0].part, SetPart::val);
  EXPECT_EQ(read.left_out, (Tally{{"files of macOS whose names begin with ._, which are not read", 1},
                                  {"note: XML files whose suffix has capital letters, which are read", 1}}));
  put(scratch / "Annotations/b.xml", voc_text("b.jpg"));
  EXPECT_REFUSED(read_set(SetFormat::voc, scratch.path(), {}), "has the same name as b.XML");
  fs::remove(scratch / "Annotations/b.XML");
  put(scratch / "ImageSets/Main/val.TXT", "B\n");
  EXPECT_REFUSED(read_set(SetFormat::voc, scratch.path(), {}), "nor an image of that name, but b.xml");
  put_image(scratch / "JPEGImages/B.png", 80, 100);
  EXPECT_REFUSED(read_set(SetFormat::voc, scratch.path(), {}), "there is no XML file B.xml for the image, but b.xml");
}

TEST(VocFolders, NamesComeBackOrAreShortened) {
  const ScratchFolder scratch;
  put(scratch / "a.csv", "file,width,height,x1,y1,x2,y2,class,part\n./a.jpg,9,9,1,1,5,5,cat,train\n");
  const ReadSet read = read_set(SetFormat::csv, scratch / "a.csv", {});
  EXPECT_EQ(read.set.images.at(0).name, "a.jpg");
  EXPECT_EQ(read.left_out, (Tally{{"note: names of images such as ./a.jpg, which are shortened to a.jpg", 1}}));
  Tally left_out;
  for (const SetFile& file : write_set(SetFormat::voc, read.set, false, left_out)) put(scratch / file.name, file.text);
  EXPECT_EQ(read_set(SetFormat::voc, scratch.path(), {}).set.images.at(0).name, "a.jpg");
  LabelledSet mac = read.set;
  mac.images[0].name = "x/._a.jpg";
  EXPECT_REFUSED(write_set(SetFormat::voc, mac, false, left_out), "would be taken for one of macOS");
}

}  // namespace
}  // namespace spinenet::data

// Nothing that a conversion or a division reads lies where it writes, whatever leads there.
#include "data/convert/own_outputs.h"

#include <map>

#include <gtest/gtest.h>

#include "base/files.h"
#include "base/format.h"
#include "base/scratch_folder_fixture.h"
#include "data/convert/convert.h"
#include "data/convert/set_files_fixture.h"
#include "data/convert/split.h"

namespace spinenet::data {
namespace {

namespace fs = std::filesystem;
using fixture::put;
using fixture::put_image;
using spinenet::fixture::ScratchFolder;

ConvertOptions from_to(SetFormat from, SetFormat to, bool copy_images) {
  ConvertOptions options;
  options.from = from;
  options.to = to;
  options.copy_images = copy_images;
  return options;
}

// A set of one image, converted into `folder`/kept with its image.
void convert_once(const fs::path& folder) {
  put_image(folder / "source/images/a.png", 80, 100);
  put(folder / "source/labels/a.txt", "0 0.5 0.5 0.2 0.2\n");
  put(folder / "source/data.yaml", "train: images\nnames: [cat]\n");
  convert_set(folder / "source", folder / "kept", from_to(SetFormat::yolo, SetFormat::yolo, true));
}

std::map<std::string, std::string> files_in(const fs::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file() && entry.path().filename() != "lock")
      files[entry.path().string()] = read_file(entry.path());
  }
  return files;
}

class Inputs : public testing::TestWithParam<bool> {};

TEST_P(Inputs, ThatLinksLeadToStay) {
  const ScratchFolder scratch;
  convert_once(scratch.path());
  const auto before = files_in(scratch / "kept");
  ASSERT_EQ(before.size(), 6U) << "the marker, the report, data.yaml, a list, labels and the image";
  put(scratch / "new/labels/a.txt", "0 0.5 0.5 0.4 0.4\n");
  put(scratch / "new/data.yaml", "train: images\nnames: [cat]\n");
  fs::create_directory_symlink(scratch / "kept/images", scratch / "new/images");
  EXPECT_REFUSED(convert_set(scratch / "new", scratch / "kept", from_to(SetFormat::yolo, SetFormat::coco, GetParam())),
                 "which the command reads: nothing in it is touched");
  EXPECT_EQ(files_in(scratch / "kept"), before);
}

TEST_P(Inputs, ThatTheSourceNamesElsewhereStay) {
  const ScratchFolder scratch;
  convert_once(scratch.path());
  const auto before = files_in(scratch / "kept");
  put(scratch / "own.yaml", fmt::format("path: {}\ntrain: train.txt\nnames: [dog]\n", (scratch / "kept").string()));
  EXPECT_REFUSED(
      convert_set(scratch / "own.yaml", scratch / "kept", from_to(SetFormat::yolo, SetFormat::coco, GetParam())),
      "which the command reads: nothing in it is touched");
  EXPECT_EQ(files_in(scratch / "kept"), before);
}

TEST_P(Inputs, OfASourceBelowLinksStay) {
  const ScratchFolder scratch;
  convert_once(scratch.path());
  const auto before = files_in(scratch / "kept");
  put(scratch / "a.csv", "file,width,height,x1,y1,x2,y2,class\na.png,100,80,1,1,5,5,cat\n");
  fs::create_directories(scratch / "linked");
  fs::create_symlink(scratch / "kept/images/a.png", scratch / "linked/a.png");
  ConvertOptions options = from_to(SetFormat::csv, SetFormat::coco, GetParam());
  options.read.images = scratch / "linked";
  EXPECT_REFUSED(convert_set(scratch / "a.csv", scratch / "kept", options), "leads out of the image folder");
  put(scratch / "kept/a.csv", "file,width,height,x1,y1,x2,y2,class\na.png,100,80,1,1,5,5,cat\n");
  fs::create_symlink(scratch / "kept/a.csv", scratch / "link.csv");
  EXPECT_REFUSED(convert_set(scratch / "link.csv", scratch / "kept", options), "holds the source");
  options.read.images.clear();
  options.copy_images = false;
  options.class_file = scratch / "kept/data.yaml";
  EXPECT_REFUSED(convert_set(scratch / "a.csv", scratch / "kept", options), "holds the list of classes");
  fs::remove(scratch / "kept/a.csv");
  EXPECT_EQ(files_in(scratch / "kept"), before);
}

INSTANTIATE_TEST_SUITE_P(Convert, Inputs, testing::Bool(),
                         [](const auto& copies) { return copies.param ? "copied" : "named"; });

TEST(Outputs, DoNotLieInAFolderThatIsSearched) {
  const ScratchFolder scratch;
  put_image(scratch / "source/a.png", 80, 100);
  put(scratch / "source/a.txt", "0 0.5 0.5 0.2 0.2\n");
  put(scratch / "source/data.yaml", "train: .\nnames: [cat]\n");
  const ConvertOptions yolo = from_to(SetFormat::yolo, SetFormat::coco, true);
  EXPECT_REFUSED(convert_set(scratch / "source", scratch / "source/out", yolo), "the next run would read this one's");
  EXPECT_FALSE(fs::exists(scratch / "source/out"));
  put(scratch / "voc/a.xml", "<annotation><size><width>9</width><height>9</height></size></annotation>");
  const ConvertOptions voc = from_to(SetFormat::voc, SetFormat::coco, false);
  EXPECT_REFUSED(convert_set(scratch / "voc", scratch / "voc/out", voc), "the next run would read this one's");
  put(scratch / "named/data.yaml", "train: images\nnames: [cat]\n");
  put_image(scratch / "named/images/a.png", 80, 100);
  EXPECT_EQ(convert_set(scratch / "named", scratch / "named/out", yolo).images, 1) << "beside what is searched";
}

TEST(Outputs, NothingIsRemovedBeforeAllIsChecked) {
  const ScratchFolder scratch;
  convert_once(scratch.path());
  const auto before = files_in(scratch / "kept");
  const std::string deep = "a/b/c/d/e/f/x.png";
  put_image(scratch / ("deep/" + deep), 80, 100);
  put(scratch / "deep.csv", fmt::format("file,width,height,x1,y1,x2,y2,class\n{},100,80,1,1,5,5,cat\n", deep));
  ConvertOptions options = from_to(SetFormat::csv, SetFormat::coco, true);
  options.read.images = scratch / "deep";
  EXPECT_REFUSED(convert_set(scratch / "deep.csv", scratch / "kept", options), "lies deeper than five folders");
  EXPECT_EQ(files_in(scratch / "kept"), before);
  options.copy_images = false;
  EXPECT_EQ(convert_set(scratch / "deep.csv", scratch / "new", options).images, 1);
}

TEST(Outputs, OfADivisionHoldNoInput) {
  const ScratchFolder scratch;
  put(scratch / "all.json",
      R"({"images": [{"id": 1, "file_name": "a.png", "height": 9, "width": 9}], "annotations": [], "categories": []})");
  SplitOptions options;
  options.parts = parse_split_parts("all=1");
  split_coco(scratch / "all.json", scratch / "out", options);
  fs::create_symlink(scratch / "out/annotations/all.json", scratch / "link.json");
  const auto before = files_in(scratch / "out");
  EXPECT_REFUSED(split_coco(scratch / "link.json", scratch / "out", options), "holds the annotations");
  EXPECT_EQ(files_in(scratch / "out"), before);
}

}  // namespace
}  // namespace spinenet::data

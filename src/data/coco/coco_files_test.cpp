#include "data/coco/coco_files.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "base/output_fixture.h"
#include "data/coco/coco.h"
#include "data/coco/coco_check.h"
#include "data/coco/coco_fixture.h"
#include "data/coco/coco_root.h"
#include "image/encode.h"

namespace spinenet::data {
namespace {

using fixture::coco;
using fixture::sound_box;
using CodeCounts = std::map<std::string, int64_t>;

// A folder of its own for each test, with a.png of 100 x 200 (height x width).
class CocoFiles : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_ / "images" / "sub");
    write("images/a.png", image::make_image(100, 200, 7));
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& name, const image::Image& image) {
    spinenet::fixture::put_file(folder_ / name, image::encode_png(image));
  }
  CheckReport check(const std::string& text, const CheckOptions& options = {}) {
    return check_coco_text(text, folder_ / "images", options);
  }
  static std::string image(const std::string& name, int height = 100, int width = 200, int id = 1) {
    return fmt::format(R"({{"id":{},"file_name":"{}","height":{},"width":{}}})", id, name, height, width);
  }

  std::filesystem::path folder_ =
      std::filesystem::path(testing::TempDir()) / testing::UnitTest::GetInstance()->current_test_info()->name();
};

TEST_F(CocoFiles, SoundFilesHaveNoFindings) {
  write("images/sub/b.png", image::make_image(9, 8));
  const std::string text = coco(sound_box(), image("a.png") + "," + image("sub/b.png", 9, 8, 2));
  EXPECT_EQ(check(text).counts, CodeCounts());
}

TEST_F(CocoFiles, D033SizeIsTakenFromTheFile) {
  const std::string text = coco(sound_box(), image("a.png", 50, 60));
  const CheckReport report = check(text);
  EXPECT_EQ(report.counts, (CodeCounts{{"D033", 1}}));
  EXPECT_EQ(report.findings.front().place, "/images/0/width");
  EXPECT_NE(report.findings.front().message.find("60 x 50"), std::string::npos);
  EXPECT_NE(report.findings.front().message.find("200 x 100"), std::string::npos);
  spinenet::fixture::put_file(folder_ / "in.json", text);
  const FixReport fixed = fix_coco(folder_ / "in.json", folder_ / "images", spinenet::fixture::output(folder_ / "out.json"));
  EXPECT_EQ(fixed.repaired, (CodeCounts{{"D033", 1}}));
  EXPECT_EQ(read_coco(folder_ / "out.json").images[0].height, 100);
  EXPECT_EQ(check_coco(folder_ / "out.json", folder_ / "images").counts, CodeCounts());
  EXPECT_EQ(read_file(folder_ / "in.json"), text) << "the source stays as it is";
}

TEST_F(CocoFiles, D033MissingSizeIsTakenFromTheFile) {
  const std::string text = coco(sound_box(), R"({"id":1,"file_name":"a.png"})");
  EXPECT_EQ(check(text).counts, (CodeCounts{{"D033", 1}}));
  std::string copy;
  fix_coco_text(text, folder_ / "images", copy);
  EXPECT_EQ(parse_coco(copy, "copy").images[0].width, 200);
}

TEST_F(CocoFiles, D033SwappedSizeIsToldApart) {
  const CheckReport report = check(coco(sound_box(), image("a.png", 200, 100)));
  EXPECT_NE(report.findings.front().message.find("EXIF"), std::string::npos) << report.findings.front().message;
}

TEST_F(CocoFiles, D034MissingAndBrokenFiles) {
  CheckReport report = check(coco(sound_box(), image("none.png")));
  EXPECT_EQ(report.counts, (CodeCounts{{"D034", 1}}));
  EXPECT_EQ(report.findings.front().place, "/images/0/file_name");
  EXPECT_NE(report.findings.front().message.find("none.png"), std::string::npos);
  const std::string whole = read_file(folder_ / "images/a.png");
  spinenet::fixture::put_file(folder_ / "images/cut.png", std::string_view(whole).substr(0, whole.size() / 2));
  EXPECT_EQ(check(coco(sound_box(), image("cut.png"))).counts, (CodeCounts{{"D034", 1}}));
  spinenet::fixture::put_file(folder_ / "images/text.png", "not an image");
  EXPECT_EQ(check(coco(sound_box(), image("text.png"))).counts, (CodeCounts{{"D034", 1}}));
}

TEST_F(CocoFiles, HeadersAloneDoNotFindBrokenPixels) {
  const std::string whole = read_file(folder_ / "images/a.png");
  spinenet::fixture::put_file(folder_ / "images/cut.png", std::string_view(whole).substr(0, whole.size() / 2));
  CheckOptions headers;
  headers.files.decode = false;
  EXPECT_EQ(check(coco(sound_box(), image("cut.png")), headers).counts, CodeCounts());
  EXPECT_EQ(check(coco(sound_box(), image("none.png")), headers).counts, (CodeCounts{{"D034", 1}}));
}

TEST_F(CocoFiles, D035SamePixelsInTheOtherSet) {
  std::filesystem::create_directories(folder_ / "other");
  image::Image changed = image::make_image(100, 200, 7);
  changed.at(99, 199)[2] = 8;
  write("other/same.png", image::make_image(100, 200, 7));
  write("other/changed.png", changed);
  write("images/turned.png", image::make_image(200, 100, 7));
  spinenet::fixture::put_file(folder_ / "other.json", coco("", image("changed.png") + "," + image("same.png", 100, 200, 2)));
  CheckOptions options;
  options.other_annotations = folder_ / "other.json";
  options.other_image_dir = folder_ / "other";
  const std::string text = coco(sound_box(2), image("turned.png", 200, 100, 1) + "," + image("a.png", 100, 200, 2));
  const CheckReport report = check(text, options);
  EXPECT_EQ(report.counts, (CodeCounts{{"D035", 1}}));
  EXPECT_EQ(report.findings.front().place, "/images/1/file_name");
  EXPECT_NE(report.findings.front().message.find("same.png"), std::string::npos);
}

TEST_F(CocoFiles, D036LinksOutOfTheFolder) {
  write("outside.png", image::make_image(100, 200));
  std::filesystem::create_symlink(folder_ / "outside.png", folder_ / "images/link.png");
  std::filesystem::create_symlink(folder_, folder_ / "images/up");
  std::filesystem::create_symlink("a.png", folder_ / "images/inner.png");
  EXPECT_EQ(check(coco(sound_box(), image("link.png"))).counts, (CodeCounts{{"D036", 1}}));
  EXPECT_EQ(check(coco(sound_box(), image("up/outside.png"))).counts, (CodeCounts{{"D036", 1}}));
  EXPECT_EQ(check(coco(sound_box(), image("inner.png"))).counts, CodeCounts());
}

TEST_F(CocoFiles, TheFolderItselfMayBeALink) {
  std::filesystem::create_directory_symlink(folder_ / "images", folder_ / "linked");
  EXPECT_EQ(check_coco_text(coco(sound_box(), image("a.png")), folder_ / "linked").counts, CodeCounts());
  EXPECT_EQ(ImageRoot(folder_ / "linked").resolve("a.png"), folder_ / "linked" / "a.png");
}

TEST_F(CocoFiles, RootRefusesUnsafeNames) {
  const ImageRoot root(folder_ / "images");
  EXPECT_EQ(root.objection("not/there/yet.png"), "");
  EXPECT_THROW(root.resolve("../images/a.png"), Error);
  EXPECT_THROW(root.resolve("/etc/hostname"), Error);
  EXPECT_THROW(ImageRoot(folder_ / "nowhere"), Error);
  EXPECT_THROW(ImageRoot(folder_ / "images/a.png"), Error);
}

}  // namespace
}  // namespace spinenet::data

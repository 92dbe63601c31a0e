#include "data/coco/coco_files.h"

#include <cmath>
#include <tuple>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <zlib.h>

#include "base/error.h"
#include "base/files.h"
#include "base/no_rights_fixture.h"
#include "base/output_fixture.h"
#include "base/scratch_folder_fixture.h"
#include "data/coco/coco.h"
#include "data/coco/coco_check.h"
#include "data/coco/coco_fixture.h"
#include "data/coco/coco_root.h"
#include "image/encode.h"
#include "image/test_image.h"

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
  const FixReport fixed =
      fix_coco(folder_ / "in.json", folder_ / "images", spinenet::fixture::output(folder_ / "out.json"));
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

// The size of the file decides, also against what the entry of the image says: masks of that size stay.
TEST_F(CocoFiles, D033MasksOfTheFilesSizeStay) {
  const std::string mask = R"(,"segmentation":{"size":[100,200],"counts":[1010,10,90,10,18880]})";
  for (const std::string& entry :
       {image("a.png", 50, 60), image("a.png", 200, 100), std::string(R"({"id":1,"file_name":"a.png"})")}) {
    const std::string text = coco(fixture::box(1, "[10,10,2,10]", "20", mask), entry);
    EXPECT_EQ(check(text).counts, (CodeCounts{{"D033", 1}})) << entry;
    std::string copy;
    const FixReport report = fix_coco_text(text, folder_ / "images", copy);
    EXPECT_EQ(report.repaired, (CodeCounts{{"D033", 1}})) << entry;
    EXPECT_TRUE(report.left.empty()) << entry;
    EXPECT_EQ(parse_coco(copy, "copy").annotations[0].segmentation.rle.height, 100) << entry;
    EXPECT_EQ(report.changes.masks_left_out, 0) << entry;
  }
}

TEST_F(CocoFiles, HeadersAloneFindImagesThatAreTooNarrow) {
  write("images/narrow.png", image::make_image(1, 1200));
  for (const bool decode : {true, false}) {
    CheckOptions options;
    options.files.decode = decode;
    const CheckReport report = check(coco(fixture::box(1, "[0,0,10,1]", "10"), image("narrow.png", 1, 1200)), options);
    EXPECT_EQ(report.counts, (CodeCounts{{"D034", 1}})) << decode;
    EXPECT_NE(report.findings.front().message.find("ratio of its sides"), std::string::npos);
  }
}

TEST_F(CocoFiles, D033SwappedSizeIsToldApart) {
  const CheckReport report = check(coco(sound_box(), image("a.png", 200, 100)));
  EXPECT_NE(report.findings.front().message.find("EXIF"), std::string::npos) << report.findings.front().message;
}

// A PNG whose eXIf block turns it.
std::string turned_png(const image::Image& image, int orientation) {
  std::string png = image::encode_png(image);
  const std::string block = image::exif_block(orientation, true);
  const auto big_endian = [](uint32_t value) {
    return std::string{static_cast<char>(value >> 24), static_cast<char>(value >> 16), static_cast<char>(value >> 8),
                       static_cast<char>(value)};
  };
  const std::string named = "eXIf" + block;
  const auto crc =
      static_cast<uint32_t>(::crc32(0, reinterpret_cast<const Bytef*>(named.data()), static_cast<uInt>(named.size())));
  constexpr size_t kAfterHeader = 8 + 25;
  png.insert(kAfterHeader, big_endian(static_cast<uint32_t>(block.size())) + named + big_endian(crc));
  return png;
}

// a.png is 100 x 200 (height x width) as it is stored, 200 x 100 upright; the entry has the stored size.
TEST_F(CocoFiles, D046NothingIsTurnedByGuessing) {
  const std::string rle = R"(,"segmentation":{"size":[100,200],"counts":[1010,10,90,10,18880]})";
  for (const int orientation : {5, 6, 7, 8}) {
    fixture::put_file(folder_ / "images/a.png", turned_png(image::make_image(100, 200, 7), orientation));
    for (const std::string& annotation :
         {sound_box(), fixture::box(1, "[150,20,40,40]", "1600"), fixture::box(1, "[10,10,2,10]", "20", rle),
          fixture::box(1, "[150,20,40,40]", "1600") + "," + fixture::box(2, "[10,150,40,40]", "1600")}) {
      const std::string text = coco(annotation, image("a.png"));
      const CheckReport report = check(text);
      EXPECT_EQ(report.counts.at("D046"), 1) << annotation;
      EXPECT_FALSE(report.counts.contains("D033")) << annotation;
      std::string copy;
      const FixReport fixed = fix_coco_text(text, folder_ / "images", copy);
      EXPECT_EQ(fixed.left.at("D046"), 1) << annotation;
      EXPECT_EQ(fixed.changes.image_sizes_written, 0);
      EXPECT_EQ(fixed.changes.masks_left_out, 0) << "no mask is lost by it";
    }
  }
}

TEST_F(CocoFiles, D033AnnotationsOfTheUprightImageGetItsSize) {
  fixture::put_file(folder_ / "images/a.png", turned_png(image::make_image(100, 200, 7), 6));
  const std::string rle = R"(,"segmentation":{"size":[200,100],"counts":[2010,10,190,10,17780]})";
  for (const std::string& annotations :
       {std::string(), fixture::box(1, "[20,150,40,40]", "1600"), fixture::box(1, "[10,10,2,10]", "20", rle)}) {
    const std::string text = coco(annotations, image("a.png"));
    EXPECT_EQ(check(text).counts, (CodeCounts{{"D033", 1}})) << annotations;
    std::string copy;
    const FixReport fixed = fix_coco_text(text, folder_ / "images", copy);
    EXPECT_TRUE(fixed.left.empty()) << annotations;
    EXPECT_EQ(check(copy).counts, CodeCounts()) << annotations;
    EXPECT_EQ(parse_coco(copy, "copy").images[0].height, 200);
  }
}

TEST_F(CocoFiles, AFolderThatMayNotBeEnteredIsNotCalledMissing) {
  const auto look = [&] {
    std::string said;
    try {
      for (const Finding& finding : check(coco(sound_box())).findings) said += finding.code + finding.message + "; ";
    } catch (const Error& error) {
      said = error.what();
    }
    return said;
  };
  const spinenet::fixture::ScratchFolder scratch;
  folder_ = scratch.path();
  std::filesystem::create_directories(folder_ / "images");
  write("images/a.png", image::make_image(100, 200, 7));
  std::filesystem::permissions(folder_, std::filesystem::perms{0711});
  std::filesystem::permissions(folder_ / "images", std::filesystem::perms{0600});
  const std::string other = spinenet::fixture::without_rights(look);
  std::filesystem::permissions(folder_ / "images", std::filesystem::perms{0755});
  EXPECT_NE(other.find("Permission denied"), std::string::npos) << other;
  EXPECT_EQ(other.find("D036"), std::string::npos) << "the name is sound: " << other;
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
  spinenet::fixture::put_file(folder_ / "other.json",
                              coco("", image("changed.png") + "," + image("same.png", 100, 200, 2)));
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

// Each of these names a file that is there, but not so.
TEST_F(CocoFiles, D034NamesTheNearFile) {
  write("images/sub/Caf\xC3\xA9 1.PNG", image::make_image(9, 8));
  write("images/sub/\xEA\xB0\x80\xE3\x81\x8C.png", image::make_image(9, 8));
  const auto near = [&](const std::string& name) {
    const CheckReport report = check(coco("", image(name, 9, 8)));
    return report.counts == CodeCounts{{"D034", 1}} ? report.findings.front().message : "not missing";
  };
  const std::string cafe = "near it is \"sub/Caf\xC3\xA9 1.PNG\"";
  for (const char* name :
       {"sub\\\\Caf\xC3\xA9 1.PNG", "sub/Caf%C3%A9%201.PNG", "sub/Cafe\xCC\x81 1.PNG", "sub/caf\xC3\xA9 1.png",
        "sub/Caf\xC3\xA9 1.PNG ", "./sub/Caf\xC3\x89 1.PNG", "other/Caf\xC3\xA9 1.PNG", "Cafe 1.png"}) {
    EXPECT_NE(near(name).find(cafe), std::string::npos) << name << ": " << near(name);
  }
  // Decomposed: two Korean letters, and a Japanese one with its mark.
  EXPECT_NE(near("sub/\xE1\x84\x80\xE1\x85\xA1\xE3\x81\x8B\xE3\x82\x99.png").find("near it is"), std::string::npos);
  EXPECT_EQ(near("sub/Caf\xC3\xA9 2.PNG").find("near it is"), std::string::npos);
  EXPECT_EQ(check(coco("", image("./a.png"))).counts, CodeCounts()) << "the same file";
}

// A pipe that nobody writes into would be waited for.
TEST_F(CocoFiles, D034WhatIsNoRegularFile) {
  ASSERT_EQ(::mkfifo((folder_ / "images/pipe.png").c_str(), 0600), 0);
  std::filesystem::create_symlink("pipe.png", folder_ / "images/to_pipe.png");
  const auto told = [&](const std::string& name, const CheckOptions& options = {}) {
    const CheckReport report = check(coco(sound_box(), image(name)), options);
    return report.counts == CodeCounts{{"D034", 1}} ? report.findings.front().message : "read";
  };
  EXPECT_NE(told("pipe.png").find("is a named pipe; images are regular files"), std::string::npos);
  EXPECT_NE(told("to_pipe.png").find("is a named pipe"), std::string::npos);
  EXPECT_NE(told("sub").find("is a folder"), std::string::npos);
  CheckOptions headers;
  headers.files.decode = false;
  EXPECT_NE(told("pipe.png", headers).find("is a named pipe"), std::string::npos);
  EXPECT_NE(told("pipe.png").find("/pipe.png"), std::string::npos) << "by name";
  EXPECT_THROW(ImageRoot("/dev").resolve("null"), Error);
  EXPECT_THROW(ImageRoot(folder_ / "images").resolve("pipe.png"), Error);
}

image::Image pattern(int height, int width, int kind, int lighter = 0) {
  image::Image made = image::make_image(height, width);
  const int across = 1 + kind % 3, down = 1 + kind / 3;  // waves
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const double u = 6.28 * x / width;
      const double v = 6.28 * y / height;
      const double wave = std::sin(u * across + kind) + std::cos(v * down + u);
      for (int c = 0; c < 3; ++c) made.at(y, x)[c] = static_cast<uint8_t>(110 + 50 * wave + lighter);
    }
  }
  return made;
}

TEST_F(CocoFiles, D044NearlyEqualImagesInTheOtherSet) {
  write("images/own.png", pattern(120, 160, 1));
  write("images/sub/alone.png", pattern(120, 160, 5));
  spinenet::fixture::put_file(folder_ / "images/jpeg.jpg", image::encode_jpeg(pattern(120, 160, 1), 60));
  write("images/small.png", pattern(90, 120, 1));
  write("images/lighter.png", pattern(120, 160, 1, 4));
  write("images/different.png", pattern(120, 160, 4));
  write("images/flat.png", image::make_image(120, 160, 90));
  write("images/flat too.png", image::make_image(120, 160, 92));
  const auto against = [&](const std::string& name, int height, int width) {
    spinenet::fixture::put_file(folder_ / "other.json", coco("", image(name, height, width)));
    CheckOptions options;
    options.other_annotations = folder_ / "other.json";
    const std::string own = image("own.png", 120, 160, 1) + "," + image("sub/alone.png", 120, 160, 2) + "," +
                            image("flat.png", 120, 160, 3);
    return check(coco("", own), options);
  };
  for (const auto& [name, height, width] :
       {std::tuple("jpeg.jpg", 120, 160), std::tuple("small.png", 90, 120), std::tuple("lighter.png", 120, 160)}) {
    const CheckReport report = against(name, height, width);
    EXPECT_EQ(report.counts, (CodeCounts{{"D044", 1}})) << name;
    EXPECT_EQ(report.findings.front().place, "/images/0/file_name");
    EXPECT_NE(report.findings.front().message.find(name), std::string::npos);
  }
  EXPECT_EQ(against("own.png", 120, 160).counts, (CodeCounts{{"D035", 1}})) << "the same pixels";
  EXPECT_EQ(against("different.png", 120, 160).counts, CodeCounts());
  EXPECT_EQ(against("flat too.png", 120, 160).counts, CodeCounts()) << "one grey is like any other";
}

TEST_F(CocoFiles, D045GroupsOfOneVideoInBothSets) {
  const auto set = [](std::initializer_list<const char*> names) {
    std::string images;
    int id = 0;
    for (const char* name : names) {
      images += id > 0 ? "," : "";
      images += image(name, 5, 5, ++id);
    }
    return coco("", images);
  };
  const auto against = [&](const std::string& own, const std::string& other) {
    spinenet::fixture::put_file(folder_ / "other.json", other);
    CheckOptions options;
    options.other_annotations = folder_ / "other.json";
    return check_coco_text(own, {}, options);
  };
  const CheckReport report = against(set({"a/street_1_frame_001.jpg", "a/street_1_frame_003.jpg", "a/park_0001.jpg"}),
                                     set({"b/lake_01.jpg", "a/street_1_frame_002.jpg"}));
  EXPECT_EQ(report.counts, (CodeCounts{{"D045", 1}}));
  EXPECT_NE(report.findings.front().message.find("2 images here and 1 of the other set"), std::string::npos);
  EXPECT_EQ(against(set({"cat_jpg.rf.0a1b.jpg", "x.jpg"}), set({"cat_jpg.rf.77ff.jpg", "dog_jpg.rf.3.jpg"})).counts,
            (CodeCounts{{"D045", 1}}));
  EXPECT_EQ(against(set({"video7/0001.jpg"}), set({"video7/0002.jpg", "video8/0002.jpg"})).counts,
            (CodeCounts{{"D045", 1}}));
  EXPECT_EQ(against(set({"IMG_1.jpg", "IMG_2.jpg"}), set({"IMG_3.jpg"})).counts, CodeCounts()) << "one camera";
  EXPECT_EQ(against(set({"000001.jpg", "cat/01.jpg"}), set({"000002.jpg", "cat/02.jpg"})).counts, CodeCounts());
}

}  // namespace
}  // namespace spinenet::data

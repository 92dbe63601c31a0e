#include "image/image_folder.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/output_fixture.h"
#include "image/encode.h"
#include "image/format.h"
#include "image/test_image.h"

namespace spinenet::image {
namespace {

namespace fs = std::filesystem;

class FolderOfImages : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) / testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  void put(const std::string& name, const std::string& bytes) const { fixture::put_file(folder_ / name, bytes); }
  std::vector<std::string> images(PassedOver& passed_over) const {
    std::vector<std::string> names;
    for (const fs::path& path : images_in(folder_, passed_over)) names.push_back(path.filename().string());
    return names;
  }

  fs::path folder_;
};

TEST_F(FolderOfImages, AreToldByTheirContent) {
  const std::string jpeg = encode_jpeg(smooth_image(4, 5)), png = encode_png(smooth_image(4, 5));
  for (const char* name : {"b.jfif", "a.jpe", "c.JPG", "no_ending", "d.txt"}) put(name, jpeg);
  put("e.png", png);
  put("f.webp", std::string("RIFF\0\0\0\0WEBPVP8 ", 16));
  put("g.tif", std::string("MM\0*\0\0\0\x08", 8));
  put("h.bmp", "BM" + std::string(12, '\0') + std::string("\x28\0\0\0", 4));
  PassedOver passed_over;
  EXPECT_EQ(images(passed_over), (std::vector<std::string>{"a.jpe", "b.jfif", "c.JPG", "d.txt", "e.png", "f.webp",
                                                           "g.tif", "h.bmp", "no_ending"}));
  EXPECT_TRUE(passed_over.empty());
}

TEST_F(FolderOfImages, CountsWhatIsPassedOver) {
  const std::string png = encode_png(smooth_image(4, 5));
  put("a.png", png);
  put("._a.png", png);
  put(".hidden.png", png);
  put("page.jpg", "<html>not found</html>");
  put("empty.png", "");
  put("BMW.txt", "BMW and other makers of cars");
  put("notes.txt", "x");
  put("moving.gif", "GIF89a");
  fs::create_directories(folder_ / "deeper");
  ASSERT_EQ(::mkfifo((folder_ / "pipe.png").c_str(), 0600), 0);
  fs::create_symlink("gone.png", folder_ / "link.png");
  PassedOver passed_over;
  EXPECT_EQ(images(passed_over), (std::vector<std::string>{"a.png"}));
  EXPECT_EQ(passed_over.text(),
            "10 passed over: 1 GIF, which is not read (moving.gif); 1 folder (deeper); 2 hidden (._a.png, "
            ".hidden.png); 4 no image (BMW.txt, empty.png, notes.txt, ...); 2 no regular file (link.png, pipe.png)");
}

TEST_F(FolderOfImages, ALinkToAnImageIsOne) {
  put("a.png", encode_png(smooth_image(4, 5)));
  fs::create_symlink("a.png", folder_ / "b");
  PassedOver passed_over;
  EXPECT_EQ(images(passed_over).size(), 2U);
}

TEST_F(FolderOfImages, AFolderThatIsNotThereIsNamed) {
  PassedOver passed_over;
  try {
    images_in(folder_ / "none", passed_over);
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::io);
    EXPECT_NE(std::string(error.what()).find("none"), std::string::npos);
  }
}

TEST(Format, OthersAreNamed) {
  const auto foreign = [](const std::string& bytes) {
    EXPECT_FALSE(format_of(bytes_of(bytes))) << bytes;
    return foreign_format(bytes_of(bytes));
  };
  EXPECT_EQ(foreign("GIF89a"), "GIF");
  EXPECT_EQ(foreign(std::string("\0\0\0\x18", 4) + "ftypheic"), "HEIC");
  EXPECT_EQ(foreign(std::string("\0\0\0\x1C", 4) + "ftypavif"), "AVIF");
  EXPECT_EQ(foreign(std::string("\0\0\0\x0C", 4) + "JXL \r\n"), "JPEG XL");
  EXPECT_EQ(foreign(std::string("II+\0", 4)), "BigTIFF");
  EXPECT_EQ(foreign("RIFF....WAVEfmt "), "");
  EXPECT_EQ(foreign("BM"), "");
  EXPECT_EQ(foreign(""), "");
}

}  // namespace
}  // namespace spinenet::image

#include "image/text.h"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "base/random.h"
#include "image/test_image.h"

namespace spinenet::image {
namespace {

Image noise(int height, int width, uint64_t seed, int low, int high) {
  Random random(seed);
  Image image = make_image(height, width);
  for (uint8_t& sample : image.pixels) sample = static_cast<uint8_t>(low + random.below(high - low + 1));
  return image;
}

TEST(Text, LabelsGrowWithTheLettersAndTheText) {
  for (const int capitals : {8, 12, 24, 60}) {
    EXPECT_GT(label_size("penguin", capitals).width, label_size("pen", capitals).width);
    EXPECT_EQ(label_size("penguin", capitals).height, label_size("x", capitals).height);
    EXPECT_GT(label_size("penguin", capitals).height, capitals);
    EXPECT_LT(label_size("penguin", capitals).height, 2 * capitals + 2);
    EXPECT_GT(label_size("penguin", 2 * capitals).width, 3 * label_size("penguin", capitals).width / 2);
  }
}

TEST(Text, IsCutOnlyWhereItIsTooWide) {
  const std::string name = "a very long name of a class that nobody would choose";
  EXPECT_EQ(label_text("cat", "0.93", 10, 500), "cat 0.93");
  EXPECT_EQ(label_text("cat", "", 10, 500), "cat");
  const int whole = label_size(name + " 0.93", 10).width;
  EXPECT_EQ(label_text(name, "0.93", 10, whole), name + " 0.93");
  size_t letters = name.size();
  for (int width = whole - 1; width > 0; width -= 7) {
    const std::string text = label_text(name, "0.93", 10, width);
    EXPECT_TRUE(text.empty() || label_size(text, 10).width <= width) << text;
    EXPECT_TRUE(text.empty() || text.find("...") != std::string::npos || text == name) << text;
    if (text.ends_with("... 0.93")) {
      EXPECT_LE(text.size() - 8, letters) << text;
      letters = text.size() - 8;
      EXPECT_TRUE(name.starts_with(text.substr(0, letters))) << text;
    }
  }
  EXPECT_LT(letters, 4U) << "the score stays as long as a letter of the name does";
  EXPECT_EQ(label_text("cat", "0.93", 10, 3), "");
  EXPECT_EQ(label_text("", "", 10, 300), "");
}

TEST(Text, LettersThatTheFontLacksAreMarks) {
  EXPECT_EQ(label_size("Stra\xC3\x9F"
                       "e",
                       10)
                .width,
            label_size("Stra?e", 10).width);
  Image image = make_image(40, 200, 90);
  const std::string odd = "\xE7\x8A\xAC\n\x80\x7F";
  const LabelSize size = label_size(odd, 10);
  draw_label(image, {0, 0, size.width, size.height}, odd, 10, {255, 0, 0});
}

// Of every image, every colour of the palette and every pixel of the ground.
TEST(Text, IsLegibleOnEveryGround) {
  const PixelArea area{3, 2, 40, 14};
  const std::vector<Image> images{make_image(20, 50, 0),      make_image(20, 50, 255), make_image(20, 50, 128),
                                  noise(20, 50, 1, 0, 255),   noise(20, 50, 2, 0, 60), noise(20, 50, 3, 190, 255),
                                  noise(20, 50, 4, 100, 150), noise(20, 50, 5, 0, 1)};
  int through = 0;
  for (const Image& image : images) {
    for (int c = 0; c < kPaletteColors; ++c) {
      const LabelLook look = label_look(image, area, class_color(c));
      through += look.strength < 0.95F ? 1 : 0;
      for (int y = area.y; y < area.y + area.height; ++y) {
        for (int x = area.x; x < area.x + area.width; ++x) {
          ASSERT_GE(contrast(blended(color_at(image, y, x), class_color(c), look.strength), look.ink), 4.5) << c;
        }
      }
    }
  }
  EXPECT_GT(through, 3 * kPaletteColors) << "most grounds let the image through";
}

TEST(Text, StaysInItsArea) {
  for (const int capitals : {8, 10, 15, 30, 60}) {
    for (const char* text : {"gjpqy|{}[]@", "WWWW", "i", "cat 0.93"}) {
      const LabelSize size = label_size(text, capitals);
      Image image = make_image(size.height + 20, size.width + 20, 200);
      const PixelArea area{7, 9, size.width, size.height};
      const Color green{51, 170, 102};
      draw_label(image, area, text, capitals, green);
      int inked = 0;
      for (int y = 0; y < image.height; ++y) {
        for (int x = 0; x < image.width; ++x) {
          const bool in = x >= area.x && x < area.x + area.width && y >= area.y && y < area.y + area.height;
          const bool edge =
              in && (x == area.x || y == area.y || x + 1 == area.x + area.width || y + 1 == area.y + area.height);
          if (!in) {
            EXPECT_EQ(color_at(image, y, x), (Color{200, 200, 200})) << text << " " << y << " " << x;
          } else if (edge) {
            EXPECT_EQ(color_at(image, y, x), green) << capitals << " " << text << " " << y << " " << x;
          } else {
            inked += image.at(y, x)[1] < 60 ? 1 : 0;
          }
        }
      }
      EXPECT_GT(inked, capitals / 2) << text;
    }
  }
}

}  // namespace
}  // namespace spinenet::image

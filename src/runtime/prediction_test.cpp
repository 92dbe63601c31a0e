#include "runtime/prediction.h"

#include <gtest/gtest.h>

namespace spinenet::runtime {
namespace {

const std::vector<formats::ModelClass> kFruit{{3, "apple"}, {7, "pear"}};

TEST(Prediction, OfADetectorIsCocosListOfResults) {
  const std::vector<detect::Detection> found{{{1, 2, 11, 22}, 1, 0.75F}};
  const std::vector<ImagePrediction> predictions{{5, "a.png", 40, 50, found}, {6, "b.png", 40, 50, {}}};
  const Json json = to_json(predictions, kFruit);
  ASSERT_EQ(json.size(), 1U);
  EXPECT_EQ(json[0]["image_id"], 5);
  EXPECT_EQ(json[0]["category_id"], 7);
  EXPECT_EQ(json[0]["category"], "pear");
  EXPECT_EQ(json[0]["bbox"], (Json{1, 2, 10, 20}));
  EXPECT_FALSE(json[0].contains("segmentation"));
  EXPECT_NE(to_table(predictions, kFruit).find("a.png (50x40): 1 object\n"), std::string::npos);
  EXPECT_NE(to_table(predictions, kFruit).find("b.png (50x40): 0 objects\n"), std::string::npos);
}

TEST(Prediction, OfAClassifierHasItsClassesUnderBothNames) {
  const std::vector<ImagePrediction> predictions{{5, "a.png", 40, 50, std::vector<ClassScore>{{1, 0.9F}, {0, 0.1F}}}};
  const Json json = to_json(predictions, kFruit);
  ASSERT_EQ(json.size(), 1U);
  EXPECT_EQ(json[0]["category"], "pear");
  ASSERT_EQ(json[0]["classes"].size(), 2U);
  EXPECT_EQ(json[0]["classes"][1]["category_id"], 3);
  EXPECT_EQ(json[0]["guesses"], json[0]["classes"]);
}

TEST(Prediction, ControlsInNamesStayOutOfTheTable) {
  const std::string name = "a\x1b[2J\n.png";
  const std::vector<formats::ModelClass> classes{{1, "x\ny"}, {2, "z"}};
  const std::vector<detect::Detection> found{{{1, 2, 11, 22}, 0, 0.75F}};
  for (const Prediction& prediction : {Prediction(found), Prediction(std::vector<ClassScore>{{0, 0.9F}})}) {
    const std::string table = to_table(std::vector<ImagePrediction>{{5, name, 40, 50, prediction}}, classes);
    EXPECT_NE(table.find("a\\x1b[2J\\n.png"), std::string::npos) << table;
    EXPECT_NE(table.find("x\\ny"), std::string::npos) << table;
    EXPECT_EQ(table.find('\x1b'), std::string::npos);
    EXPECT_EQ(table.find("x\ny"), std::string::npos);
  }
}

TEST(Prediction, IsDrawnOnTheImage) {
  const image::Image image = image::make_image(480, 500, 90);
  EXPECT_NE(draw(image, std::vector<detect::Detection>{{{5, 5, 30, 30}, 1, 0.75F}}, kFruit).image.pixels, image.pixels);
  EXPECT_NE(draw(image, std::vector<ClassScore>{{1, 0.9F}}, kFruit).image.pixels, image.pixels);
  EXPECT_EQ(draw(image, std::vector<detect::Detection>(), kFruit).image.pixels, image.pixels);
}

TEST(Prediction, IsDrawnWithTheLabelsThatAreAskedFor) {
  const detect::Detection pear{{5, 5, 30, 30}, 1, 0.756F};
  EXPECT_EQ(drawn_object(pear, kFruit).name, "pear");
  EXPECT_EQ(drawn_object(pear, kFruit).detail, "0.76");
  EXPECT_EQ(drawn_object(pear, kFruit, LabelContent::names).name, "pear");
  EXPECT_EQ(drawn_object(pear, kFruit, LabelContent::names).detail, "");
  EXPECT_EQ(drawn_object(pear, kFruit, LabelContent::none).name, "");
  EXPECT_EQ(drawn_object(ClassScore{0, 0.5F}, kFruit).name, "apple");
  EXPECT_FALSE(drawn_object(ClassScore{0, 0.5F}, kFruit).box);
  const std::vector<ClassScore> scores{{1, 0.9F}, {0, 0.1F}};
  EXPECT_EQ(drawn_objects(scores, kFruit).size(), 1U) << "a classifier's best class alone";
}

TEST(Prediction, MasksAreDrawnFromTheWindowAroundThem) {
  std::vector<uint8_t> pixels(20 * 30, 0);
  for (size_t y = 4; y < 9; ++y) {
    for (size_t x = 7; x < 20; ++x) pixels[y * 30 + x] = (x + y) % 3 == 0 ? 0 : 1;
  }
  const image::MaskWindow window = mask_window(detect::encode_mask(pixels, 20, 30));
  EXPECT_EQ(window.area, (image::PixelArea{7, 4, 13, 5}));
  for (size_t y = 4; y < 9; ++y) {
    for (size_t x = 7; x < 20; ++x) EXPECT_EQ(window.pixels[(y - 4) * 13 + x - 7], pixels[y * 30 + x]);
  }
  EXPECT_TRUE(mask_window({}).pixels.empty());
  EXPECT_TRUE(mask_window(detect::encode_mask(std::vector<uint8_t>(600, 0), 20, 30)).pixels.empty());
}

}  // namespace
}  // namespace spinenet::runtime

#include "data/loading/preview.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/output_fixture.h"
#include "base/scratch_folder_fixture.h"
#include "image/encode.h"

namespace spinenet::data {
namespace {

class Preview : public testing::Test {
 protected:
  CocoDataset squares() {
    detect::Annotations all;
    all.categories = {{1, "square", ""}};
    for (int64_t i = 1; i <= 5; ++i) {
      const std::string name = std::to_string(i) + ".png";
      image::Image image = image::make_image(60, 80, 100);
      for (int y = 20; y < 50; ++y) std::fill_n(image.at(y, 20), 3 * 30, uint8_t{240});
      spinenet::fixture::put_file(folder_.path() / name, image::encode_png(image));
      all.images.push_back({i, name, 60, 80});
      all.annotations.push_back({i, i, 1, {20, 20, 30, 30}, 900, false, {{{20, 20, 50, 20, 50, 50, 20, 50}}, {}}});
    }
    return CocoDataset(all, folder_.path(), all.categories);
  }

  spinenet::fixture::ScratchFolder folder_;
};

TEST_F(Preview, ShowsTheInputsSideBySide) {
  PreviewOptions options;
  options.size = 64;
  // Five inputs: three columns, two rows. Each is drawn eight times as large.
  const image::Image sheet = preview(squares(), options);
  EXPECT_EQ(sheet.width, 3 * 516 - 4);
  EXPECT_EQ(sheet.height, 2 * 516 - 4);
  EXPECT_EQ(sheet.at(750, 1300)[0], 255) << "the sixth place is empty";
}

TEST_F(Preview, EachOptionChangesWhatIsShown) {
  const CocoDataset dataset = squares();
  PreviewOptions plain;
  plain.size = 64;
  const image::Image before = preview(dataset, plain);
  EXPECT_EQ(preview(dataset, plain).pixels, before.pixels);
  for (double AugmentOptions::*option : {&AugmentOptions::mosaic, &AugmentOptions::mixup, &AugmentOptions::copy_paste,
                                         &AugmentOptions::erase, &AugmentOptions::rotate, &AugmentOptions::shear}) {
    PreviewOptions changed = plain;
    changed.augment.*option = 1;
    EXPECT_NE(preview(dataset, changed).pixels, before.pixels);
  }
}

TEST_F(Preview, WrongOptionsAreRefused) {
  PreviewOptions options;
  options.size = 4;
  EXPECT_THROW(preview(squares(), options), Error);
  options = {};
  options.augment.scale_min = 3;
  EXPECT_THROW(preview(squares(), options), Error);
}

}  // namespace
}  // namespace spinenet::data

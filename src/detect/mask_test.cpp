#include "detect/mask.h"

#include <cmath>
#include <functional>
#include <limits>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/random.h"

namespace spinenet::detect {
namespace {

void expect_bad_data(const std::function<void()>& call) {
  try {
    call();
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::bad_data) << error.what();
  }
}

std::vector<uint8_t> random_pixels(Random& rng, int64_t height, int64_t width) {
  const double density = rng.uniform();
  std::vector<uint8_t> pixels(static_cast<size_t>(height * width));
  for (uint8_t& pixel : pixels) pixel = rng.chance(density) ? 1 : 0;
  return pixels;
}

TEST(Mask, RunsGoDownTheColumns) {
  const std::vector<uint8_t> pixels{0, 1, 1, 0, 0, 1};  // two rows
  const Rle rle = encode_mask(pixels, 2, 3);
  EXPECT_EQ(rle.counts, (std::vector<uint32_t>{2, 1, 1, 2}));
  EXPECT_EQ(decode_mask(rle), pixels);
}

TEST(Mask, EncodingTextAndBackLoseNothing) {
  Random rng(1);
  for (int i = 0; i < 200; ++i) {
    const int64_t height = 1 + rng.below(30);
    const int64_t width = 1 + rng.below(30);
    const std::vector<uint8_t> pixels = random_pixels(rng, height, width);
    const Rle rle = encode_mask(pixels, height, width);
    EXPECT_EQ(decode_mask(rle), pixels);
    EXPECT_EQ(rle_from_text(rle_to_text(rle), height, width), rle);
  }
}

TEST(Mask, MeasuresAreThoseOfThePixels) {
  Random rng(2);
  for (int i = 0; i < 200; ++i) {
    const int64_t height = 1 + rng.below(12);
    const int64_t width = 1 + rng.below(12);
    const std::vector<uint8_t> a = random_pixels(rng, height, width);
    const std::vector<uint8_t> b = random_pixels(rng, height, width);
    const Rle masks[] = {encode_mask(a, height, width), encode_mask(b, height, width)};
    std::vector<uint8_t> either(a.size());
    std::vector<uint8_t> both(a.size());
    double shared = 0;
    double joined = 0;
    double first = 0;
    for (size_t p = 0; p < a.size(); ++p) {
      either[p] = a[p] | b[p];
      both[p] = a[p] & b[p];
      shared += both[p];
      joined += either[p];
      first += a[p];
    }
    EXPECT_EQ(static_cast<double>(area(masks[0])), first);
    EXPECT_EQ(merge(masks), encode_mask(either, height, width));
    EXPECT_EQ(merge(masks, true), encode_mask(both, height, width));
    EXPECT_EQ(mask_iou(masks[0], masks[1], false), shared == 0 ? 0 : shared / joined);
    EXPECT_EQ(mask_iou(masks[0], masks[1], true), shared == 0 ? 0 : shared / first);
  }
}

TEST(Mask, TheBoundingBoxHoldsEveryPixelTightly) {
  Random rng(3);
  for (int i = 0; i < 300; ++i) {
    const int64_t height = 1 + rng.below(9);
    const int64_t width = 1 + rng.below(9);
    std::vector<uint8_t> pixels(static_cast<size_t>(height * width), 0);
    int64_t x1 = width;
    int64_t y1 = height;
    int64_t x2 = 0;
    int64_t y2 = 0;
    for (int64_t n = rng.below(4); n > 0; --n) {
      const int64_t x = rng.below(width);
      for (int64_t y = rng.below(height); y < height && rng.chance(0.8); ++y) {
        pixels[static_cast<size_t>(y * width + x)] = 1;
        x1 = std::min(x1, x);
        x2 = std::max(x2, x + 1);
        y1 = std::min(y1, y);
        y2 = std::max(y2, y + 1);
      }
    }
    const PixelRect rect = pixel_extent(encode_mask(pixels, height, width));
    const bool empty = x2 == 0;
    EXPECT_EQ(rect.x, empty ? 0 : x1);
    EXPECT_EQ(rect.y, empty ? 0 : y1);
    EXPECT_EQ(rect.width, empty ? 0 : x2 - x1);
    EXPECT_EQ(rect.height, empty ? 0 : y2 - y1);
  }
}

TEST(Mask, AWindowIsThePartOfTheWhole) {
  Random rng(6);
  for (int i = 0; i < 300; ++i) {
    const int64_t height = 1 + rng.below(12);
    const int64_t width = 1 + rng.below(12);
    const std::vector<uint8_t> pixels = random_pixels(rng, height, width);
    PixelRect window{rng.below(width), rng.below(height), 0, 0};
    window.width = rng.below(width - window.x + 1);
    window.height = rng.below(height - window.y + 1);
    std::vector<uint8_t> expected;
    for (int64_t y = window.y; y < window.y + window.height; ++y) {
      for (int64_t x = window.x; x < window.x + window.width; ++x) {
        expected.push_back(pixels[static_cast<size_t>(y * width + x)]);
      }
    }
    EXPECT_EQ(decode_window(encode_mask(pixels, height, width), window), expected);
  }
}

TEST(Mask, InvertedTwiceItIsTheSame) {
  Random rng(7);
  for (int i = 0; i < 100; ++i) {
    const int64_t height = 1 + rng.below(12);
    const int64_t width = 1 + rng.below(12);
    std::vector<uint8_t> pixels = random_pixels(rng, height, width);
    const Rle rle = encode_mask(pixels, height, width);
    EXPECT_EQ(invert(invert(rle)), rle);
    for (uint8_t& pixel : pixels) pixel = pixel == 0 ? 1 : 0;
    EXPECT_EQ(invert(rle), encode_mask(pixels, height, width));
  }
}

// Texts as pycocotools answers; hundreds of random ones are in tests/golden.
TEST(Mask, PolygonsAreDrawnAsByTheCocoApi) {
  struct Drawn {
    std::vector<double> points;
    int64_t height, width;
    std::string text;
  };
  const std::vector<Drawn> cases{
      {{1.5, 1, 8.25, 2, 6, 7.75, 2, 6.5}, 9, 10, "c06300010ON2Nb0"}, {{0, 0, 0, 3, 5, 3, 5, 0}, 6, 7, "0330000000<"},
      {{-20.3, 4, 12.5, -30, 40, 9.1, 3, 55}, 20, 24, "0P?"},         {{3, 3, 3, 3, 3, 3}, 8, 8, "P2"},
      {{2, 2, 7, 7, 2, 7, 7, 2}, 9, 9, "h0140N1230LN16O<"},
  };
  for (const Drawn& drawn : cases) {
    EXPECT_EQ(rle_to_text(rle_from_polygon(drawn.points, drawn.height, drawn.width)), drawn.text);
  }
}

TEST(Mask, ABoxOnPixelBordersIsItsPixels) {
  const Rle rle = rle_from_box(std::array<double, 4>{2, 1, 3, 4}, 7, 8);
  EXPECT_EQ(area(rle), 12U);
  EXPECT_EQ(bounding_box(rle), (std::vector<double>{2, 1, 3, 4}));
}

TEST(Mask, FarPolygonsCostNoMoreThanTheImage) {
  const std::vector<double> points{-2e8, -2e8, 2e8, -2e8, 2e8, 2e8, -2e8, 2e8};
  EXPECT_EQ(area(rle_from_polygon(points, 10, 10)), 100U);
}

TEST(Mask, PolygonsThatAreNoneAreRefused) {
  const double infinity = std::numeric_limits<double>::infinity();
  for (const std::vector<double>& points : {std::vector<double>{},
                                            {1, 1, 5, 5},
                                            {1, 1, 5, 5, 1, 5, 2},
                                            {0, 0, 1e12, 0, 0, 5},
                                            {0, 0, infinity, 0, 0, 5},
                                            {0, 0, std::nan(""), 0, 0, 5}}) {
    expect_bad_data([&] { rle_from_polygon(points, 10, 10); });
  }
  const std::vector<double> triangle{0, 0, 5, 0, 0, 5};
  expect_bad_data([&] { rle_from_polygon(triangle, int64_t{1} << 20, int64_t{1} << 20); });
}

TEST(Mask, MasksOfTwoSizesDoNotMergeAndDoNotMatch) {
  const std::vector<uint8_t> pixels(12, 1);
  const Rle masks[] = {encode_mask(pixels, 3, 4), encode_mask(pixels, 4, 3)};
  expect_bad_data([&] { merge(masks); });
  EXPECT_EQ(mask_iou(masks[0], masks[1], false), -1.0);
}

TEST(MaskText, WhatCannotBeAMaskIsRefused) {
  const Rle rle = encode_mask(std::vector<uint8_t>{0, 1, 1, 0, 0, 1}, 2, 3);
  const std::string text = rle_to_text(rle);
  expect_bad_data([&] { rle_from_text(text, 2, 4); });  // too few pixels
  expect_bad_data([&] { rle_from_text(text, 2, 2); });  // too many
  expect_bad_data([&] { rle_from_text(text.substr(0, text.size() - 1), 2, 3); });
  expect_bad_data([&] { rle_from_text("", 2, 3); });
  expect_bad_data([&] { rle_from_text("P", 2, 3); });                  // cut off within a number
  expect_bad_data([&] { rle_from_text("oooooooooooooooo0", 2, 3); });  // a number without end
  expect_bad_data([&] { rle_from_text("O", 2, 3); });                  // a negative run
  expect_bad_data([&] { rle_from_text("2 11", 2, 3); });               // a foreign character
  expect_bad_data([&] { rle_from_text("\x80\xff", 2, 3); });
  expect_bad_data([&] { rle_from_text("6", -2, -3); });
  expect_bad_data([&] { rle_from_text("6", int64_t{1} << 40, int64_t{1} << 40); });
}

std::string message(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

TEST(Mask, MessagesSayWhatIsWrong) {
  EXPECT_EQ(message([] {
              rle_from_polygon(std::vector<double>{1, 1, 5, 5}, 10, 10);
            }),
            "a polygon has 4 numbers; it needs an x and a y for each of at least three points");
  EXPECT_EQ(message([] {
              rle_from_polygon(std::vector<double>{0, 0, 1e12, 0, 0, 5}, 10, 10);
            }),
            "a polygon has the point (1000000000000, 0)");
  EXPECT_EQ(message([] { decode_mask({2, 3, {1, 2}}); }), "the runs of a mask of 2 x 3 pixels sum to 3");
  EXPECT_EQ(message([] { encode_mask(std::vector<uint8_t>(5), 2, 3); }), "a mask of 2 x 3 pixels cannot have 5 bytes");
  EXPECT_EQ(message([] {
              decode_mask({1 << 20, 1 << 20, {}});
            }),
            "a mask cannot be 1048576 x 1048576 pixels (height x width)");
}

TEST(MaskText, MessagesSayWhere) {
  EXPECT_EQ(message([] { rle_from_text("2Q", 2, 3); }), "run-length text, character 3: cut off within a number");
  EXPECT_EQ(message([] { rle_from_text("2 1", 2, 3); }), "run-length text, character 2: not a character of this code");
  EXPECT_EQ(message([] { rle_from_text("9", 2, 3); }),
            "run-length text, character 1: a run of 9 pixels where 6 are left of 2 x 3");
  EXPECT_EQ(message([] { rle_from_text("22", 2, 3); }),
            "run-length text, character 3: the runs leave 2 pixels of 2 x 3 open");
}

// Sums of runs beyond 32 bits do not come round to the right size.
TEST(MaskText, RunsBeyond32BitsAreRefused) {
  const Rle rle{2, 3, {0xffffffff, 7}};
  EXPECT_EQ(message([&] { decode_mask(rle); }), "the runs of a mask of 2 x 3 pixels sum to 4294967302");
  EXPECT_EQ(message([&] { rle_from_text(rle_to_text(rle), 2, 3); }),
            "run-length text, character 1: a run of 4294967295 pixels where 6 are left of 2 x 3");
}

TEST(MaskText, BrokenTextsNeverPassTheSizeOfTheMask) {
  Random rng(4);
  for (int i = 0; i < 20000; ++i) {
    std::string text;
    for (int64_t n = rng.below(12); n > 0; --n) text.push_back(static_cast<char>(rng.below(80) + 40));
    try {
      const Rle rle = rle_from_text(text, 5, 6);
      EXPECT_EQ(decode_mask(rle).size(), 30U);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::bad_data);
    }
  }
}

}  // namespace
}  // namespace spinenet::detect

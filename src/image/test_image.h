// What the tests of this folder share: an image without symmetry, bytes, EXIF blocks and expected errors.
#pragma once

#include <cmath>
#include <cstdint>
#include <span>
#include <string>

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "base/error.h"
#include "base/random.h"
#include "image/image.h"
#include "image/palette.h"

namespace spinenet::image {

inline std::span<const uint8_t> bytes_of(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// Smooth in each channel, so JPEG keeps it well; no mirrored or turned copy equals it.
inline Image smooth_image(int height, int width) {
  Image image = make_image(height, width);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      uint8_t* pixel = image.at(y, x);
      pixel[0] = static_cast<uint8_t>(30 + 200 * x / width);
      pixel[1] = static_cast<uint8_t>(30 + 200 * y / height);
      pixel[2] = static_cast<uint8_t>(x > width / 2 && y > height / 2 ? 200 : 60);
    }
  }
  return image;
}

inline Color color_at(const Image& image, int y, int x) {
  const uint8_t* pixel = image.at(y, x);
  return {pixel[0], pixel[1], pixel[2]};
}

inline Image noise_image(int height, int width, uint64_t seed) {
  Random random(seed);
  Image image = make_image(height, width);
  for (uint8_t& sample : image.pixels) sample = static_cast<uint8_t>(random.below(256));
  return image;
}

inline double mean_difference(const Image& a, const Image& b) {
  if (a.height != b.height || a.width != b.width || a.pixels.empty()) return INFINITY;
  double sum = 0;
  for (size_t i = 0; i < a.pixels.size(); ++i) sum += std::abs(int{a.pixels[i]} - int{b.pixels[i]});
  return sum / static_cast<double>(a.pixels.size());
}

inline bool same_pixels(const Image& a, const Image& b) {
  return a.height == b.height && a.width == b.width && a.pixels == b.pixels;
}

// A TIFF block with a maker's name before the orientation.
inline std::string exif_block(int orientation, bool big_endian) {
  std::string block = big_endian ? "MM" : "II";
  const auto put = [&](uint32_t value, int length) {
    for (int i = 0; i < length; ++i) {
      block += static_cast<char>(value >> 8 * (big_endian ? length - 1 - i : i));
    }
  };
  put(42, 2), put(8, 4), put(2, 2);
  put(0x010F, 2), put(2, 2), put(4, 4), block += std::string("abc\0", 4);
  put(0x0112, 2), put(3, 2), put(1, 4), put(static_cast<uint32_t>(orientation), 2), put(0, 2);
  put(0, 4);
  return block;
}

// The most this process has held so far.
inline long peak_memory_mib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss / 1024;
}

// The error of kind bad_data that `work` must throw: its message, which must name the place.
template <class Work>
std::string bad_data_message(Work&& work) {
  try {
    work();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::bad_data) << error.what();
    EXPECT_NE(std::string(error.what()).find("here.jpg"), std::string::npos) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "no error";
  return {};
}

}  // namespace spinenet::image

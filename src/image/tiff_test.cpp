#include "image/tiff.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include <gtest/gtest.h>
#include <tiffio.h>

#include "image/decode.h"
#include "image/test_image.h"

namespace spinenet::image {
namespace {

// A file in memory that libtiff writes.
struct TiffMemory {
  std::string bytes;
  size_t position = 0;
};

TiffMemory& memory_of(thandle_t handle) {
  return *static_cast<TiffMemory*>(handle);
}

tmsize_t read_memory(thandle_t handle, void* target, tmsize_t count) {
  TiffMemory& memory = memory_of(handle);
  const size_t got = std::min(static_cast<size_t>(count), memory.bytes.size() - memory.position);
  std::memcpy(target, memory.bytes.data() + memory.position, got);
  memory.position += got;
  return static_cast<tmsize_t>(got);
}

tmsize_t write_memory(thandle_t handle, void* bytes, tmsize_t count) {
  TiffMemory& memory = memory_of(handle);
  const auto size = static_cast<size_t>(count);
  memory.bytes.resize(std::max(memory.bytes.size(), memory.position + size));
  std::memcpy(memory.bytes.data() + memory.position, bytes, size);
  memory.position += size;
  return count;
}

toff_t seek_memory(thandle_t handle, toff_t offset, int whence) {
  TiffMemory& memory = memory_of(handle);
  const size_t base = whence == SEEK_CUR ? memory.position : whence == SEEK_END ? memory.bytes.size() : 0;
  memory.position = base + static_cast<size_t>(offset);
  return memory.position;
}

int close_memory(thandle_t /*handle*/) {
  return 0;
}

toff_t size_of_memory(thandle_t handle) {
  return memory_of(handle).bytes.size();
}

struct TiffParts {
  ImageSize size{};
  int samples = 3, bits = 8, photometric = PHOTOMETRIC_RGB, compression = COMPRESSION_NONE;
  int orientation = 0, planes = PLANARCONFIG_CONTIG, tile = 0;
  int extra_sample = -1;  // an alpha channel
  int format = 0;         // of the samples
  uint32_t subfile = 0, rows_per_strip = 4;
};

std::string tiff_of(const TiffParts& parts, std::string samples, const char* mode = "w") {
  TiffMemory memory;
  TIFF* tiff = TIFFClientOpen("test", mode, &memory, read_memory, write_memory, seek_memory, close_memory,
                              size_of_memory, nullptr, nullptr);
  TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, static_cast<uint32_t>(parts.size.width));
  TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, static_cast<uint32_t>(parts.size.height));
  TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, parts.samples);
  TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, parts.bits);
  TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, parts.photometric);
  TIFFSetField(tiff, TIFFTAG_COMPRESSION, parts.compression);
  TIFFSetField(tiff, TIFFTAG_PLANARCONFIG, parts.planes);
  if (parts.subfile != 0) TIFFSetField(tiff, TIFFTAG_SUBFILETYPE, parts.subfile);
  if (parts.format != 0) TIFFSetField(tiff, TIFFTAG_SAMPLEFORMAT, parts.format);
  if (parts.orientation != 0) TIFFSetField(tiff, TIFFTAG_ORIENTATION, parts.orientation);
  if (parts.compression == COMPRESSION_JPEG) TIFFSetField(tiff, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
  if (parts.extra_sample >= 0) {
    auto kind = static_cast<uint16_t>(parts.extra_sample);
    TIFFSetField(tiff, TIFFTAG_EXTRASAMPLES, 1, &kind);
  }
  if (parts.tile > 0) {
    TIFFSetField(tiff, TIFFTAG_TILEWIDTH, static_cast<uint32_t>(parts.tile));
    TIFFSetField(tiff, TIFFTAG_TILELENGTH, static_cast<uint32_t>(parts.tile));
    TIFFWriteEncodedTile(tiff, 0, samples.data(), static_cast<tmsize_t>(samples.size()));
  } else {
    TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, parts.rows_per_strip);
    const size_t row = samples.size() / static_cast<size_t>(parts.size.height);
    for (int y = 0; y < parts.size.height; ++y) {
      TIFFWriteScanline(tiff, samples.data() + static_cast<size_t>(y) * row, static_cast<uint32_t>(y), 0);
    }
  }
  TIFFClose(tiff);
  return memory.bytes;
}

std::string rgb_tiff(const Image& image, TiffParts parts = {}) {
  parts.size = {image.height, image.width};
  return tiff_of(parts, {image.pixels.begin(), image.pixels.end()});
}

Image decoded_tiff(const std::string& file, const DecodeLimits& limits = {}) {
  return decode_image(bytes_of(file), "here.jpg", limits);
}

std::string tiff_message(const std::string& file) {
  return bad_data_message([&] { decoded_tiff(file); });
}

TEST(Tiff, ReadsWhatEveryCodingKeeps) {
  const Image image = noise_image(9, 11, 1);
  for (const int compression : {COMPRESSION_NONE, COMPRESSION_LZW, COMPRESSION_ADOBE_DEFLATE, COMPRESSION_PACKBITS}) {
    const std::string file = rgb_tiff(image, {.size = {}, .compression = compression});
    EXPECT_TRUE(same_pixels(decoded_tiff(file), image)) << compression;
    EXPECT_EQ(image_size(bytes_of(file), "here.jpg"), (ImageSize{9, 11}));
  }
  const Image smooth = smooth_image(32, 48);
  TiffParts jpeg{.size = {}, .photometric = PHOTOMETRIC_YCBCR, .compression = COMPRESSION_JPEG};
  jpeg.rows_per_strip = 16;
  EXPECT_LT(mean_difference(decoded_tiff(rgb_tiff(smooth, jpeg)), smooth), 6);
}

TEST(Tiff, ReadsBothByteOrdersAndTiles) {
  const Image image = noise_image(4, 5, 2);
  for (const char* mode : {"wl", "wb"}) {
    EXPECT_TRUE(
        same_pixels(decoded_tiff(tiff_of({.size = {4, 5}}, {image.pixels.begin(), image.pixels.end()}, mode)), image))
        << mode;
  }
  const Image tile = noise_image(16, 16, 3);
  EXPECT_TRUE(same_pixels(decoded_tiff(rgb_tiff(tile, {.size = {}, .tile = 16})), tile));
}

TEST(Tiff, ConvertsEveryKindOfPixelToRgb) {
  using namespace std::string_literals;
  using Samples = std::vector<uint8_t>;
  const auto grey = [](int bits, int photometric, const std::string& samples, int width) {
    return decoded_tiff(tiff_of({.size = {1, width}, .samples = 1, .bits = bits, .photometric = photometric}, samples))
        .pixels;
  };
  EXPECT_EQ(grey(8, PHOTOMETRIC_MINISBLACK, "\x80", 1), (Samples{128, 128, 128}));
  EXPECT_EQ(grey(8, PHOTOMETRIC_MINISWHITE, "\x80", 1), (Samples{127, 127, 127}));
  EXPECT_EQ(grey(1, PHOTOMETRIC_MINISBLACK, "\x40", 2), (Samples{0, 0, 0, 255, 255, 255}));
  EXPECT_EQ(grey(16, PHOTOMETRIC_MINISBLACK, "\x80\x80", 1), (Samples{128, 128, 128}));
  EXPECT_EQ(decoded_tiff(tiff_of({.size = {1, 1}, .bits = 16}, "\xFF\xFF\0\0\x12\x12"s)).pixels, (Samples{255, 0, 18}));
}

TEST(Tiff, DropsAlphaAndKeepsTheColourBehindIt) {
  using namespace std::string_literals;
  for (const int kind : {EXTRASAMPLE_UNASSALPHA, EXTRASAMPLE_ASSOCALPHA, EXTRASAMPLE_UNSPECIFIED}) {
    EXPECT_EQ(
        decoded_tiff(tiff_of({.size = {1, 2}, .samples = 4, .extra_sample = kind}, "\1\2\3\0\310\144\62\200"s)).pixels,
        (std::vector<uint8_t>{1, 2, 3, 200, 100, 50}))
        << kind;
  }
}

TEST(Tiff, AppliesTheOrientation) {
  const Image image = noise_image(2, 3, 4);
  for (int orientation = 1; orientation <= 8; ++orientation) {
    const std::string file = rgb_tiff(image, {.size = {}, .orientation = orientation});
    const Image upright = decoded_tiff(file);
    EXPECT_EQ(upright.height, orientation >= 5 ? 3 : 2);
    EXPECT_EQ(image_size(bytes_of(file), "here.jpg"), (ImageSize{upright.height, upright.width}));
    EXPECT_EQ(same_pixels(upright, image), orientation == 1);
  }
  const Image turned = decoded_tiff(rgb_tiff(image, {.size = {}, .orientation = 3}));
  EXPECT_TRUE(std::equal(turned.at(0, 0), turned.at(0, 1), image.at(1, 2))) << "by 180 degrees";
}

TEST(Tiff, WhatIsNotReadIsNamed) {
  const Image image = noise_image(4, 5, 2);
  EXPECT_NE(tiff_message(rgb_tiff(image, {.size = {}, .subfile = FILETYPE_REDUCEDIMAGE})).find("preview"),
            std::string::npos);
  std::string other = rgb_tiff(image, {.size = {}, .compression = COMPRESSION_LZW});
  const std::string lzw("\x03\x01\x03\0\x01\0\0\0\x05\0", 10);  // tag 259, SHORT, one value: 5
  ASSERT_NE(other.find(lzw), std::string::npos);
  other[other.find(lzw) + 8] = 6;
  EXPECT_NE(tiff_message(other).find("compression 6"), std::string::npos);
  const std::string floats =
      tiff_of({.size = {1, 1}, .samples = 1, .bits = 32, .photometric = PHOTOMETRIC_MINISBLACK}, std::string(4, '\0'));
  EXPECT_NE(tiff_message(floats).find("32 bits"), std::string::npos);
  EXPECT_NE(tiff_message(std::string("II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0", 16)).find("BigTIFF"), std::string::npos);
}

TEST(Tiff, SamplesThatAreNoNumbersWithoutASignAreNamed) {
  const auto grey = [](int bits, int format) {
    return tiff_of(
        {.size = {1, 1}, .samples = 1, .bits = bits, .photometric = PHOTOMETRIC_MINISBLACK, .format = format},
        std::string(static_cast<size_t>(bits) / 8, '\x80'));
  };
  for (const int bits : {8, 16}) {
    for (const int format : {SAMPLEFORMAT_UINT, SAMPLEFORMAT_VOID}) {
      EXPECT_EQ(decoded_tiff(grey(bits, format)).pixels, std::vector<uint8_t>(3, 0x80)) << bits << " " << format;
    }
    EXPECT_NE(tiff_message(grey(bits, SAMPLEFORMAT_INT)).find("signed samples"), std::string::npos) << bits;
  }
  EXPECT_NE(tiff_message(grey(16, SAMPLEFORMAT_IEEEFP)).find("floating-point samples"), std::string::npos);
  EXPECT_NE(tiff_message(grey(32, SAMPLEFORMAT_COMPLEXINT)).find("complex samples"), std::string::npos);
  const Image image = noise_image(4, 5, 2);
  EXPECT_NE(tiff_message(rgb_tiff(image, {.size = {}, .format = SAMPLEFORMAT_INT})).find("signed samples"),
            std::string::npos);
}

TEST(Tiff, EveryCutIsRefused) {
  const Image image = noise_image(9, 7, 3);
  for (const int compression : {COMPRESSION_NONE, COMPRESSION_ADOBE_DEFLATE}) {
    const std::string file = rgb_tiff(image, {.size = {}, .compression = compression});
    for (size_t cut = 0; cut + 4 < file.size(); ++cut) tiff_message(file.substr(0, cut));
  }
}

TEST(Tiff, DamagedPixelsAreRefused) {
  const std::string file = rgb_tiff(noise_image(9, 7, 3), {.size = {}, .compression = COMPRESSION_ADOBE_DEFLATE});
  std::string broken = file;
  for (size_t i = 12; i < 24; ++i) broken[i] = static_cast<char>(~broken[i]);
  tiff_message(broken);
}

TEST(Tiff, HugeSizesAreRefusedFromTheHeader) {
  const long before = peak_memory_mib();
  const auto resized = [](uint32_t height, uint32_t width, uint32_t tile) {
    std::string file("II*\0\x08\0\0\0", 8);
    const auto put = [&](uint32_t value, int length) {
      for (int i = 0; i < length; ++i) file += static_cast<char>(value >> 8 * i);
    };
    const std::vector<std::pair<uint32_t, uint32_t>> entries{{256, width}, {257, height}, {258, 8},    {259, 1},
                                                             {262, 1},     {277, 1},      {322, tile}, {323, tile},
                                                             {324, 8},     {325, 1}};
    put(static_cast<uint32_t>(entries.size()), 2);
    for (const auto& [tag, value] : entries) put(tag, 2), put(4, 2), put(1, 4), put(value, 4);
    put(0, 4);
    return file;
  };
  EXPECT_NE(tiff_message(resized(65000, 65000, 16)).find("67108864 pixels"), std::string::npos);
  EXPECT_NE(tiff_message(resized(8000, 8000, 16)).find("too few"), std::string::npos);
  EXPECT_NE(tiff_message(resized(8, 8, 100000)).find("tiles of 100000 x 100000"), std::string::npos);
  EXPECT_NE(tiff_message(resized(0, 8, 16)).find("TIFF header"), std::string::npos);
  EXPECT_NE(tiff_message(resized(0xFFFFFFFF, 8, 16)).find("TIFF header"), std::string::npos);
  EXPECT_LT(peak_memory_mib() - before, 64);
}

}  // namespace
}  // namespace spinenet::image

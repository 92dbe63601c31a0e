#include "data/coco/fingerprint.h"

#include <algorithm>
#include <bit>
#include <cctype>
#include <cstdlib>

#include "base/files.h"

namespace spinenet::data {
namespace {

constexpr int kMaxBits = 6;
constexpr int kMaxGrey = 8;

// The mean grey of each cell of a grid laid over the image; a cell between pixels has that of the nearest.
std::vector<uint8_t> grey_grid(const image::Image& image, int rows, int columns) {
  const auto begin_of = [](int cell, int cells, int pixels) { return static_cast<int64_t>(cell) * pixels / cells; };
  std::vector<uint8_t> grid;
  grid.reserve(static_cast<size_t>(rows) * columns);
  for (int row = 0; row < rows; ++row) {
    const int64_t top = begin_of(row, rows, image.height);
    const int64_t bottom = std::max(top + 1, begin_of(row + 1, rows, image.height));
    for (int column = 0; column < columns; ++column) {
      const int64_t left = begin_of(column, columns, image.width);
      const int64_t right = std::max(left + 1, begin_of(column + 1, columns, image.width));
      int64_t sum = 0;
      for (int64_t y = top; y < bottom; ++y) {
        const uint8_t* pixel = image.at(static_cast<int>(y), static_cast<int>(left));
        for (int64_t x = left; x < right; ++x, pixel += 3) sum += 299 * pixel[0] + 587 * pixel[1] + 114 * pixel[2];
      }
      grid.push_back(static_cast<uint8_t>(sum / ((bottom - top) * (right - left) * 1000)));
    }
  }
  return grid;
}

uint32_t band_of(uint64_t rises, int band, int bands) {
  const int begin = 64 * band / bands;
  const int end = 64 * (band + 1) / bands;
  return static_cast<uint32_t>(rises >> begin & ((uint64_t{1} << (end - begin)) - 1));
}

int grey_distance(const Fingerprint& a, const Fingerprint& b) {
  int sum = 0;
  for (size_t i = 0; i < a.grey.size(); ++i) sum += std::abs(int{a.grey[i]} - int{b.grey[i]});
  return sum / static_cast<int>(a.grey.size());
}

bool is_digit(char c) {
  return std::isdigit(static_cast<unsigned char>(c)) != 0;
}

}  // namespace

Fingerprint make_fingerprint(const image::Image& image) {
  Fingerprint print;
  if (image.pixels.empty()) return print;
  const std::string_view bytes(reinterpret_cast<const char*>(image.pixels.data()), image.pixels.size());
  print.pixels = checksum(bytes, (static_cast<uint64_t>(image.height) << 32) | static_cast<uint64_t>(image.width));
  const std::vector<uint8_t> steps = grey_grid(image, 8, 9);
  for (size_t y = 0; y < 8; ++y) {
    for (size_t x = 0; x < 8; ++x) {
      print.rises = print.rises << 1 | static_cast<uint64_t>(steps[y * 9 + x + 1] > steps[y * 9 + x]);
    }
  }
  const std::vector<uint8_t> grey = grey_grid(image, 16, 16);
  std::ranges::copy(grey, print.grey.begin());
  const auto [least, most] = std::ranges::minmax(grey);
  print.flat = most - least < 2 * kMaxGrey;
  return print;
}

FingerprintIndex::FingerprintIndex(std::vector<std::optional<Fingerprint>> prints) : prints_(std::move(prints)) {
  for (size_t i = 0; i < prints_.size(); ++i) {
    if (!prints_[i]) continue;
    by_pixels_.emplace(prints_[i]->pixels, i);
    if (prints_[i]->flat) continue;
    for (int band = 0; band < kBands; ++band) {
      by_band_[static_cast<size_t>(band)][band_of(prints_[i]->rises, band, kBands)].push_back(static_cast<uint32_t>(i));
    }
  }
}

std::optional<NearImage> FingerprintIndex::nearest(const Fingerprint& print) const {
  if (const auto same = by_pixels_.find(print.pixels); same != by_pixels_.end()) return NearImage{same->second, true};
  if (print.flat) return std::nullopt;
  std::optional<NearImage> nearest;
  int least = kMaxGrey + 1;
  for (int band = 0; band < kBands; ++band) {
    const auto& bucket = by_band_[static_cast<size_t>(band)];
    const auto found = bucket.find(band_of(print.rises, band, kBands));
    if (found == bucket.end()) continue;
    for (const uint32_t i : found->second) {
      const Fingerprint& other = *prints_[i];
      if (std::popcount(print.rises ^ other.rises) > kMaxBits) continue;
      const int distance = grey_distance(print, other);
      if (distance >= least) continue;
      least = distance;
      nearest = NearImage{i, false};
    }
  }
  return nearest;
}

std::string group_of(std::string_view file_name) {
  const size_t roboflow = file_name.rfind(".rf.");
  if (roboflow != std::string_view::npos) return std::string(file_name.substr(0, roboflow));
  const size_t slash = file_name.find_last_of("/\\") + 1;  // npos + 1 is 0
  const size_t dot = file_name.rfind('.');
  const size_t end = dot == std::string_view::npos || dot < slash ? file_name.size() : dot;
  size_t begin = end;
  while (begin > slash && is_digit(file_name[begin - 1])) --begin;
  const std::string_view before = file_name.substr(0, begin);
  const auto is_word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; };
  // Folders that are no number are classes or splits more often than videos.
  const bool more =
      std::ranges::any_of(before.substr(slash), is_word) || std::ranges::any_of(before.substr(0, slash), is_digit);
  return begin == end || !more ? "" : std::string(before);
}

}  // namespace spinenet::data

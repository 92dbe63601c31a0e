// The garment photographs of Fashion-MNIST (28 x 28 grey, garment bright on black), read from the gzipped IDX files
// that Debian's package dataset-fashion-mnist installs.
//
// Thread contract: every function may be called from several threads; FashionMnist is plain data.
// Source: Xiao, Rasul and Vollgraf, 2017 (arXiv 1708.07747), MIT licence; the IDX format of the MNIST database.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

#include "data/classes/idx.h"

namespace spinenet::data {

inline constexpr int kGarmentSize = 28;
inline constexpr int kGarmentPixels = kGarmentSize * kGarmentSize;
inline constexpr std::array<std::string_view, 10> kGarmentNames = {
    "t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"};

enum class GarmentSplit { train, test };

// Invariant: pixels.size() == labels.size() * kGarmentPixels, and every label is an index into kGarmentNames.
struct FashionMnist {
  std::vector<uint8_t> pixels;
  std::vector<uint8_t> labels;

  int64_t size() const { return static_cast<int64_t>(labels.size()); }
  std::span<const uint8_t, kGarmentPixels> image(int64_t index) const {
    return std::span<const uint8_t, kGarmentPixels>(pixels.data() + index * kGarmentPixels, kGarmentPixels);
  }
};

// Where the Debian package puts the files.
std::filesystem::path fashion_mnist_folder();

// ErrorKind::io, naming the package, when the files are not there; ErrorKind::bad_data when they are cut or wrong.
FashionMnist read_fashion_mnist(const std::filesystem::path& folder, GarmentSplit split);
// The same of files that lie in memory.
FashionMnist parse_fashion_mnist(const IdxFile& images, const IdxFile& labels);

}  // namespace spinenet::data

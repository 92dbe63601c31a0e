#include "data/classes/fashion_mnist.h"

#include <algorithm>
#include <string>
#include <system_error>

#include "base/error.h"
#include "base/files.h"

namespace spinenet::data {
namespace {

constexpr std::string_view kRemedy =
    "install the Debian package dataset-fashion-mnist, or name a folder that holds its files";
constexpr int64_t kMostBytes = int64_t{kGarmentPixels + 1} * kMostIdxItems;

std::string bytes_of(const std::filesystem::path& file) {
  std::error_code unknown;  // which read_file() tells with the reason
  if (!std::filesystem::exists(file, unknown) && !unknown) {
    fail(ErrorKind::io, "cannot be opened", file.string(), kRemedy);
  }
  return read_file(file, kMostBytes);
}

}  // namespace

std::filesystem::path fashion_mnist_folder() {
  return "/usr/share/datasets/fashion-mnist";
}

FashionMnist parse_fashion_mnist(const IdxFile& images, const IdxFile& labels) {
  constexpr std::array<uint32_t, 2> kShape = {kGarmentSize, kGarmentSize};
  FashionMnist garments;
  garments.pixels = parse_idx(images, kShape);
  garments.labels = parse_idx(labels, {});
  if (garments.pixels.size() != garments.labels.size() * kGarmentPixels) {
    fail(ErrorKind::bad_data, "has another number of items than the file of images", labels.place, labels.remedy);
  }
  if (std::ranges::any_of(garments.labels, [](uint8_t label) { return label >= kGarmentNames.size(); })) {
    fail(ErrorKind::bad_data, "has a label above 9", labels.place, labels.remedy);
  }
  return garments;
}

FashionMnist read_fashion_mnist(const std::filesystem::path& folder, GarmentSplit split) {
  const std::string name = split == GarmentSplit::train ? "train" : "t10k";
  const std::string image_file = (folder / (name + "-images-idx3-ubyte.gz")).string();
  const std::string label_file = (folder / (name + "-labels-idx1-ubyte.gz")).string();
  const std::string images = bytes_of(image_file), labels = bytes_of(label_file);
  return parse_fashion_mnist({images, image_file, kRemedy}, {labels, label_file, kRemedy});
}

}  // namespace spinenet::data

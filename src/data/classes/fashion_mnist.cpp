#include "data/classes/fashion_mnist.h"

#include <algorithm>
#include <memory>
#include <string>

#include <zlib.h>

#include "base/error.h"
#include "base/format.h"

namespace spinenet::data {
namespace {

constexpr uint32_t kMaxItems = 1'000'000;
constexpr std::string_view kRemedy =
    "install the Debian package dataset-fashion-mnist, or name a folder that holds its files";

struct GzClose {
  void operator()(gzFile file) const { gzclose(file); }
};

// A gzipped IDX file of bytes, read front to back.
class IdxReader {
 public:
  explicit IdxReader(const std::filesystem::path& path) : path_(path.string()), file_(gzopen(path_.c_str(), "rb")) {
    if (!file_) fail(ErrorKind::io, "cannot be opened", path_, kRemedy);
  }

  void read(std::span<uint8_t> bytes) {
    const int got = gzread(file_.get(), bytes.data(), static_cast<unsigned>(bytes.size()));
    if (got != static_cast<int>(bytes.size())) fail(ErrorKind::bad_data, "is cut off or not gzip", path_, kRemedy);
  }

  uint32_t word() {
    std::array<uint8_t, 4> b{};
    read(b);
    return uint32_t{b[0]} << 24 | uint32_t{b[1]} << 16 | uint32_t{b[2]} << 8 | b[3];
  }

  // The number of items, after the magic number; the sizes of an item must be `item_shape`.
  uint32_t header(std::span<const uint32_t> item_shape) {
    const auto magic = static_cast<uint32_t>(0x801 + item_shape.size());
    if (word() != magic)
      fail(ErrorKind::bad_data, fmt::format("has not the IDX magic number {:#x}", magic), path_, kRemedy);
    const uint32_t items = word();
    for (const uint32_t size : item_shape) {
      if (word() != size) fail(ErrorKind::bad_data, fmt::format("has items not {} pixels wide", size), path_, kRemedy);
    }
    if (items == 0 || items > kMaxItems)
      fail(ErrorKind::bad_data, fmt::format("names {} items", items), path_, kRemedy);
    return items;
  }

  void expect_end() {
    uint8_t extra = 0;
    if (gzread(file_.get(), &extra, 1) != 0) {
      fail(ErrorKind::bad_data, "holds more than its header says, or its checksum is wrong", path_, kRemedy);
    }
  }

 private:
  std::string path_;
  std::unique_ptr<gzFile_s, GzClose> file_;
};

std::vector<uint8_t> read_idx(const std::filesystem::path& path, std::span<const uint32_t> item_shape) {
  IdxReader reader(path);
  size_t bytes = reader.header(item_shape);
  for (const uint32_t size : item_shape) bytes *= size;
  std::vector<uint8_t> content(bytes);
  reader.read(content);
  reader.expect_end();
  return content;
}

}  // namespace

std::filesystem::path fashion_mnist_folder() {
  return "/usr/share/datasets/fashion-mnist";
}

FashionMnist read_fashion_mnist(const std::filesystem::path& folder, GarmentSplit split) {
  const std::string name = split == GarmentSplit::train ? "train" : "t10k";
  const std::filesystem::path label_file = folder / (name + "-labels-idx1-ubyte.gz");
  constexpr std::array<uint32_t, 2> kShape = {kGarmentSize, kGarmentSize};
  FashionMnist garments;
  garments.pixels = read_idx(folder / (name + "-images-idx3-ubyte.gz"), kShape);
  garments.labels = read_idx(label_file, {});
  if (garments.pixels.size() != garments.labels.size() * kGarmentPixels) {
    fail(ErrorKind::bad_data, "has another number of items than the file of images", label_file.string(), kRemedy);
  }
  if (std::ranges::any_of(garments.labels, [](uint8_t label) { return label >= kGarmentNames.size(); })) {
    fail(ErrorKind::bad_data, "has a label above 9", label_file.string(), kRemedy);
  }
  return garments;
}

}  // namespace spinenet::data

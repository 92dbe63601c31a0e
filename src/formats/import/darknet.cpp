#include "formats/import/darknet.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "base/format.h"
#include "formats/import/strided_tensor.h"

namespace spinenet::formats {
namespace {

constexpr uint64_t kShortHeader = 16, kLongHeader = 20;
constexpr int32_t kMaxVersion = 1000;  // from there on dense layers are transposed, which no published file is

// From version 0.2 on the count of images seen has 64 bits.
uint64_t darknet_header_bytes(const FileBytes& file) {
  const std::string header = file.read_at_most(0, kShortHeader);
  int32_t version[3] = {-1, -1, -1};
  if (header.size() == kShortHeader) std::memcpy(version, header.data(), sizeof version);
  for (const int32_t number : version) {
    if (number >= 0 && number < kMaxVersion) continue;
    fail(ErrorKind::bad_data, "does not begin with the version of a Darknet file", file.place(), kDamagedFile);
  }
  return version[0] * 10 + version[1] >= 2 ? kLongHeader : kShortHeader;
}

// Lays tensors one after the other.
class DarknetLayout {
 public:
  DarknetLayout(std::shared_ptr<const FileBytes> file, uint64_t begin) : file_(std::move(file)), at_(begin) {}

  void add(std::map<std::string, SourceTensor>& tensors, std::string name, std::vector<int64_t> shape) {
    const auto count = static_cast<uint64_t>(element_count(shape));
    const StridedTensor place = row_major_tensor({ElementType::f32, at_, count}, shape);
    at_ += count * sizeof(float);
    SourceTensor& tensor = tensors[std::move(name)];
    tensor.shape = std::move(shape);
    tensor.type = name_of(ElementType::f32);
    tensor.read = [file = file_, place] { return read_strided(*file, place); };
  }
  uint64_t end() const { return at_; }

 private:
  std::shared_ptr<const FileBytes> file_;
  uint64_t at_;
};

}  // namespace

int64_t floats_of(std::span<const DarknetLayer> layers) {
  int64_t count = 0;
  for (const DarknetLayer& layer : layers) {
    count += layer.filters * (layer.channels * layer.kernel * layer.kernel + (layer.batch_norm ? 4 : 1));
  }
  return count;
}

int64_t darknet_floats(const FileBytes& file) {
  const uint64_t header = darknet_header_bytes(file);
  return static_cast<int64_t>((file.size() - std::min(file.size(), header)) / sizeof(float));
}

SourceTensors read_darknet(const std::shared_ptr<const FileBytes>& file, std::span<const DarknetLayer> layers) {
  SourceTensors source;
  source.place = file->place();
  source.format = "Darknet";
  const uint64_t header = darknet_header_bytes(*file);
  DarknetLayout layout(file, header);
  for (size_t i = 0; i < layers.size(); ++i) {
    const DarknetLayer& layer = layers[i];
    layout.add(source.tensors, fmt::format("{}.biases", i), {layer.filters});
    if (layer.batch_norm) {
      for (const char* part : {"scales", "rolling_mean", "rolling_variance"}) {
        layout.add(source.tensors, fmt::format("{}.{}", i, part), {layer.filters});
      }
    }
    layout.add(source.tensors, fmt::format("{}.weights", i),
               {layer.filters, layer.channels, layer.kernel, layer.kernel});
  }
  if (layout.end() != file->size()) {
    fail(ErrorKind::bad_data,
         fmt::format("has {} bytes, but the {} convolutions of the architecture need {} and its header {}",
                     file->size(), layers.size(), layout.end() - header, header),
         file->place(),
         "Darknet's files hold no names: give the one of this very architecture, with as many classes (--classes)");
  }
  return source;
}

}  // namespace spinenet::formats

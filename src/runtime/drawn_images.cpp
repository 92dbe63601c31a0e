#include "runtime/drawn_images.h"

#include <array>
#include <string_view>

#include "base/error.h"
#include "base/format.h"
#include "image/encode.h"

namespace spinenet::runtime {

namespace {

constexpr std::array<std::string_view, 2> kDrawnFiles{"*.jpg", "*.png"};
constexpr FolderKind kDrawnFolder{"drawn images", kDrawnFiles};

}  // namespace

DrawnImages::DrawnImages(const std::filesystem::path& folder) : folder_(folder, kDrawnFolder) {}

void refuse_inputs_inside(const std::filesystem::path& folder, std::span<const std::string> files) {
  for (const std::string& file : files) {
    const std::filesystem::path parent = std::filesystem::path(file).parent_path();
    std::error_code error;
    if (file == "-" || !std::filesystem::equivalent(parent.empty() ? "." : parent, folder, error)) continue;
    fail(ErrorKind::usage, "lies in the folder that the drawn images would go to, and could be written over", file,
         "choose another --out");
  }
}

void DrawnImages::write(const std::string& input, const image::Image& drawn) {
  const std::filesystem::path path = input;
  const bool png = path.extension() == ".png" || path.extension() == ".PNG";
  const std::string stem = input == "-" ? "stdin" : path.stem().string();
  const std::string suffix = png ? ".png" : ".jpg";
  std::string name = stem + suffix;
  for (int count = 2; folder_.holds_foreign(name) || !used_.insert(name).second; ++count) {
    name = fmt::format("{}_{}{}", stem, count, suffix);
  }
  folder_.file(name).write(png ? image::encode_png(drawn) : image::encode_jpeg(drawn));
}

}  // namespace spinenet::runtime

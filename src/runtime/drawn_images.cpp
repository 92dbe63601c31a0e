#include "runtime/drawn_images.h"

#include "base/error.h"
#include "base/files.h"
#include "base/format.h"
#include "image/encode.h"

namespace spinenet::runtime {

DrawnImages::DrawnImages(std::filesystem::path folder) : folder_(std::move(folder)) {
  std::error_code error;
  std::filesystem::create_directories(folder_, error);
  if (!std::filesystem::is_directory(folder_)) fail(ErrorKind::io, "cannot make the folder", folder_.string());
}

void DrawnImages::refuse_inputs_inside(std::span<const std::string> files) const {
  for (const std::string& file : files) {
    const std::filesystem::path parent = std::filesystem::path(file).parent_path();
    std::error_code error;
    if (file == "-" || !std::filesystem::equivalent(parent.empty() ? "." : parent, folder_, error)) continue;
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
  for (int count = 2; !used_.insert(name).second; ++count) name = fmt::format("{}_{}{}", stem, count, suffix);
  write_file_atomic(folder_ / name, png ? image::encode_png(drawn) : image::encode_jpeg(drawn));
}

}  // namespace spinenet::runtime

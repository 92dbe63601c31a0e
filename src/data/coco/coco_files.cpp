#include "data/coco/coco_files.h"

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/error.h"
#include "base/format.h"
#include "base/thread_pool.h"
#include "data/coco/coco_root.h"
#include "data/coco/fingerprint.h"
#include "data/coco/near_name.h"
#include "image/orientation.h"

namespace spinenet::data {
namespace {

// What one image file turned out to be.
struct FileFacts {
  std::optional<image::ImageSize> size;
  std::string unsafe;  // why the name cannot be used
  std::string broken;  // why there is no size
  bool missing = false;
};

void for_each(int64_t n, int threads, const std::function<void(int64_t)>& body) {
  ThreadPool pool(std::max(1, threads > 0 ? threads : available_cores()));
  pool.parallel_for(n, body);
}

FileFacts look_at(const ImageRoot& root, const std::string& name, bool decode) {
  FileFacts facts;
  facts.unsafe = root.objection(name);
  if (!facts.unsafe.empty()) return facts;
  try {
    if (decode) {
      const image::Image image = image::read_image(root.resolve(name));
      facts.size = image::ImageSize{image.height, image.width};
    } else {
      facts.size = image::read_image_size(root.resolve(name));
    }
  } catch (const Error& error) {  // here one broken file is a finding among others
    facts.broken = error.what();
    std::error_code unknown;
    facts.missing = !std::filesystem::exists(root.resolve_unseen(name), unknown) && !unknown;
  }
  return facts;
}

std::string size_message(const detect::ImageInfo& said, const image::ImageSize& file) {
  if (said.height == 0) {
    return fmt::format("height and width are missing; the file is {} x {} (width x height)", file.width, file.height);
  }
  const bool swapped = said.height == file.width && said.width == file.height;
  return fmt::format("{} x {} (width x height) said, the file is {} x {}{}", said.width, said.height, file.width,
                     file.height, swapped ? ": swapped, as by an EXIF orientation" : "");
}

bool is_turned_by_file(const detect::ImageInfo& said, const image::ImageSize& file, const std::filesystem::path& path) {
  if (file.height == file.width || said.height != file.width || said.width != file.height) return false;
  return image::read_stored_size(path) != file;
}

// Whether the size of the file is that of the pixels which the annotations are of.
bool check_frame(const ScannedImage& image, const image::ImageSize& file, PixelFrame frame, FindingLog& log) {
  if (frame == PixelFrame::either || frame == PixelFrame::upright) return true;
  log.add(Fault::turned_image, Place{"images", image.position, "width"},
          fmt::format("the file turns the image from {} x {} to {} x {} (width x height); {}", image.info.width,
                      image.info.height, file.width, file.height,
                      frame == PixelFrame::stored ? "the annotations are of the image before that"
                                                  : "which of the two the annotations are of cannot be told"));
  return false;
}

// Nothing where the file cannot be read.
std::optional<Fingerprint> fingerprint_of(const ImageRoot& root, const std::string& name) {
  try {
    return make_fingerprint(image::read_image(root.resolve(name)));
  } catch (const Error&) {  // D034 and D036 tell of it
    return std::nullopt;
  }
}

template <class Names>
std::vector<std::optional<Fingerprint>> fingerprints(size_t n, const Names& name, const std::filesystem::path& folder,
                                                     int threads) {
  const ImageRoot root(folder);
  std::vector<std::optional<Fingerprint>> prints(n);
  for_each(static_cast<int64_t>(n), threads,
           [&](int64_t i) { prints[static_cast<size_t>(i)] = fingerprint_of(root, name(static_cast<size_t>(i))); });
  return prints;
}

}  // namespace

void check_names(const std::vector<ScannedImage>& images, FindingLog& log) {
  std::unordered_map<std::string, int64_t> first;
  for (const ScannedImage& image : images) {
    if (!image.safe_name) continue;
    const std::string name = std::filesystem::path(image.info.file_name).lexically_normal().string();
    const auto [found, fresh] = first.emplace(name, image.position);
    if (fresh) continue;
    log.add(Fault::repeated_image, Place{"images", image.position, "file_name"},
            fmt::format("\"{}\" is also /images/{}", name, found->second));
  }
}

std::unordered_map<int64_t, image::ImageSize> check_image_files(std::vector<ScannedImage>& images,
                                                                const std::filesystem::path& folder,
                                                                const FileCheckOptions& options,
                                                                const FrameOf& frame_of, FindingLog& log) {
  const ImageRoot root(folder);
  std::vector<FileFacts> facts(images.size());
  for_each(static_cast<int64_t>(images.size()), options.threads, [&](int64_t i) {
    const ScannedImage& image = images[static_cast<size_t>(i)];
    if (image.safe_name) facts[static_cast<size_t>(i)] = look_at(root, image.info.file_name, options.decode);
  });
  std::optional<NearNames> near_names;
  std::unordered_map<int64_t, image::ImageSize> differing;
  for (size_t i = 0; i < images.size(); ++i) {
    ScannedImage& image = images[i];
    const FileFacts& file = facts[i];
    const Place name{"images", image.position, "file_name"};
    if (!file.unsafe.empty()) log.add(Fault::unsafe_file_name, name, "the file name " + file.unsafe);
    if (file.missing && !near_names) near_names.emplace(folder);
    const std::string near = file.missing ? near_names->near(image.info.file_name) : "";
    if (!file.broken.empty()) {
      log.add(Fault::unreadable_image, name,
              near.empty() ? file.broken : fmt::format("{}; near it is \"{}\"", file.broken, near));
    }
    if (!file.size || (file.size->height == image.info.height && file.size->width == image.info.width)) continue;
    if (is_turned_by_file(image.info, *file.size, root.resolve(image.info.file_name)) &&
        !check_frame(image, *file.size, frame_of(image, *file.size), log)) {
      continue;
    }
    log.add(Fault::wrong_image_size, Place{"images", image.position, "width"}, size_message(image.info, *file.size));
    differing[image.position] = *file.size;
    image.info.height = file.size->height;
    image.info.width = file.size->width;
  }
  return differing;
}

void check_shared_pixels(const std::vector<ScannedImage>& images, const std::filesystem::path& folder,
                         const std::vector<detect::ImageInfo>& others, const std::filesystem::path& other_folder,
                         const FileCheckOptions& options, FindingLog& log) {
  const auto other_name = [&](size_t i) -> const std::string& { return others[i].file_name; };
  const auto own_name = [&](size_t i) -> const std::string& { return images[i].info.file_name; };
  const FingerprintIndex index(fingerprints(others.size(), other_name, other_folder, options.threads));
  const auto here = fingerprints(images.size(), own_name, folder, options.threads);
  for (size_t i = 0; i < here.size(); ++i) {
    const std::optional<NearImage> near = here[i] ? index.nearest(*here[i]) : std::nullopt;
    if (!near) continue;
    const std::string& name = others[near->index].file_name;
    const Place place{"images", images[i].position, "file_name"};
    if (near->equal) {
      log.add(Fault::repeated_image, place, fmt::format("the other set has the same pixels in \"{}\"", name));
    } else {
      log.add(Fault::nearly_equal_image, place,
              fmt::format("the other set has nearly the same pixels in \"{}\"", name));
    }
  }
}

void check_groups(const std::vector<ScannedImage>& images, const std::vector<detect::ImageInfo>& others,
                  FindingLog& log) {
  std::map<std::string, std::array<int64_t, 3>> groups;  // images here, there, the first one's position here
  for (const detect::ImageInfo& other : others) {
    const std::string group = group_of(other.file_name);
    if (!group.empty()) ++groups[group][1];
  }
  for (const ScannedImage& image : images) {
    const std::string group = group_of(image.info.file_name);
    if (group.empty()) continue;
    auto& [here, there, first] = groups[group];
    if (here++ == 0) first = image.position;
  }
  // A single prefix that all names have tells nothing.
  if (groups.size() < 2) return;
  for (const auto& [group, count] : groups) {
    const auto [here, there, first] = count;
    if (here == 0 || there == 0) continue;
    log.add(Fault::split_group, Place{"images", first, "file_name"},
            fmt::format("{} images here and {} of the other set are of one group, \"{}\"", here, there, group));
  }
}

}  // namespace spinenet::data

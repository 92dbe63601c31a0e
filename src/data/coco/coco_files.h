// The image files behind an annotation file: there, decodable, of the size the annotations say, each named once, none
// shared with a second set, and none nearly so (D033 to D036, D044 to D046).
//
// Thread contract: all functions may be called from any thread; they use threads of their own.
#pragma once

#include <filesystem>
#include <functional>
#include <unordered_map>
#include <vector>

#include "data/coco/coco_findings.h"
#include "data/coco/coco_rules.h"
#include "image/decode.h"

namespace spinenet::data {

struct FileCheckOptions {
  bool decode = true;  // false: only headers are read, so D034 finds missing files but not broken pixels
  int threads = 0;     // 0: one per core
};

// Images that name the file of an earlier one.
void check_names(const std::vector<ScannedImage>& images, FindingLog& log);

// Of an image whose entry has the size before its file turns it, and the size upright.
using FrameOf = std::function<PixelFrame(const ScannedImage& image, image::ImageSize upright)>;

// Sizes in `images` become those of the files; the return value has them by position where they differed. An image that
// its file turns, with annotations that may be of the pixels as they are stored, keeps the size that it has (D046).
std::unordered_map<int64_t, image::ImageSize> check_image_files(std::vector<ScannedImage>& images,
                                                                const std::filesystem::path& folder,
                                                                const FileCheckOptions& options,
                                                                const FrameOf& frame_of, FindingLog& log);

// Images whose decoded pixels are those of an image in the other set, or nearly so (fingerprint.h). Files that cannot
// be read are passed over.
void check_shared_pixels(const std::vector<ScannedImage>& images, const std::filesystem::path& folder,
                         const std::vector<detect::ImageInfo>& others, const std::filesystem::path& other_folder,
                         const FileCheckOptions& options, FindingLog& log);

// Groups of images by the pattern of their names (group_of in fingerprint.h) that both sets have a part of.
void check_groups(const std::vector<ScannedImage>& images, const std::vector<detect::ImageInfo>& others,
                  FindingLog& log);

}  // namespace spinenet::data

// The images in a folder: one rule for every command that takes a folder.
//
// A regular file is an image by its first bytes (format.h), never by its name. Hidden files, those whose names begin
// with a point (such as the ._ files of macOS), are no images. What is passed over is counted by its reason, to be said
// in one line. A file that cannot be opened counts as an image, so that reading it names the fault.
//
// Thread contract: free functions; PassedOver belongs to one thread at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace spinenet::image {

bool is_hidden(const std::filesystem::path& path);

// "" for an image; else what the file is: "no image", "GIF, which is not read", "no regular file", "folder",
// "hidden".
std::string why_no_image(const std::filesystem::path& path);

class PassedOver {
 public:
  void add(const std::string& reason, const std::filesystem::path& path);
  bool empty() const { return reasons_.empty(); }
  // One line to the log, which names the folder: a warning, or information where only hidden files were passed over.
  // Nothing where nothing was.
  void log(std::string_view folder, int64_t taken) const;
  // As in "3 passed over: 1 GIF, which is not read (a.gif); 2 no image (list.csv, notes.txt)".
  std::string text() const;

 private:
  struct Reason {
    int64_t count = 0;
    std::vector<std::string> first_names;
  };
  std::map<std::string, Reason> reasons_;
};

// What lies directly in the folder, in the order of the names. ErrorKind::io when it cannot be read.
std::vector<std::filesystem::path> entries_of(const std::filesystem::path& folder);

// The images directly in the folder, in the order of their names. ErrorKind::io as entries_of.
std::vector<std::filesystem::path> images_in(const std::filesystem::path& folder, PassedOver& passed_over);

}  // namespace spinenet::image

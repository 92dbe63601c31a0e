#include "data/convert/own_outputs.h"

#include "base/error.h"
#include "base/format.h"
#include "base/printable.h"

namespace spinenet::data {
namespace {

namespace fs = std::filesystem;

constexpr const char* kOtherFolder = "name another folder with --out";

std::string without_links(const fs::path& path) {
  std::error_code error;
  const fs::path real = fs::weakly_canonical(fs::absolute(path), error);
  std::string text = (error ? fs::absolute(path).lexically_normal() : real).string();
  while (text.size() > 1 && text.ends_with('/')) text.pop_back();
  return text;
}

bool is_within(const std::string& path, const std::string& folder) {
  return path == folder || path.starts_with(folder == "/" ? folder : folder + "/");
}

}  // namespace

void refuse_inside(const fs::path& out, const fs::path& path, std::string_view what) {
  if (path.empty() || !is_within(without_links(path), without_links(out))) return;
  fail(ErrorKind::usage, fmt::format("holds {}, which the command reads", what), printable(out.string()), kOtherFolder);
}

void refuse_read_inside(const fs::path& out, const std::vector<fs::path>& files, const std::vector<fs::path>& folders) {
  const std::string real_out = without_links(out);
  for (const fs::path& file : files) {
    if (!is_within(without_links(file), real_out)) continue;
    fail(ErrorKind::usage,
         fmt::format("holds {}, which the command reads: nothing in it is touched", printable(file.string())),
         printable(out.string()), kOtherFolder);
  }
  for (const fs::path& folder : folders) {
    if (!is_within(real_out, without_links(folder))) continue;
    fail(ErrorKind::usage,
         fmt::format("lies in {}, whose files at any depth belong to the data set: the next run would read this one's",
                     printable(folder.string())),
         printable(out.string()), "name a folder outside of it with --out");
  }
}

void refuse_foreign(const OwnedFolder& folder, const std::string& name) {
  if (!folder.holds_foreign(name)) return;
  fail(ErrorKind::usage, fmt::format("{} was not made here: nothing in the folder is touched", printable(name)),
       folder.path().string(), "name another folder with --out, or take the file away");
}

}  // namespace spinenet::data

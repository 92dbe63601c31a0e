// A folder that belongs to this program: a training run, a comparison, a set of scenes.
//
// Invariant: it was made by this program or was empty when it was taken; its marker (.spinenet) names the program, the
// kind and an id; while an OwnedFolder lives no other process owns it (or only such that share its id). Files in it are
// written and removed through it alone, and only those that its kind names: what a user keeps there stays. A folder
// that holds anything else and has no marker of the kind is refused before anything is made in it.
//
// Thread contract: const functions may be called from several threads on different files.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "base/output.h"

namespace spinenet {

struct FolderKind {
  std::string_view name;  // "a training run", as in "holds a training run"
  // What may be in it, as paths below it; * stands for any characters of a name: "checkpoints/step-*.safetensors".
  std::span<const std::string_view> files;
};

struct FolderClaim {
  std::string id = {};        // a folder of another id is refused; "": any
  std::string new_id = {};    // of a folder that is made now; "": id, or a random one
  std::string made_for = {};  // of a folder that is marked now: as its marker keeps it (FolderMarker)
  bool shared = false;        // with other processes that claim the same id
  // Where the folder has no marker: whether it is one that an earlier version of this program made.
  std::function<bool(const std::filesystem::path&)> is_older = {};
  // While another process owns it: called between two tries, about ten times a second, until it gives false. Empty: the
  // folder is refused at once.
  std::function<bool(std::string_view holder)> wait = {};
  std::string_view flag = "--out";  // how its user names another one
  const FileLayer* layer = &system_file_layer();
};

class OwnedFolder {
 public:
  // Makes the folder, and those above it, where they are missing. ErrorKind::usage for a folder that is not this
  // program's, of another kind or of another id; ErrorKind::io when it cannot be written, is a file, or another process
  // owns it (named by its id and host).
  OwnedFolder(std::filesystem::path path, const FolderKind& kind, const FolderClaim& claim = {});
  // Makes a folder of which nothing is there yet; nothing where something of that name is, whose ever. ErrorKind::io
  // when it cannot be made, or the one above it is missing.
  static std::optional<OwnedFolder> make_new(const std::filesystem::path& path, const FolderKind& kind);
  OwnedFolder(OwnedFolder&& other) noexcept;
  OwnedFolder(const OwnedFolder&) = delete;
  OwnedFolder& operator=(const OwnedFolder&) = delete;
  ~OwnedFolder();

  const std::filesystem::path& path() const { return path_; }
  const std::string& id() const { return id_; }
  // Whether an entry of this name is there, of whatever sort.
  bool holds(std::string_view name) const;
  // Whether it is there and was not left so by this program.
  bool holds_foreign(std::string_view name) const;

  // A file in it, which is replaced as a whole. Folders between are made. ErrorKind::failed for a name that is not of
  // the kind, ErrorKind::io where a folder between is a link or a file.
  Output file(std::string_view name) const;
  // Opens a file to append to, made when it is not there; the descriptor is the caller's. Errors as file's.
  int open_log(std::string_view name) const;
  // The same for a file that must not be there yet. -1 and errno where it cannot be made.
  int open_new_log(std::string_view name) const;
  // Nothing where it is not there.
  void remove(std::string_view name) const;
  // Names below the folder that the pattern, one of the kind's, matches; sorted.
  std::vector<std::string> files(std::string_view pattern) const;
  // Removes what the kind names, the marker and the folders that are then empty. False where something else is in it:
  // that stays, and so does its folder.
  bool remove_all() &&;
  // Undoes the taking, for who has written nothing in it: the marker, the lock and the folder go where this object made
  // them, and what was there before stays. Nothing where another process has come to share it.
  void take_back() &&;

 private:
  void open_lock(const std::filesystem::path& file, const FolderClaim& claim);
  void lock(const FolderClaim& claim);
  void take(const FolderClaim& claim);
  void write_marker(const FolderClaim& claim);
  void remove_temporary_files() const;
  void undo() noexcept;
  void release() noexcept;
  int make_folders_of(std::string_view name) const;
  std::filesystem::path path_of(std::string_view name) const;
  std::filesystem::path ready(std::string_view name) const;

  std::filesystem::path path_;
  FolderKind kind_;
  std::string id_;
  const FileLayer* layer_;
  bool shared_ = false;
  int lock_ = -1;
  bool made_folder_ = false, made_lock_ = false, made_marker_ = false;  // by this object
};

// The marker's facts where there is a marker.
struct FolderMarker {
  std::string kind, id;
  std::string made_for;  // what it was marked for first, in the words of its kind; "": not said
};
// ErrorKind::bad_data for a marker that is none.
std::optional<FolderMarker> read_marker(const std::filesystem::path& folder);

}  // namespace spinenet

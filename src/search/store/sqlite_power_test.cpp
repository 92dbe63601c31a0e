// A machine that loses power while a study is written. A layer under SQLite remembers what was synced; a crash leaves
// that and any part of what was written since. Whatever a call returned must then be there.
#include <cstring>
#include <fstream>
#include <map>

#include <gtest/gtest.h>
#include <sqlite3.h>

#include "search/store/store_fixture.h"

namespace spinenet::search {
namespace {

using namespace fixture;
namespace fs = std::filesystem;

struct Write {
  int64_t offset;
  std::string bytes;
  bool truncates = false;  // to `offset`
};

void apply(const Write& write, std::string& content) {
  const auto offset = static_cast<size_t>(write.offset);
  if (write.truncates) {
    content.resize(offset);
    return;
  }
  content.resize(std::max(content.size(), offset + write.bytes.size()));
  content.replace(offset, write.bytes.size(), write.bytes);
}

struct Disk {
  struct File {
    std::string synced;
    std::vector<Write> since;
  };
  std::map<std::string, File> files;

  // What is left of a file: all that was synced and some of the rest, in any order of its sectors.
  std::string after_crash(const std::string& path, Random& random) const {
    const File& file = files.at(path);
    std::string content = file.synced;
    for (const Write& write : file.since) {
      if (random.chance(0.5)) apply(write, content);
    }
    return content;
  }
};

Disk* disk = nullptr;  // the layer's functions get no other context

struct LayerFile {
  sqlite3_file base;
  Disk::File* kept;
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};
LayerFile& layer(sqlite3_file* file) {
  return *reinterpret_cast<LayerFile*>(file);
}
sqlite3_file* real(sqlite3_file* file) {
  return layer(file).real();
}

int layer_write(sqlite3_file* f, const void* bytes, int n, sqlite3_int64 offset) {
  layer(f).kept->since.push_back({offset, std::string(static_cast<const char*>(bytes), static_cast<size_t>(n))});
  return real(f)->pMethods->xWrite(real(f), bytes, n, offset);
}
int layer_truncate(sqlite3_file* f, sqlite3_int64 size) {
  layer(f).kept->since.push_back({size, {}, true});
  return real(f)->pMethods->xTruncate(real(f), size);
}
int layer_sync(sqlite3_file* f, int) {
  Disk::File& kept = *layer(f).kept;
  for (const Write& write : kept.since) apply(write, kept.synced);
  kept.since.clear();
  return SQLITE_OK;
}
int layer_shm_map(sqlite3_file* f, int page, int size, int extend, void volatile** memory) {
  return real(f)->pMethods->xShmMap(real(f), page, size, extend, memory);
}

// Everything else goes through.
template <auto Method, class... Arguments>
int pass(sqlite3_file* f, Arguments... arguments) {
  return (real(f)->pMethods->*Method)(real(f), arguments...);
}
void layer_shm_barrier(sqlite3_file* f) {
  real(f)->pMethods->xShmBarrier(real(f));
}

const sqlite3_io_methods kMethods{
    .iVersion = 2,
    .xClose = pass<&sqlite3_io_methods::xClose>,
    .xRead = pass<&sqlite3_io_methods::xRead, void*, int, sqlite3_int64>,
    .xWrite = layer_write,
    .xTruncate = layer_truncate,
    .xSync = layer_sync,
    .xFileSize = pass<&sqlite3_io_methods::xFileSize, sqlite3_int64*>,
    .xLock = pass<&sqlite3_io_methods::xLock, int>,
    .xUnlock = pass<&sqlite3_io_methods::xUnlock, int>,
    .xCheckReservedLock = pass<&sqlite3_io_methods::xCheckReservedLock, int*>,
    .xFileControl = pass<&sqlite3_io_methods::xFileControl, int, void*>,
    .xSectorSize = pass<&sqlite3_io_methods::xSectorSize>,
    .xDeviceCharacteristics = pass<&sqlite3_io_methods::xDeviceCharacteristics>,
    .xShmMap = layer_shm_map,
    .xShmLock = pass<&sqlite3_io_methods::xShmLock, int, int, int>,
    .xShmBarrier = layer_shm_barrier,
    .xShmUnmap = pass<&sqlite3_io_methods::xShmUnmap, int>,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

int layer_open(sqlite3_vfs* vfs, const char* name, sqlite3_file* f, int flags, int* out) {
  auto* below = static_cast<sqlite3_vfs*>(vfs->pAppData);
  const int code = below->xOpen(below, name, real(f), flags, out);
  f->pMethods = real(f)->pMethods == nullptr ? nullptr : &kMethods;
  layer(f).kept = &disk->files[name == nullptr ? "" : name];
  return code;
}

// Makes the layer SQLite's default while it lives.
class Layer {
 public:
  explicit Layer(Disk& under) : below_(sqlite3_vfs_find(nullptr)), vfs_(*below_) {
    disk = &under;
    vfs_.zName = "spinenet-power";
    vfs_.szOsFile = static_cast<int>(sizeof(LayerFile)) + below_->szOsFile;
    vfs_.pNext = nullptr;
    vfs_.pAppData = below_;
    vfs_.xOpen = layer_open;
    use(true);
  }
  Layer(const Layer&) = delete;
  Layer& operator=(const Layer&) = delete;
  ~Layer() { sqlite3_vfs_unregister(&vfs_); }
  void use(bool layered) { sqlite3_vfs_register(layered ? &vfs_ : below_, 1); }

 private:
  sqlite3_vfs* below_;
  sqlite3_vfs vfs_;
};

class SqlitePower : public testing::Test {
 protected:
  // What the next start of the machine finds, against what was returned before.
  void expect_after_crash(const std::vector<std::string>& trials) {
    power_.use(false);
    const std::string copy = (folder_ / "copy.db").string();
    for (const char* end : {"", "-wal"}) {
      std::ofstream(copy + end, std::ios::binary) << disk_.after_crash(path() + end, random_);
    }
    fs::remove(copy + "-shm");
    {
      EXPECT_EQ(lasting_parts(open_store(copy, false)->trials()), trials);
      const auto raw = open_sqlite(copy, StoreUse::go_on, {});
      raw->begin(Access::read);
      EXPECT_EQ(std::get<std::string>(raw->run("PRAGMA integrity_check", {}).rows.at(0).at(0)), "ok");
      raw->commit();
    }
    power_.use(true);
  }
  std::string path() const { return folder_ / "study.db"; }

  Random random_{9};

 private:
  spinenet::fixture::ScratchFolder folder_;
  Disk disk_;
  Layer power_{disk_};
};

TEST_F(SqlitePower, WhatACallReturnedSurvivesALossOfPower) {
  const auto first = open_store(path(), true), second = open_store(path(), true);
  first->open(toy_description());
  for (int round = 0; round < 400; ++round) {
    Store& store = round % 3 == 0 ? *second : *first;
    const ClaimAnswer answer = store.claim(claim_options(), suggest_fresh);
    ASSERT_EQ(answer.state, ClaimState::claimed);
    // A claim or a report is what came last before the crash.
    const bool reported = random_.chance(0.5);
    if (reported) {
      ASSERT_TRUE(store.report(*answer.claim, toy_outcome(*answer.claim)));
    }
    if (round % 4 == 0) expect_after_crash(lasting_parts(store.trials()));
    if (!reported) {
      ASSERT_TRUE(store.report(*answer.claim, toy_outcome(*answer.claim)));
    }
    ASSERT_FALSE(HasFailure()) << "round " << round;
  }
  EXPECT_EQ(first->status().complete + first->status().failed, 400);
}

}  // namespace
}  // namespace spinenet::search

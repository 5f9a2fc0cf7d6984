// What folders hold: hidden names, the case of letters, links, and what cannot be listed.
#include "base/folder.h"

#include "base/file.h"
#include "tests/support/audio_helpers.h"

namespace unmix {
namespace {

using test::error_of;
using test::TemporaryFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

std::vector<std::string> names(const std::vector<fs::path>& paths) {
  std::vector<std::string> result;
  for (const fs::path& path : paths) result.push_back(path.filename().string());
  return result;
}

TEST(FolderListing, LeavesHiddenNamesAndThoseOfSystemsOut) {
  const TemporaryFolder folder;
  for (const char* name : {"b.wav", "B.wav", "a.wav", "._a.wav", ".DS_Store", "Thumbs.db", "desktop.ini", "\xe9.wav"})
    write_file(folder / name, "x");
  for (const char* name : {"two", "one", ".ipynb_checkpoints", ".@__thumb", "@eaDir", "__MACOSX"})
    fs::create_directory(folder / name);
  fs::create_symlink(folder / "nowhere", folder / "broken.wav");
  fs::create_symlink(folder / "a.wav", folder / "link.wav");
  fs::create_directory_symlink(folder / "one", folder / "link");
  EXPECT_THAT(names(files_in(folder.path())), ElementsAre("B.wav", "a.wav", "b.wav", "link.wav", "\xe9.wav"));
  EXPECT_THAT(names(folders_in(folder.path())), ElementsAre("link", "one", "two"));
}

TEST(FolderListing, GoesBelowFoldersButNotThroughLinks) {
  const TemporaryFolder folder;
  fs::create_directories(folder / "a/.hidden");
  fs::create_directory_symlink(folder.path(), folder / "a/round");
  for (const char* name : {"a/1.json", "a/.hidden/2.json", "3.json"}) write_file(folder / name, "x");
  EXPECT_THAT(names(files_below(folder.path())), ElementsAre("3.json", "1.json"));
}

TEST(FolderListing, WhatCannotBeListedIsOneLine) {
  const TemporaryFolder folder;
  write_file(folder / "file", "x");
  const std::string long_name(300, 'n');
  EXPECT_THAT(error_of([&] { files_in(folder / "none"); }), HasSubstr("none: No such file or directory"));
  EXPECT_THAT(error_of([&] { folders_in(folder / "file"); }), HasSubstr("file: Not a directory"));
  EXPECT_THAT(error_of([&] { files_in(folder / long_name); }), HasSubstr(long_name + ": File name too long"));
  EXPECT_THAT(error_of([&] { is_file(folder / long_name); }), HasSubstr(long_name + ": File name too long"));
  EXPECT_FALSE(is_file(folder / "file/below"));
  EXPECT_FALSE(is_folder(folder / "none"));
}

TEST(FolderListing, NamesEndInAnyCase) {
  EXPECT_TRUE(ends_in("x/DRUMS.WAV", ".wav"));
  EXPECT_TRUE(ends_in("song.stem.MP4", ".Stem.mp4"));
  EXPECT_FALSE(ends_in("x.wav/y", ".wav"));
  EXPECT_FALSE(ends_in("av", ".wav"));
}

TEST(FolderListing, AFileIsFoundInItsOwnCaseFirst) {
  const TemporaryFolder folder;
  fs::create_directory(folder / "Stems");
  for (const char* name : {"MIX.WAV", "mix.wav", "Vocals.Wav", "Stems/Bass.wav", "[1].wav"})
    write_file(folder / name, "x");
  EXPECT_EQ(find_file(folder.path(), "mix.wav"), folder / "mix.wav");
  EXPECT_EQ(find_file(folder.path(), "MIX.WAV"), folder / "MIX.WAV");
  EXPECT_EQ(find_file(folder.path(), "vocals.wav"), folder / "Vocals.Wav");
  EXPECT_EQ(find_file(folder.path(), "stems/bass.wav"), folder / "Stems/Bass.wav");
  EXPECT_EQ(find_file(folder.path(), "[1].wav"), folder / "[1].wav");
  EXPECT_EQ(find_file(folder.path(), "bass.wav"), fs::path());

  EXPECT_EQ(find_match(folder.path(), "m*.wav"), folder / "mix.wav");
  EXPECT_EQ(find_match(folder.path(), "v?cals.wav"), folder / "Vocals.Wav");
  EXPECT_EQ(find_match(folder.path(), "*/bass.*"), folder / "Stems/Bass.wav");
  EXPECT_EQ(find_match(folder.path(), "[[]1].wav"), folder / "[1].wav");
  EXPECT_EQ(find_match(folder.path(), "*.flac"), fs::path());
  EXPECT_EQ(find_match(folder.path(), ""), fs::path());
}

}  // namespace
}  // namespace unmix

// What folders hold. Not listed are hidden names, which begin with a dot (of macOS ._x.wav, of Jupyter
// .ipynb_checkpoints), and what systems leave behind: @eaDir, __MACOSX, Thumbs.db, desktop.ini. Paths come sorted byte
// by byte. A folder that cannot be read is an Error in one line.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace unmix {

// The files of a folder, and links to files.
std::vector<std::filesystem::path> files_in(const std::filesystem::path& folder);

// The same of the folder and of all below it, links to folders left aside.
std::vector<std::filesystem::path> files_below(const std::filesystem::path& folder);

// The folders of a folder, and links to folders.
std::vector<std::filesystem::path> folders_in(const std::filesystem::path& folder);

// Whether there is such a file or folder. Throws where the system cannot tell, as of a name that is too long.
bool is_file(const std::filesystem::path& path);
bool is_folder(const std::filesystem::path& path);

// Whether the name ends so, whatever the case of its letters: X.WAV in ".wav".
bool ends_in(const std::filesystem::path& path, std::string_view ending);

// The file <folder>/<name>; where there is none, the first whose name differs in the case of letters alone; else empty.
std::filesystem::path find_file(const std::filesystem::path& folder, const std::string& name);

// The first file of the folder that matches a pattern of *, ? and [], as find_file.
std::filesystem::path find_match(const std::filesystem::path& folder, const std::string& pattern);

// Makes the folder, and those above it, where they are not there; throws with the reason where it cannot be.
void make_folder(const char* where, const std::filesystem::path& folder);

}  // namespace unmix

// JSON files that come from elsewhere.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

namespace unmix {

// The object in the file, its keys in their order; a number that is none (NaN, Infinity) is null. Throws one line where there is no such file, or where it is not a
// JSON object of at most 32 levels: copying and printing go down a level per call.
nlohmann::ordered_json read_json_object(const char* where, const std::filesystem::path& path);

// The same of a file's text; `name` is the file's, for messages.
nlohmann::ordered_json parse_json_object(const char* where, const std::string& text, const std::string& name);

// A value for a message: the start of its text, or "array", "object".
std::string brief(const nlohmann::ordered_json& value);

}  // namespace unmix

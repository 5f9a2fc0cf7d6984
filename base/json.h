// JSON files that come from elsewhere, and JSON text of strings that need not be UTF-8.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

namespace unmix {

// The object in the file, its keys in their order; a number that is none (NaN, Infinity) becomes null. Throws one line
// where there is no such file, or where it is not a JSON object of at most 32 levels: copying and printing go down a
// level per call.
nlohmann::ordered_json read_json_object(const char* where, const std::filesystem::path& path);

// The same from a file's text; `name` is the file's, for messages.
nlohmann::ordered_json parse_json_object(const char* where, const std::string& text, const std::string& name);

// A value for a message: the start of its text, or "array", "object".
std::string brief(const nlohmann::ordered_json& value);

// The text of a value; bytes of strings and keys that are not UTF-8 are written as by to_utf8 (nlohmann-json would
// throw).
std::string json_text(const nlohmann::json& value, int indent = -1);
std::string json_text(const nlohmann::ordered_json& value, int indent = -1);

}  // namespace unmix

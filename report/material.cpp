#include "report/material.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "base/csv.h"
#include "base/error.h"
#include "base/file.h"
#include "base/folder.h"
#include "base/text.h"

namespace unmix {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kMixture = "mixture";

// Of a folder that need not be there.
std::vector<fs::path> files_with(const fs::path& folder, const char* extension) {
  std::vector<fs::path> files;
  if (is_folder(folder)) files = files_in(folder);
  std::erase_if(files, [&](const fs::path& file) { return !ends_in(file, extension); });
  return files;
}

std::vector<fs::path> inner_folders(const fs::path& folder) {
  return is_folder(folder) ? folders_in(folder) : std::vector<fs::path>();
}

std::map<std::string, fs::path> wavs_by_target(const fs::path& folder) {
  std::map<std::string, fs::path> files;
  for (const fs::path& path : files_with(folder, ".wav"))
    if (path.stem() != kMixture) files.emplace(path.stem().string(), path);
  return files;
}

double number(const json& value) { return value.is_null() ? std::nan("") : value.get<double>(); }

Curve curve_of(const json& record, const std::string& name, const fs::path& source) {
  Curve curve;
  curve.name = name;
  curve.source = source;
  curve.train = record.at("train_loss_history").get<std::vector<double>>();
  curve.valid = record.at("valid_loss_history").get<std::vector<double>>();
  curve.seconds = record.value("train_time_history", std::vector<double>{});
  curve.best_epoch = record.value("best_epoch", 0);
  curve.steps_per_epoch = record.value("steps_per_epoch", 0.0);
  curve.device = record.value("device", "");
  return curve;
}

class Reader {
 public:
  explicit Reader(const std::vector<Method>& published) { material_.methods = published; }

  void read(const fs::path& given) {
    check(is_folder(given), "report", "{}: there is no such folder", given.string());
    const fs::path folder = fs::canonical(given);
    if (!read_.insert(folder).second) return material_.problems.push_back(given.string() + " is given twice");
    std::vector<fs::path> runs = folders_in(folder);
    std::erase_if(runs, [](const fs::path& run) { return !is_file(run / "result.json"); });
    if (is_file(folder / "result.json")) return attempt([&] { read_run(folder, folder.parent_path() / "songs"); });
    if (!runs.empty()) {
      for (const fs::path& run : runs) attempt([&] { read_run(run, folder / "songs"); });
      return;
    }
    if (is_file(folder / "scores.csv")) return attempt([&] { read_demo(folder); });
    if (is_file(folder / "separator.json")) return void(read_model(folder, folder.filename().string(), folder));
    if (!read_evaluation(folder))
      material_.problems.push_back(
          fmt::format("{} holds nothing to report: museval's scores (SUBSET/TRACK.json), a study's runs "
                      "(NAME/result.json), a model directory or the output of `unmix demo` are expected",
                      given.string()));
  }

  Material take() {
    name_apart();
    return std::move(material_);
  }

 private:
  template <class Work>
  void attempt(Work work) {
    try {
      work();
    } catch (const std::exception& error) {
      material_.problems.emplace_back(error.what());
    }
  }

  json parsed(const fs::path& path) const {
    check_input_file("report", path);
    json value = json::parse(read_file(path), nullptr, false);
    check(value.is_object(), "report", "{} is not a JSON object", path.string());
    return value;
  }

  // The mixture taken as every estimate, of all inputs together.
  Method& mixture() {
    const auto found = std::find_if(material_.methods.begin(), material_.methods.end(), [](const Method& m) {
      return m.name == kMixture && m.measure == Measure::whole_file;
    });
    if (found != material_.methods.end()) return *found;
    material_.methods.push_back({kMixture, Origin::reference, Measure::whole_file, {}});
    return material_.methods.back();
  }

  void add_ratio(Method& method, const std::string& track, const std::string& target, double sdr, double of_mixture) {
    const double none = std::nan("");
    method.scores[target][track] = {sdr, none, none, none};
    mixture().scores[target][track] = {of_mixture, none, none, none};
  }

  void read_run(const fs::path& run, const fs::path& songs) {
    const fs::path file = run / "result.json";
    const json record = parsed(file);
    Method method{run.filename().string(), Origin::ours, Measure::whole_file, run};
    try {
      method.name = record.value("title", method.name);
      for (const auto& [track, targets] : record.at("scores").items())
        for (const auto& [target, score] : targets.items())
          add_ratio(method, from_utf8(track), target, number(score.at("SDR")), number(score.at("SDR_mixture")));
      if (!read_model(run / "model", method.name, run)) material_.curves.push_back(curve_of(record, method.name, run));
    } catch (const json::exception& error) {
      fail("report", "{} is not a run's record: {}", file.string(), error.what());
    }
    add_examples(run / "estimates", songs, method);
    if (!method.scores.empty()) material_.methods.push_back(std::move(method));
  }

  void read_demo(const fs::path& folder) {
    const Csv csv = read_csv(folder / "scores.csv");
    check_header(csv, {"loss", "track", "target", "sdr", "sdr_mixture"});
    std::map<std::string, Method> methods;  // by loss
    for (size_t i = 0; i < csv.rows.size(); ++i) {
      const std::vector<std::string>& row = csv.rows[i];
      Method& method =
          methods.try_emplace(row[0], Method{row[0], Origin::ours, Measure::whole_file, folder / row[0]}).first->second;
      add_ratio(method, row[1], row[2], csv.number(i, 3), csv.number(i, 4));
    }
    for (auto& [loss, method] : methods) {
      read_model(folder / loss / "model", loss, method.source);
      add_examples(folder / loss / "estimates", folder / "songs", method);
      material_.methods.push_back(std::move(method));
    }
  }

  // Returns whether there was a record of training.
  bool read_model(const fs::path& folder, const std::string& name, const fs::path& source) {
    const size_t before = material_.curves.size();
    const auto files = files_with(folder, ".json");
    const auto records =
        std::count_if(files.begin(), files.end(), [](const fs::path& path) { return path.stem() != "separator"; });
    for (const fs::path& path : files) {
      if (path.stem() == "separator") continue;
      attempt([&] {
        const json record = parsed(path);
        try {
          const std::string own = records == 1 ? name : fmt::format("{} {}", name, path.stem().string());
          material_.curves.push_back(curve_of(record, own, source));
        } catch (const json::exception& error) {
          fail("report", "{} is not a target's training record: {}", path.string(), error.what());
        }
      });
    }
    return material_.curves.size() > before;
  }

  // A subset is a method of its own where there are several.
  bool read_evaluation(const fs::path& folder) {
    std::vector<fs::path> subsets = folders_in(folder);
    subsets.push_back(folder);
    std::erase_if(subsets, [](const fs::path& subset) { return files_with(subset, ".json").empty(); });
    for (const fs::path& subset : subsets) {
      Method method{folder.filename().string(), Origin::ours, Measure::museval, folder};
      if (subsets.size() > 1) method.name = fmt::format("{}/{}", method.name, subset.filename().string());
      for (const fs::path& path : files_with(subset, ".json"))
        attempt([&] {
          for (const auto& [target, metrics] : read_museval(path))
            method.scores[target][path.stem().string()] = metrics;
        });
      if (!method.scores.empty()) material_.methods.push_back(std::move(method));
    }
    return !subsets.empty();
  }

  void add_examples(const fs::path& estimates, const fs::path& songs, const Method& method) {
    for (const fs::path& folder : inner_folders(estimates)) {
      Example example{folder.filename().string(), method.name, method.source, {}, wavs_by_target(folder), {}};
      for (const fs::path& subset : inner_folders(songs)) {
        const fs::path song = subset / example.track;
        if (!is_folder(song)) continue;
        example.references = wavs_by_target(song);
        example.mixture = find_file(song, "mixture.wav");
      }
      if (!example.estimates.empty()) material_.examples.push_back(std::move(example));
    }
  }

  // Of several sources with one name each gets its parent folder's name before it.
  void name_apart() {
    std::map<std::string, std::set<fs::path>> sources;
    for (const Method& method : material_.methods) sources[method.name].insert(method.source);
    for (const Curve& curve : material_.curves) sources[curve.name].insert(curve.source);
    const auto rename = [&](auto& items) {
      for (auto& item : items)
        if (sources[item.name].size() > 1 && !item.source.empty())
          item.name = fmt::format("{}/{}", item.source.parent_path().filename().string(), item.name);
    };
    rename(material_.methods);
    rename(material_.curves);
    rename(material_.examples);
    std::map<std::string, fs::path> seen;
    std::erase_if(material_.methods, [&](const Method& method) {
      const auto [other, is_new] = seen.emplace(method.name, method.source);
      if (!is_new)
        material_.problems.push_back(fmt::format("{}: there is a method '{}' already, from {}; rename one folder",
                                                 method.source.string(), method.name, other->second.string()));
      return !is_new;
    });
  }

  std::set<fs::path> read_;
  Material material_;
};

}  // namespace

Material read_material(const std::vector<fs::path>& folders, const std::vector<Method>& published) {
  Reader reader(published);
  for (const fs::path& folder : folders) reader.read(folder);
  return reader.take();
}

}  // namespace unmix

#include "experiments/demo.h"

#include "base/error.h"
#include "base/file.h"
#include "base/folder.h"
#include "data/demo_songs.h"
#include "evaluation/sdr.h"
#include "report/report.h"
#include "report/spectrograms.h"
#include "separation/separator.h"
#include "training/train.h"
#include "training/training_data.h"

namespace unmix {
namespace {

namespace fs = std::filesystem;

// Open-Unmix's own loss, and the one that came out best on these songs (docs/results-demo.md).
constexpr const char* kLosses[] = {"L2freq", "LogL1time"};

// A small joint model and a few hundred steps.
TrainOptions training_options(const DemoOptions& demo, const std::string& loss) {
  TrainOptions options;
  options.loss = Objective(loss);
  options.root = demo.output / "songs";
  options.is_wav = true;
  options.output = demo.output / loss / "model";
  options.overwrite = true;
  options.cache = demo.output / "cache";
  options.nfft = 2048;
  options.nhop = 512;
  options.hidden_size = demo.tiny ? 16 : 96;
  options.nb_layers = demo.tiny ? 1 : 2;
  options.batch_size = demo.tiny ? 2 : 8;
  options.seq_dur = demo.tiny ? 1.0 : 3.0;
  options.samples_per_track = demo.tiny ? 2 : 32;
  options.epochs = demo.tiny ? 2 : 14;
  options.dropout = 0.1;
  options.lr = {0.002};
  options.seed = demo.seed;
  options.quiet = demo.quiet;
  options.device = demo.device;
  return options;
}

Audio sum_of(const std::vector<std::pair<std::string, Audio>>& estimates) {
  Audio sum = estimates.at(0).second;
  for (size_t k = 1; k < estimates.size(); ++k)
    for (size_t i = 0; i < sum.samples.size(); ++i) sum.samples[i] += estimates[k].second.samples[i];
  return sum;
}

std::vector<DemoScore> separate_song(const DemoOptions& options, const std::string& loss, const Separator& separator,
                                     const Track& track) {
  const Audio mixture = read_audio(track.files[0]);
  const Separation separation = separator(mixture);
  const fs::path folder = options.output / loss / "estimates" / track.name;
  make_folder("demo", folder);
  const Audio sum = sum_of(separation.estimates);
  std::vector<DemoScore> scores;
  std::vector<Audio> references;
  for (size_t k = 0; k < musdb_sources.size(); ++k) references.push_back(read_audio(track.files[k + 1]));
  std::vector<Panel> panels{{"mixture", &mixture}, {"sum of the estimates", &sum}};
  for (size_t k = 0; k < musdb_sources.size(); ++k) {
    const auto& [source, estimate] = separation.estimates[k];
    write_audio(folder / (source + ".wav"), estimate);
    scores.push_back({loss, track.name, source, sdr(references[k], estimate), sdr(references[k], mixture)});
    panels.push_back({source + ", true", &references[k]});
    panels.push_back({fmt::format("{}, estimate ({:.1f} dB, mixture {:.1f} dB)", source, scores.back().estimate,
                                  scores.back().mixture),
                      &estimate});
  }
  write_spectrograms(options.output / loss / (track.name + ".png"), track.name + ", " + loss, panels);
  return scores;
}

}  // namespace

std::vector<DemoScore> run_demo(const DemoOptions& options) {
  make_folder("demo", options.output);
  write_demo_songs(options.output / "songs", options.tiny ? DemoSize::tiny : DemoSize::full);
  std::vector<DemoScore> scores;
  TrainingData data(options.output / "cache");
  for (const char* loss : kLosses) {
    const TrainOptions training = training_options(options, loss);
    if (!options.quiet) fmt::print(stderr, "training with the loss {}\n", loss);
    train(training, data);
    const Separator separator(load_models(training.output, {}, options.device), options.device);
    for (const Track& track : musdb_tracks(training.root, Subset::test, true))
      for (DemoScore& score : separate_song(options, loss, separator, track)) scores.push_back(std::move(score));
  }
  std::string csv = "loss,track,target,sdr,sdr_mixture\n";
  for (const DemoScore& s : scores)
    csv += fmt::format("{},{},{},{:.4f},{:.4f}\n", s.loss, s.track, s.target, s.estimate, s.mixture);
  write_file(options.output / "scores.csv", csv);
  write_file(options.output / "scores.md",
             demo_table(scores) + fmt::format("\nComputed on: {}\n", device_description(options.device)));
  const WrittenReport report = write_report({.folders = {options.output}, .output = options.output / "report"});
  check(report.problems.empty(), "demo", "the report lacks something: {}", fmt::join(report.problems, "; "));
  return scores;
}

std::string demo_table(const std::vector<DemoScore>& scores) {
  std::string table = "| song | target |", rule = "|---|---|";
  for (const char* loss : kLosses) {
    table += fmt::format(" SDR with {}, dB |", loss);
    rule += "---:|";
  }
  table += fmt::format(" SDR of the mixture, dB |\n{}---:|\n", rule);
  const size_t rows = scores.size() / std::size(kLosses);  // a loss's scores together, in the same order
  std::vector<double> sums(std::size(kLosses) + 1);
  const auto add = [&](size_t column, double value) {
    sums[column] += value;
    table += fmt::format(" {:.2f} |", value);
  };
  for (size_t row = 0; row < rows; ++row) {
    table += fmt::format("| {} | {} |", scores[row].track, scores[row].target);
    for (size_t loss = 0; loss < std::size(kLosses); ++loss) add(loss, scores[loss * rows + row].estimate);
    add(std::size(kLosses), scores[row].mixture);
    table += "\n";
  }
  table += "| mean | |";
  for (const double sum : sums) table += fmt::format(" {:.2f} |", sum / static_cast<double>(rows));
  return table + "\n";
}

}  // namespace unmix

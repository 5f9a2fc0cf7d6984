#include "training/option_table.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace unmix {
namespace {

constexpr std::string_view kModel = "Model", kRun = "Run", kNetworks = "Losses with networks of their own";

nlohmann::json value_json(const auto& value) { return value; }

// Names of files, and whatever else the command line gives as bytes.
nlohmann::json value_json(const std::filesystem::path& path) { return to_utf8(path.string()); }
nlohmann::json value_json(const std::string& text) { return to_utf8(text); }
nlohmann::json value_json(const std::vector<std::string>& texts) {
  auto list = nlohmann::json::array();
  for (const std::string& text : texts) list.push_back(to_utf8(text));
  return list;
}

template <class T>
nlohmann::json value_json(const std::optional<T>& value) {
  return value ? value_json(*value) : nlohmann::json();
}

}  // namespace

const std::vector<TrainOption>& train_option_table() {
  using O = TrainOptions;
  static const std::vector<TrainOption> table{
      {kDataGroup, "dataset", &O::dataset, "musdb, aligned, sourcefolder, trackfolder_fix or trackfolder_var"},
      {kDataGroup, "root", &O::root, "Folder of the data set; of musdb MUSDB18, or MUSDB18-HQ with --is-wav"},
      {kDataGroup, "is-wav", &O::is_wav, "musdb: folders of WAV files instead of .stem.mp4"},
      {kDataGroup, "cache", &O::cache, "Folder for decoded audio; default: the user's cache"},
      {kDataGroup, "seq-dur", &O::seq_dur, "Seconds of a training sample"},
      {kDataGroup, "samples-per-track", &O::samples_per_track, "musdb: samples of each track in an epoch"},
      {kDataGroup, "reduce-samples", &O::reduce_samples, "musdb: divides the samples per track"},
      {kDataGroup, "source-augmentations", &O::source_augmentations,
       "gain, channelswap, force_stereo; in the given order. Default: gain channelswap of musdb, else none"},
      {kDataGroup, "random-track-mix", &O::random_track_mix,
       "Each source from another track and place; musdb: the default, trackfolder_fix: the interferers"},
      {kDataGroup, "nb-workers", &O::nb_workers, "Threads that make batches; 0: the training thread itself"},
      {kFolderGroup, "input-file", &O::input_file, "aligned: name or pattern of a track's mixture"},
      {kFolderGroup, "output-file", &O::output_file, "aligned: name or pattern of a track's target"},
      {kFolderGroup, "interferer-dirs", &O::interferer_dirs, "sourcefolder: folders of the other sources"},
      {kFolderGroup, "target-dir", &O::target_dir, "sourcefolder: folder of the target"},
      {kFolderGroup, "nb-train-samples", &O::nb_train_samples, "sourcefolder: samples of an epoch"},
      {kFolderGroup, "nb-valid-samples", &O::nb_valid_samples, "sourcefolder: samples of a validation"},
      {kFolderGroup, "target-file", &O::target_file, "trackfolder: a track's target"},
      {kFolderGroup, "interferer-files", &O::interferer_files, "trackfolder_fix: a track's other sources"},
      {kFolderGroup, "random-interferer-mix", &O::random_interferer_mix,
       "trackfolder_var: other sources of another track"},
      {kFolderGroup, "silence-missing", &O::silence_missing, "trackfolder_var: a missing target is silence",
       "silence-missing-targets"},
      {kFolderGroup, "ext", &O::ext, "sourcefolder, trackfolder_var: how the names of audio files end"},
      {kModel, "architecture", &O::architecture, "joint or single; default: single where there is one target"},
      {kModel, "target", &O::target, "musdb: vocals, drums, bass, other or accompaniment; else a name for the target"},
      {kModel, "unidirectional", &O::unidirectional, "LSTM in one direction only"},
      {kModel, "nfft", &O::nfft, "STFT size"},
      {kModel, "nhop", &O::nhop, "STFT hop"},
      {kModel, "hidden-size", &O::hidden_size, "Units of the network's layers"},
      {kModel, "nb-layers", &O::nb_layers, "LSTM layers"},
      {kModel, "dropout", &O::dropout, "Between LSTM layers"},
      {kModel, "bandwidth", &O::bandwidth, "Hz that the network looks at"},
      {kModel, "nb-channels", &O::nb_channels, "Audio channels"},
      {kRun, "loss", &O::loss, "A loss or a sum: \"L2freq + 0.5*PSA\"; 'unmix info' lists them"},
      {kRun, "balance", &O::balance,
       "Make the weights of a sum of losses shares of the gradient (moving averages of norms)"},
      {kRun, "variant", &O::variant, "seed (the study's code) or paper (its text)"},
      {kRun, "output", &O::output, "Model directory to write"},
      {kRun, "overwrite", &O::overwrite, "Replace a model that the output directory holds"},
      {kRun, "checkpoint", &O::checkpoint, "Model directory to resume"},
      {kRun, "checkpoint-minutes", &O::checkpoint_minutes,
       "Minutes of an epoch after which the state is saved again; 0: only at its end"},
      {kRun, "model", &O::model, "Model directory whose weights to start from"},
      {kRun, "epochs", &O::epochs, "In total, a resumed run's earlier ones included"},
      {kRun, "batch-size", &O::batch_size, "Samples of a step"},
      {kRun, "lr", &O::lr, "Learning rate, or auto: the study's for the loss"},
      {kRun, "patience", &O::patience, "Epochs without improvement before training stops"},
      {kRun, "lr-decay-patience", &O::lr_decay_patience, "Epochs without improvement before the rate falls"},
      {kRun, "lr-decay-gamma", &O::lr_decay_gamma, "Factor by which it falls"},
      {kRun, "weight-decay", &O::weight_decay, "Of Adam, coupled"},
      {kRun, "clip-gradient-norm", &O::clip_gradient_norm, "Largest norm of all gradients; 0: off"},
      {kRun, "precision", &O::precision, "Of products: fp32, tf32 (CUDA) or bf16"},
      {kNetworks, "discriminator", &O::discriminator, "Of the loss Adversarial: patch (default) or dcgan"},
      {kNetworks, "gan", &O::gan, "Its objective: lsgan (default) or hinge"},
      {kNetworks, "feature-matching", &O::feature_matching,
       "Weight of the distance of the discriminators' features; 0: off"},
      {kNetworks, "spectral-norm", &O::spectral_norm, "Spectral normalisation of the discriminators"},
      {kNetworks, "unpaired-mixtures", &O::unpaired_mixtures, "Folder of audio files without stems"},
      {kNetworks, "unpaired-stems", &O::unpaired_stems, "Folder with a folder of audio files for each target"},
      {kNetworks, "vggish", &O::vggish, "Weights of VGGish for the loss DeepFeature; default: random features"},
      {kNetworks, "vggish-frontend", &O::vggish_frontend,
       "What it sees: waveform (default), resampled, or spectrogram, the magnitudes: cheaper"},
      {kNetworks, "seed", &O::seed, "Of all random numbers"},
  };
  return table;
}

const TrainOption& find_train_option(std::string_view name) {
  for (const TrainOption& option : train_option_table())
    if (option.name == name) return option;
  fail("train", "there is no option --{}", name);
}

nlohmann::json to_json(const TrainOptions& options) {
  nlohmann::json json;
  for (const TrainOption& option : train_option_table()) {
    std::string key(option.name);
    std::replace(key.begin(), key.end(), '-', '_');
    std::visit([&, &value = json[key]](auto member) { value = value_json(options.*member); }, option.member);
  }
  json["target"] = options.joint() ? "" : to_utf8(options.model_name());
  json["source_augmentations"] = options.augmentation_names();
  json["random_track_mix"] = options.mixes_tracks();
  json["architecture"] = options.joint() ? "joint" : "single";
  json["lr"] = options.learning_rate();
  json["discriminator"] = options.discriminator_name();
  json["gan"] = options.gan.empty() ? "lsgan" : options.gan;
  json["vggish_frontend"] = options.vggish_frontend_name();
  json["device"] = name(options.device);
  return json;
}

}  // namespace unmix

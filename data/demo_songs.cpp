// A song is drawn from its number: tempo, key, chords, patterns, timbres, levels, panning and silences.
#include "data/demo_songs.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "audio/audio.h"
#include "audio/musdb.h"
#include "base/error.h"
#include "base/file.h"
#include "base/folder.h"
#include "data/instruments.h"

namespace unmix {
namespace {

namespace fs = std::filesystem;

using Steps = std::array<int, 7>;
constexpr Steps kMajor = {0, 2, 4, 5, 7, 9, 11};
constexpr Steps kMinor = {0, 2, 3, 5, 7, 8, 10};
// Chords by degree of the scale, one a bar.
constexpr std::array<std::array<int, 4>, 5> kProgressions = {
    {{0, 4, 5, 3}, {0, 5, 3, 4}, {0, 3, 0, 4}, {5, 3, 0, 4}, {0, 2, 3, 4}}};
// Sixteenths of a bar.
constexpr std::array<const char*, 4> kKicks = {"x.......x.......", "x..x....x.......", "x...x...x...x...",
                                               "x.....x.x..x...."};
constexpr std::array<const char*, 3> kSnares = {"....x.......x...", "....x.......x..x", "....x..x.x..x..."};
constexpr std::array<const char*, 3> kHats = {"x.x.x.x.x.x.x.x.", "xxxxxxxxxxxxxxxx", "..x...x...x...x."};
constexpr std::array<const char*, 4> kBassLines = {"x.......x.......", "x.....x.x.....x.", "x.x.x.x.x.x.x.x.",
                                                   "x..x..x.x..x..x."};

struct Song {
  SplitMix random;
  double seconds;
  double beat;  // seconds
  int key;      // MIDI note of the bass's tonic
  Steps scale;
  std::array<int, 4> chords;

  Song(int number, double length) : random(2021, static_cast<uint64_t>(number)), seconds(length) {
    beat = 60 / std::round(random.uniform(84, 138));
    key = static_cast<int>(33 + random.below(10));
    scale = random.uniform() < 0.5 ? kMajor : kMinor;
    chords = kProgressions[static_cast<size_t>(random.below(kProgressions.size()))];
  }

  double bar() const { return 4 * beat; }
  int bars() const { return static_cast<int>(std::ceil(seconds / bar())); }
  int chord(int bar) const { return chords[static_cast<size_t>(bar % 4)]; }
  double note(int degree, int octave) const {
    const int wrapped = ((degree % 7) + 7) % 7;
    const int octaves = octave + (degree - wrapped) / 7;
    return key + 12 * octaves + scale[static_cast<size_t>(wrapped)];
  }
  const char* pick(const auto& patterns) { return patterns[static_cast<size_t>(random.below(std::ssize(patterns)))]; }
};

// Adds a sound that starts at `time` seconds; pan -1 (left) .. 1 (right), of constant power. What would sound after
// the end is cut.
void add(Audio& stem, double time, const Sound& sound, double gain, double pan) {
  const auto start = static_cast<int64_t>(time * demo_rate);
  const int64_t count = std::min<int64_t>(std::ssize(sound), stem.frames() - start);
  for (int c = 0; c < 2; ++c) {
    const double angle = (1 + pan) * M_PI / 4;
    const auto factor = static_cast<float>(gain * (c == 0 ? std::cos(angle) : std::sin(angle)));
    const auto channel = stem.channel(c);
    float* to = channel.data() + start;
    for (int64_t i = 0; i < count; ++i) to[i] += factor * sound[static_cast<size_t>(i)];
  }
}

Audio silence(double seconds) {
  return {demo_rate, 2, std::vector<float>(2 * static_cast<size_t>(seconds * demo_rate))};
}

Audio play_drums(Song& song) {
  Audio stem = silence(song.seconds);
  const Sound bass_drum = kick(song.random.uniform(42, 56));
  const Sound snare_drum = snare(song.random, song.random.uniform());
  const Sound closed = hat(song.random, 0.025);
  const Sound open = hat(song.random, 0.12);
  const char* kicks = song.pick(kKicks);
  const char* snares = song.pick(kSnares);
  const char* hats = song.pick(kHats);
  const double hat_level = song.random.uniform(0.25, 0.5);
  const double hat_pan = song.random.uniform(-0.6, 0.6);
  for (int step = 0; step < 16 * song.bars(); ++step) {
    const double time = step * song.beat / 4;
    if (time >= song.seconds) break;
    const double accent = (step % 4 == 0 ? 1.0 : 0.75) * song.random.uniform(0.85, 1);
    if (kicks[step % 16] == 'x') add(stem, time, bass_drum, accent, 0);
    if (snares[step % 16] == 'x') add(stem, time, snare_drum, 0.8 * accent, -0.1);
    if (hats[step % 16] == 'x') add(stem, time, step % 16 == 14 ? open : closed, hat_level * accent, hat_pan);
  }
  return stem;
}

Audio play_bass(Song& song) {
  Audio stem = silence(song.seconds);
  const std::string line = song.pick(kBassLines);
  const double brightness = song.random.uniform();
  for (int step = 0; step < 16 * song.bars(); ++step) {
    const double time = step * song.beat / 4;
    if (time >= song.seconds) break;
    if (line[static_cast<size_t>(step % 16)] != 'x') continue;
    const size_t next = line.find('x', static_cast<size_t>(step % 16) + 1);
    const double length = static_cast<double>((next == std::string::npos ? 16 : next)) - step % 16;
    const int above = step % 16 == 0 || song.random.uniform() < 0.6 ? 0 : song.random.uniform() < 0.5 ? 4 : 7;
    const double frequency = note_frequency(song.note(song.chord(step / 16) + above, 0));
    add(stem, time, plucked_string(frequency, length * song.beat / 4, brightness, song.random), 1, 0);
  }
  return stem;
}

void play_pads(Song& song, Audio& stem) {
  const double cutoff = song.random.uniform(1200, 3000);
  for (int bar = 0; bar < song.bars(); ++bar) {
    for (const int degree : {0, 2, 4}) {
      const double frequency = note_frequency(song.note(song.chord(bar) + degree, 2));
      add(stem, bar * song.bar(), pad(0.997 * frequency, song.bar(), cutoff), 0.5, -0.7);
      add(stem, bar * song.bar(), pad(1.003 * frequency, song.bar(), cutoff), 0.5, 0.7);
    }
  }
}

void play_arpeggio(Song& song, Audio& stem) {
  const std::array<int, 4> turn = song.random.uniform() < 0.5 ? std::array{0, 2, 4, 7} : std::array{7, 4, 2, 4};
  const double length = 0.5 * song.beat;
  for (int step = 0; step < 8 * song.bars() && step * length < song.seconds; ++step) {
    const int degree = song.chord(step / 8) + turn[static_cast<size_t>(step % 4)];
    const Sound sound = plucked_string(note_frequency(song.note(degree, 3)), 1.8 * length, 0.9, song.random);
    add(stem, step * length, sound, 0.8, step % 2 == 0 ? -0.5 : 0.5);
  }
}

void play_piano(Song& song, Audio& stem) {
  const double pan = song.random.uniform(-0.4, 0.4);
  const std::string rhythm = song.pick(kBassLines);
  for (int step = 0; step < 16 * song.bars() && step * song.beat / 4 < song.seconds; ++step) {
    if (rhythm[static_cast<size_t>(step % 16)] != 'x') continue;
    for (const int degree : {0, 2, 4, 7}) {
      const double frequency = note_frequency(song.note(song.chord(step / 16) + degree, 2));
      add(stem, step * song.beat / 4, electric_piano(frequency, 1.2 * song.beat), 0.4, pan);
    }
  }
}

Audio play_other(Song& song, int number) {
  Audio stem = silence(song.seconds);
  if (number % 3 != 1) play_pads(song, stem);
  if (number % 3 != 2) play_arpeggio(song, stem);
  if (number % 3 != 0) play_piano(song, stem);
  return stem;
}

// A phrase from `time`, a walk along the scale that returns to the chord on whole bars.
std::vector<SungNote> compose_phrase(Song& song, double time, double end) {
  constexpr std::array<double, 4> lengths = {0.5, 1, 1, 1.5};  // beats
  std::vector<SungNote> notes;
  int degree = song.chord(static_cast<int>(time / song.bar())) + static_cast<int>(song.random.below(3)) * 2;
  for (double start = 0; time + start < end - 0.25 * song.beat;) {
    const double wanted = lengths[static_cast<size_t>(song.random.below(lengths.size()))] * song.beat;
    const double length = std::min(wanted, end - time - start);
    notes.push_back(
        {song.note(degree, 2), start, length, static_cast<int>(song.random.below(5)), song.random.uniform() < 0.6});
    degree = std::clamp(degree + static_cast<int>(song.random.below(5)) - 2, -2, 9);
    start += length;
  }
  return notes;
}

Audio sing_vocals(Song& song) {
  Audio stem = silence(song.seconds);
  const double pan = song.random.uniform(-0.2, 0.2);
  const double first = std::round(song.seconds / song.beat / 8) * song.beat;
  for (double time = first; time < song.seconds - song.beat;) {
    const double length = (5 + static_cast<double>(song.random.below(3))) * song.beat;
    const Sound voice = sing(compose_phrase(song, time, std::min(time + length, song.seconds)), song.random);
    add(stem, time, voice, 1, pan);
    // Two early reflections of a room.
    if (time + 0.031 < song.seconds) add(stem, time + 0.019, voice, 0.15, -0.8);
    if (time + 0.031 < song.seconds) add(stem, time + 0.031, voice, 0.12, 0.8);
    time += length + (1 + static_cast<double>(song.random.below(2))) * song.beat;
  }
  return stem;
}

// Silences an eighth of the stem, whole beats at a place of its own, with fades of 5 ms.
void rest(Audio& stem, Song& song) {
  const double beats = std::floor(song.seconds / song.beat);
  const double pause = std::max(1.0, std::round(beats / 8));
  const double first = static_cast<double>(song.random.below(static_cast<int64_t>(beats - pause)));
  const double begin = first * song.beat;
  const double end = (first + pause) * song.beat;
  constexpr double fade = 0.005;
  for (int c = 0; c < 2; ++c) {
    const auto channel = stem.channel(c);
    for (auto t = static_cast<size_t>(begin * demo_rate); t < static_cast<size_t>(end * demo_rate); ++t) {
      const double time = static_cast<double>(t) / demo_rate;
      channel[t] *= static_cast<float>(std::max({0.0, 1 - (time - begin) / fade, 1 - (end - time) / fade}));
    }
  }
}

// Scales to an RMS of `level` over the frames that are not silent.
void set_level(Audio& stem, double level) {
  double sum = 0;
  double count = 1;
  for (const float x : stem.samples) {
    if (std::fabs(x) > 1e-4F) {
      sum += double{x} * x;
      ++count;
    }
  }
  const auto factor = static_cast<float>(level / std::sqrt(sum / count + 1e-12));
  for (float& x : stem.samples) x *= factor;
}

// Sources in the order of musdb_sources, rounded to 16 bits after one scale for all, so that their sum is exact and
// stays below full scale.
std::vector<Audio> render(int number, double seconds) {
  Song song(number, seconds);
  std::vector<Audio> stems;
  stems.push_back(sing_vocals(song));
  stems.push_back(play_drums(song));
  stems.push_back(play_bass(song));
  stems.push_back(play_other(song, number));
  constexpr std::array<double, 4> levels = {0.16, 0.15, 0.14, 0.11};
  Audio mixture = silence(seconds);
  float peak = 0;
  for (size_t k = 0; k < stems.size(); ++k) {
    if (k != 0) rest(stems[k], song);
    set_level(stems[k], levels[k] * std::exp2(song.random.uniform(-0.5, 0.5)));
    for (size_t i = 0; i < mixture.samples.size(); ++i) {
      mixture.samples[i] += stems[k].samples[i];
      peak = std::max({peak, std::fabs(mixture.samples[i]), std::fabs(stems[k].samples[i])});
    }
  }
  for (Audio& stem : stems) {
    for (float& x : stem.samples) x = std::nearbyint(x * (0.9F / peak) * 32768) / 32768;
  }
  return stems;
}

void write_song(const fs::path& folder, int number, double seconds) {
  make_folder("data", folder);
  const std::vector<Audio> stems = render(number, seconds);
  Audio mixture = silence(seconds);
  for (size_t k = 0; k < stems.size(); ++k) {
    for (size_t i = 0; i < mixture.samples.size(); ++i) mixture.samples[i] += stems[k].samples[i];
    write_audio(folder / (musdb_sources[k] + ".wav"), stems[k]);
  }
  write_audio(folder / "mixture.wav", mixture);
}

constexpr std::array<const char*, 14> kNames = {
    "Amber Lanes - First Light",   "Blue Ferry - Night Tide",    "Cedar Row - Paper Boats", "Delta Glass - Slow Rain",
    "Echo Yard - Long Way Up",     "Fern Hollow - Red Kite",     "Gale Street - Old Radio", "Harbor Nine - Silver Road",
    "Iris Field - Window Seat",    "Juno Park - Half Moon",      "Kite Club - Open Sea",    "Lime Avenue - Second Sun",
    "Maple Court - Quiet Station", "North Quay - Borrowed Time",
};

}  // namespace

void write_demo_songs(const fs::path& root, DemoSize size) {
  const int train = size == DemoSize::full ? 12 : 3;
  const int valid = size == DemoSize::full ? 2 : 1;
  const int test = 2;
  const double seconds = size == DemoSize::full ? 16 : 4;
  std::error_code error;
  fs::create_directory(root, error);
  check(!error && fs::is_directory(root), "data", "cannot make the folder {}: {}", root.string(),
        error ? error.message() : "it is a file");
  std::string names;
  for (int i = 0; i < train + test; ++i) {
    const std::string name = kNames[static_cast<size_t>(i)];
    write_song(root / (i < train ? "train" : "test") / name, i, seconds);
    if (i >= train - valid && i < train) names += name + "\n";
  }
  write_file(root / "validation.txt", names);
}

}  // namespace unmix

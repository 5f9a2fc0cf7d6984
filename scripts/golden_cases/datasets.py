"""Open-Unmix's data sets of folders (openunmix.data) on small trees: which tracks they keep, how long an epoch is, and
what validation sees.

Metadata "tree": the files, as [path, seed, frames]: stereo 16-bit WAV at 8000 Hz, sample t of channel c is
(((seed + 3 c) * 7919 + t * 104729) mod 4001 - 2000) / 32768. Metadata NAME: the arguments, the kept tracks of train and
valid, sorted, and the lengths of both. NAME.valid.TRACK.x, .y [2, samples]: mixture and target of validation, of the
data sets that draw nothing there. Its readers of audio files, gone from torchaudio 2.9, are replaced by soundfile.
"""

import tempfile
from pathlib import Path

import numpy as np
import soundfile
import torch
from openunmix import data

RATE, SECONDS = 8000, 0.05  # 400 frames
NAMES = ("aligned", "sourcefolder", "trackfolder_fix", "trackfolder_var", "trackfolder_var_silence")


def files():
    """Lengths around an excerpt's, missing files and empty folders."""
    tracks = {
        "a": {"vocals.wav": 500, "drums.wav": 450, "bass.wav": 480},
        "b": {"vocals.wav": 400, "drums.wav": 450, "bass.wav": 450},
        "c": {"vocals.wav": 401, "drums.wav": 401, "bass.wav": 401},
        "d": {"drums.wav": 600, "bass.wav": 600},
        "e": {"vocals.wav": 700, "bass.wav": 700, "drums.wav": 700, "notes.txt": 0, "other.flac": 0},
    }
    valid = {
        "v": {"vocals.wav": 450, "drums.wav": 450, "bass.wav": 450},
        "w": {"vocals.wav": 300, "drums.wav": 300, "bass.wav": 300},
        "x": {"drums.wav": 500, "bass.wav": 500},
    }
    for split, folders in (("train", tracks), ("valid", valid)):
        for folder, content in folders.items():
            for name, frames in content.items():
                if frames > 0:
                    yield f"tracks/{split}/{folder}/{name}", frames
                    yield f"sources/{split}/{Path(name).stem}/{folder}.wav", frames


def samples(seed, frames):
    time = np.arange(frames)[:, None]
    return (((seed + 3 * np.arange(2)) * 7919 + time * 104729) % 4001 - 2000) / 32768


def read_info(path):
    info = soundfile.info(str(path))
    return {"samplerate": info.samplerate, "samples": info.frames, "duration": info.frames / info.samplerate}


def read_audio(path, start=0.0, dur=None, info=None):
    signal, rate = soundfile.read(str(path), dtype="float32", always_2d=True)
    if dur is not None:
        first = int(start * rate)
        signal = signal[first : first + int(dur * rate)]
    return torch.as_tensor(signal.T.copy()), rate


def dataset(name, root, split):
    excerpt = SECONDS if split == "train" else None
    augment = data.aug_from_str([])
    if name == "aligned":
        arguments = dict(input_file="drums.wav", output_file="voc*.wav")
        return arguments, data.AlignedDataset(root / "tracks", split, seq_duration=SECONDS, **arguments)
    if name == "sourcefolder":
        arguments = dict(interferer_dirs=["drums", "bass"], target_dir="vocals")
        found = data.SourceFolderDataset(root / "sources", split, seq_duration=SECONDS, nb_samples=7, **arguments)
        return arguments, found
    if name == "trackfolder_fix":
        arguments = dict(target_file="vocals.wav", interferer_files=["drums.wav", "bass.wav"])
        return arguments, data.FixedSourcesTrackFolderDataset(root / "tracks", split, seq_duration=excerpt, **arguments)
    silence = name.endswith("silence")
    found = data.VariableSourcesTrackFolderDataset(
        root / "tracks", split, target_file="vocals.wav", ext=".wav", seq_duration=excerpt,
        silence_missing_targets=silence, source_augmentations=augment
    )
    return dict(target_file="vocals.wav", silence_missing=silence), found


def tracks_of(name, found):
    """-> the tracks' names, in the data set's own order."""
    if name == "aligned":
        return [Path(pair[0]).parent.name for pair in found.tuple_paths]
    if name == "sourcefolder":
        return [f"{source}/{path.name}" for source, paths in found.source_tracks.items() for path in paths]
    return [Path(track["path"]).name for track in found.tracks]


def write(golden):
    data.load_info, data.load_audio = read_info, read_audio
    with tempfile.TemporaryDirectory() as folder:
        root, tree = Path(folder), []
        for seed, (path, frames) in enumerate(files()):
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(root / path, samples(seed, frames), RATE, subtype="PCM_16")
            tree.append([path, seed, frames])
        golden.describe("tree", files=tree, rate=RATE, seconds=SECONDS)
        for name in NAMES:
            record = {}
            for split in ("train", "valid"):
                record["arguments"], found = dataset(name, root, split)
                names = tracks_of(name, found)
                record[split] = sorted(names)
                record[f"{split}_length"] = len(found)
                if split == "valid" and name != "sourcefolder":
                    for index, track in enumerate(names):
                        x, y = found[index]
                        golden.add(f"{name}.valid.{track}.x", x)
                        golden.add(f"{name}.valid.{track}.y", y)
            golden.describe(name, **record)

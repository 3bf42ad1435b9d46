"""The sample files: what is in them, and that Sample Data loads them without help of ours."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import numpy as np
import pytest
import slicer
import slicer.util
import vtk
from PIL import Image

import samca
from samca.images import frames
from SAMCALib.Models import Samples
from SAMCALib.Texts import Refusal

RESOURCES = Path(__file__).resolve().parents[3] / "Resources"
NAMES = ("SAMCANerve", "SAMCALesion", "SAMCALoop")


@pytest.fixture
def registered(sample_data, scene):
    Samples.register()
    return sample_data


def shown(application):
    """The volume that the views show."""
    return slicer.mrmlScene.GetNodeByID(application.GetSelectionNode().GetActiveVolumeID())


def test_three_small_files_are_all_there_is():
    found = {path.name for path in Samples.FOLDER.iterdir()}
    assert found == {sample.file for sample in Samples.samples()} | {"samples.json", "README.md"}
    assert sum(path.stat().st_size for path in Samples.FOLDER.iterdir()) < 750_000


def test_each_file_is_the_one_that_its_sha256_means():
    for sample in Samples.samples():
        assert slicer.util.computeChecksum("SHA256", str(Samples.FOLDER / sample.file)) == sample.sha256


def test_samples_are_registered_in_the_ordinary_way_and_once(registered):
    Samples.register()
    (sources,) = slicer.modules.sampleDataSources.values()
    assert tuple(source.sampleName for source in sources) == NAMES
    for source in sources:
        assert type(source) is registered.SampleDataSource
        assert source.customDownloader is None
        assert source.uris[0].startswith("file:///")
        assert Image.open(source.thumbnailFileName).size == (260, 280)


def test_a_frame_is_loaded_by_its_name_and_shown(registered, application):
    node = registered.downloadSample("SAMCANerve")
    pixels = slicer.util.arrayFromVolume(node)
    assert (pixels.shape, pixels.dtype) == ((1, 491, 512), np.uint8)
    assert node.GetName() == "SAMCANerve"
    assert node.GetStorageNode() is None, "it would save into Slicer's cache"
    assert shown(application) is node


def test_the_simulated_lesion_has_its_spacing_and_stands_upright(registered):
    (node,) = Samples.load("SAMCALesion")
    matrix = vtk.vtkMatrix4x4()
    node.GetIJKToRASDirectionMatrix(matrix)
    assert [matrix.GetElement(i, i) for i in range(3)] == [-1, -1, 1]
    assert 0 < node.GetSpacing()[0] == node.GetSpacing()[1] < 1


def test_the_loop_is_a_sequence_in_time_whose_frames_differ(registered, application):
    sequence = registered.downloadSample("SAMCALoop")
    assert sequence.IsA("vtkMRMLSequenceNode")
    assert sequence.GetName() == "SAMCALoop"
    times = [float(sequence.GetNthIndexValue(i)) for i in range(sequence.GetNumberOfDataNodes())]
    assert times == pytest.approx(np.arange(12) / 10)
    assert sequence.GetIndexUnit() == "s"
    shots = [slicer.util.arrayFromVolume(sequence.GetNthDataNode(i)) for i in range(12)]
    assert all((early != late).any() for early, late in itertools.pairwise(shots))
    assert shown(application).GetImageData().GetDimensions() == (208, 160, 1)


def test_a_file_that_was_damaged_in_the_cache_is_fetched_again(registered, tmp_path):
    damaged = tmp_path / "cache" / "samca-lesion.nrrd"
    damaged.write_bytes(b"NRRD0004")
    assert Samples.load("SAMCALesion")[0].GetImageData() is not None


def test_a_sample_that_cannot_be_loaded_is_refused(registered, monkeypatch, tmp_path):
    with pytest.raises(Refusal, match="Unknown was not loaded"):
        Samples.load("Unknown")
    slicer.modules.sampleDataSources.clear()
    monkeypatch.setattr(Samples, "RESOURCES", tmp_path)
    monkeypatch.setattr(Samples, "FOLDER", tmp_path)
    (tmp_path / "samples.json").write_text(
        '[{"name": "Gone", "file": "Gone.nrrd", "kind": "VolumeFile", "sha256": "0"}]'
    )
    Samples.register()
    with pytest.raises(Refusal, match="Gone was not loaded"):
        Samples.load("Gone")


def test_the_command_line_reads_them_too():
    assert frames.read(Samples.FOLDER / "samca-nerve.nrrd").pixels.shape == (491, 512)


def test_one_click_each_outlines_vessel_and_nerve_of_the_real_frame():
    session = samca.Session(samca.load())
    session.set_image(frames.read(Samples.FOLDER / "samca-nerve.nrrd").pixels)
    assert 8_000 < session.click(167, 304, True).sum() < 12_500
    session.undo()
    assert 5_000 < session.click(227, 215, True).sum() < 13_000


def test_the_command_that_is_in_the_repository_makes_the_simulated_files(monkeypatch, tmp_path):
    if not RESOURCES.is_dir():
        pytest.skip("the command is in the source tree and is not installed")
    monkeypatch.syspath_prepend(str(RESOURCES))
    import make_samples

    monkeypatch.setattr(make_samples, "FOLDER", tmp_path)
    (tmp_path / "samca-nerve.nrrd").write_bytes((Samples.FOLDER / "samca-nerve.nrrd").read_bytes())
    make_samples.main()
    for name in ("samca-lesion.nrrd", "samca-loop.seq.nrrd", "samples.json"):
        assert (tmp_path / name).read_bytes() == (Samples.FOLDER / name).read_bytes(), name
    sys.modules.pop("make_samples")

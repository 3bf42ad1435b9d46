"""Slicer's module SampleData, as far as sources go: a download by script knows addresses only."""

from __future__ import annotations

import itertools
import types
import urllib.request
from pathlib import Path

import slicer


class SampleDataSource:
    """One entry; text fields become lists of one."""

    def __init__(
        self,
        sampleName=None,
        sampleDescription=None,
        uris=None,
        fileNames=None,
        nodeNames=None,
        checksums=None,
        loadFiles=None,
        customDownloader=None,
        thumbnailFileName=None,
        loadFileType=None,
        loadFileProperties=None,
    ):
        assert isinstance(uris, str), "the real one takes lists of equal length, or text"
        self.sampleName, self.sampleDescription = sampleName, sampleDescription or sampleName
        self.uris, self.fileNames, self.nodeNames = [uris], [fileNames], [nodeNames]
        self.checksums, self.loadFiles = [checksums], [loadFiles]
        self.loadFileType = [loadFileType or "VolumeFile"]
        self.customDownloader, self.thumbnailFileName = customDownloader, thumbnailFileName

    def __eq__(self, other):
        return str(self) == str(other)

    def __str__(self):
        return f"{self.sampleName} {self.uris} {self.fileNames}"


def module(cache: Path):
    """The module; `cache` is the folder that downloads go to."""
    found = types.ModuleType("SampleData")
    found.SampleDataSource = SampleDataSource

    class SampleDataLogic:
        def sourceForSampleName(self, sampleName):
            sources = itertools.chain(*slicer.modules.sampleDataSources.values())
            return next((source for source in sources if source.sampleName == sampleName), None)

    def downloadSample(sampleName):
        source = SampleDataLogic().sourceForSampleName(sampleName)
        return next(_fetched(*what, cache) for what in zip(*_fields(source), strict=True))

    found.SampleDataLogic, found.downloadSample = SampleDataLogic, downloadSample
    return found


def _fields(source):
    return source.uris, source.fileNames, source.nodeNames, source.loadFileType


def _fetched(uri, fileName, nodeName, kind, cache):
    path, _ = urllib.request.urlretrieve(uri, cache / fileName)
    kinds = {
        "VolumeFile": ("vtkMRMLScalarVolumeNode", "vtkMRMLVolumeArchetypeStorageNode"),
        "SequenceFile": ("vtkMRMLSequenceNode", "vtkMRMLVolumeSequenceStorageNode"),
    }
    node, storage = (slicer.mrmlScene.AddNewNodeByClass(name) for name in kinds[kind])
    node.SetName(nodeName)
    storage.SetFileName(str(path))
    assert storage.ReadData(node)
    return node

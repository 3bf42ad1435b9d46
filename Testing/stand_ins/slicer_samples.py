"""Slicer's module SampleData, as of 5.12: sources are fetched into the cache, checked and loaded."""

from __future__ import annotations

import itertools
import types
import urllib.error
import urllib.request
from pathlib import Path

import slicer
import slicer.util

ATTEMPTS = 3
FIELDS = ("uris", "fileNames", "nodeNames", "checksums", "loadFiles", "loadFileTypes")


class SampleDataSource:
    """One entry; a text in a field stands for a list of one."""

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
        loadFileTypes=None,
        loadFileProperties=None,
    ):
        given = (uris, fileNames, nodeNames, checksums, loadFiles, loadFileTypes)
        isOne = isinstance(uris, str)
        for name, values in zip(FIELDS, given, strict=True):
            setattr(self, name, [values] if isOne else (values or [None] * len(uris)))
        if len({len(getattr(self, name)) for name in FIELDS}) > 1:
            raise ValueError("all fields of a source have the same length")
        self.sampleName, self.sampleDescription = sampleName, sampleDescription or sampleName
        self.customDownloader, self.thumbnailFileName = customDownloader, thumbnailFileName

    def __eq__(self, other):
        return str(self) == str(other)

    def __str__(self):
        return repr({name: value for name, value in sorted(vars(self).items())})


def module(cache: Path):
    """The module `SampleData`; cache: the folder that files are fetched into."""

    class SampleDataLogic:
        @staticmethod
        def registerCustomSampleDataSource(
            category="Custom",
            sampleName=None,
            uris=None,
            fileNames=None,
            nodeNames=None,
            customDownloader=None,
            thumbnailFileName=None,
            loadFileTypes=None,
            loadFiles=None,
            loadFileProperties=None,
            checksums=None,
        ):
            given = dict(locals())
            given.pop("category")
            if not hasattr(slicer.modules, "sampleDataSources"):
                slicer.modules.sampleDataSources = {}
            sources = slicer.modules.sampleDataSources.setdefault(category, [])
            source = SampleDataSource(**given)
            if source not in sources:
                sources.append(source)

        def __init__(self, logMessage=None):
            self.messages = []
            self.logMessage = logMessage or self.messages.append

        def sourceForSampleName(self, sampleName):
            sources = itertools.chain(*slicer.modules.sampleDataSources.values())
            return next((source for source in sources if source.sampleName == sampleName), None)

        def downloadSamples(self, sampleName):
            source = self.sourceForSampleName(sampleName)
            return self.downloadFromSource(source) if source else []

        def downloadFromSource(self, source):
            rows = list(zip(*(getattr(source, name) for name in FIELDS), strict=True))
            nodes = [self._loaded(*row) for row in rows]
            return [node for node in nodes if node is not None]

        def _loaded(self, uri, fileName, nodeName, checksum, loadFile, kind):
            for _attempt in range(ATTEMPTS):
                try:
                    path = self.downloadFile(uri, cache, fileName, checksum)
                except ValueError as error:
                    self.logMessage(str(error))
                    continue
                if loadFile is False:
                    return str(path)
                if node := self.loadNode(path, nodeName, kind):
                    return node
                path.unlink(missing_ok=True)
            return None

        def downloadFile(self, uri, destFolderPath, name, checksum=None):
            path = Path(destFolderPath) / name
            if path.exists() and path.stat().st_size and _isWhole(path, checksum):
                return path
            try:
                urllib.request.urlretrieve(uri, path)
            except OSError as error:
                raise ValueError(f"Failed to download {uri} to {path}") from error
            if not _isWhole(path, checksum):
                path.unlink()
            return path

        def loadNode(self, path, name, kind):
            nodes = READERS[kind](str(path), name) if path.exists() else []
            for node in nodes:
                storage = node.IsA("vtkMRMLStorableNode") and node.GetStorageNode()
                if storage:  # the cache is no place to save to
                    slicer.mrmlScene.RemoveNode(storage)
            return nodes[0] if nodes else None

    found = types.ModuleType("SampleData")
    found.SampleDataSource, found.SampleDataLogic = SampleDataSource, SampleDataLogic
    found.downloadSample = lambda sampleName: SampleDataLogic().downloadSamples(sampleName)[0]
    found.downloadSamples = lambda sampleName: SampleDataLogic().downloadSamples(sampleName)
    return found


def _isWhole(path: Path, checksum) -> bool:
    algorithm, digest = slicer.util.extractAlgoAndDigest(checksum)
    return algorithm is None or slicer.util.computeChecksum(algorithm, str(path)) == digest


def _readVolume(path, name):
    """qSlicerVolumesReader."""
    node = slicer.modules.volumes.logic().AddArchetypeVolume(path, name)
    if node is not None:
        _show(node)
    return [node] if node is not None else []


def _readSequence(path, name):
    """qSlicerSequencesReader: the Sequence, and a browser that shows it."""
    messages = slicer.vtkMRMLMessageCollection()
    sequence = slicer.modules.sequences.logic().AddSequence(path, messages)
    if sequence is None:
        return []
    sequence.SetName(slicer.mrmlScene.GetUniqueNameByString(name))
    browser = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSequenceBrowserNode", f"{name} browser")
    browser.SetAndObserveMasterSequenceNodeID(sequence.GetID())
    slicer.modules.sequences.logic().UpdateProxyNodesFromSequences(browser)
    _show(browser.GetProxyNode(sequence))
    return [sequence, browser]


def _show(volume):
    logic = slicer.modules.volumes.logic().GetMRMLApplicationLogic()
    logic.GetSelectionNode().SetActiveVolumeID(volume.GetID())
    logic.PropagateVolumeSelection()


READERS = {"VolumeFile": _readVolume, "SequenceFile": _readSequence}

"""Slicer's module Segment Statistics without its widgets: a logic that asks plugins, and their base class.

As in Slicer's own: plugins are registered as instances and made anew for each logic; names and units of all
keys are asked for before anything is computed; a segmentation under a transform is measured as a hardened
copy; a column has the type of its first value, and what is missing in it is not a number.
"""

from __future__ import annotations

import math
import types

import slicer
import vtk


class SegmentStatisticsPluginBase:
    """What Slicer gives a plugin."""

    @staticmethod
    def createCodedEntry(codeValue, codingScheme, codeMeaning, returnAsString=False):
        entry = slicer.vtkCodedEntry()
        entry.SetValueSchemeMeaning(codeValue, codingScheme, codeMeaning)
        return entry.GetAsString() if returnAsString else entry

    @staticmethod
    def createMeasurementInfo(
        name,
        description,
        units,
        quantityDicomCode=None,
        unitsDicomCode=None,
        measurementMethodDicomCode=None,
        derivationDicomCode=None,
        componentNames=None,
    ):
        codes = {
            "componentNames": componentNames,
            "DICOM.QuantityCode": quantityDicomCode,
            "DICOM.UnitsCode": unitsDicomCode,
            "DICOM.MeasurementMethodCode": measurementMethodDicomCode,
            "DICOM.DerivationCode": derivationDicomCode,
        }
        info = {"name": name, "description": description, "units": units}
        return info | {key: code for key, code in codes.items() if code}

    def __init__(self):
        self.name, self.title, self.keys, self.defaultKeys, self.parameterNode = "", "", [], [], None

    def toLongKey(self, key):
        return f"{type(self).__name__}.{key}"

    def setDefaultParameters(self, parameterNode):
        for name, value in [(f"{type(self).__name__}.enabled", True)] + [
            (f"{self.toLongKey(key)}.enabled", key in self.defaultKeys) for key in self.keys
        ]:
            if not parameterNode.GetParameter(name):
                parameterNode.SetParameter(name, str(value))

    def setParameterNode(self, parameterNode):
        self.parameterNode = parameterNode
        self.setDefaultParameters(parameterNode)
        self.labels = {key: self.getMeasurementInfo(key)["name"] for key in self.keys}  # of check boxes

    def getParameterNode(self):
        return self.parameterNode

    def getRequestedKeys(self):
        return [
            k for k in self.keys if self.parameterNode.GetParameter(f"{self.toLongKey(k)}.enabled") == "True"
        ]


class SegmentStatisticsLogic:
    """Computes a table of segments by the plugins that are registered."""

    registeredPlugins: list = []  # noqa: RUF012 - as in Slicer, of the class

    @staticmethod
    def registerPlugin(plugin):
        if not isinstance(plugin, SegmentStatisticsPluginBase):
            return
        assert not any("." in key for key in plugin.keys)
        if type(plugin) not in SegmentStatisticsLogic.registeredPlugins:
            SegmentStatisticsLogic.registeredPlugins.append(type(plugin))

    def __init__(self):
        self.plugins = [each() for each in self.registeredPlugins]
        self.node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScriptedModuleNode", "SegmentStatistics")
        for plugin in self.plugins:
            plugin.setParameterNode(self.node)
        self.statistics, self.segments, self.info = {}, [], {}

    def getParameterNode(self):
        return self.node

    def computeStatistics(self):
        self.statistics, self.segments, self.info = {}, [], {}
        segmentation = slicer.mrmlScene.GetNodeByID(self.node.GetParameter("Segmentation"))
        copy = None
        if segmentation.GetParentTransformNode() is not None:
            copy = slicer.vtkMRMLSegmentationNode()
            copy.Copy(segmentation)
            slicer.mrmlScene.AddNode(copy)
            copy.HardenTransform()
            self.node.SetParameter("Segmentation", copy.GetID())
        try:
            for segmentId in segmentation.GetSegmentation().GetSegmentIDs():
                self._compute(copy or segmentation, segmentId)
        finally:
            self.node.SetParameter("Segmentation", segmentation.GetID())
            if copy is not None:
                slicer.mrmlScene.RemoveNode(copy)

    def _compute(self, segmentation, segmentId):
        self.segments.append(segmentId)
        self.statistics[segmentId, "Segment"] = segmentation.GetSegmentation().GetSegment(segmentId).GetName()
        for plugin in self.plugins:
            if self.node.GetParameter(f"{type(plugin).__name__}.enabled") == "True":
                for key, value in plugin.computeStatistics(segmentId).items():
                    self.statistics[segmentId, plugin.toLongKey(key)] = value
                    self.info[plugin.toLongKey(key)] = plugin.getMeasurementInfo(key)

    def exportToTable(self, table):
        columns = ["Segment", *(p.toLongKey(key) for p in self.plugins for key in p.keys)]
        for key in columns:
            values = [self.statistics[s, key] for s in self.segments if (s, key) in self.statistics]
            if not values:
                continue
            kind = {int: vtk.vtkLongArray, float: vtk.vtkDoubleArray}.get(type(values[0]), vtk.vtkStringArray)
            column = kind()
            column.SetName(self.header(key))
            column.SetNumberOfValues(len(self.segments))
            for row, segmentId in enumerate(self.segments):
                column.SetValue(row, self.statistics.get((segmentId, key), math.nan))
            table.AddColumn(column)

    def header(self, key):
        """The title of a column: the code's meaning before the name, with units."""
        info = self.info.get(key, {})
        if "DICOM.QuantityCode" not in info:
            name = info.get("name") or key
            return f"{name} [{info['units']}]" if info.get("units") else name
        entry = slicer.vtkCodedEntry()
        entry.SetFromString(info["DICOM.QuantityCode"])
        name, units = entry.GetCodeMeaning(), info.get("units")
        if "DICOM.UnitsCode" in info:
            entry.SetFromString(info["DICOM.UnitsCode"])
            units = entry.GetCodeValue()
        return f"{name} [{units}]" if units else name


def install(monkeypatch) -> type[SegmentStatisticsLogic]:
    """Make both of Slicer's modules importable; nothing is registered yet."""
    import sys

    plugins = types.ModuleType("SegmentStatisticsPlugins")
    plugins.SegmentStatisticsPluginBase = SegmentStatisticsPluginBase
    statistics = types.ModuleType("SegmentStatistics")
    statistics.SegmentStatisticsLogic = SegmentStatisticsLogic
    monkeypatch.setitem(sys.modules, "SegmentStatisticsPlugins", plugins)
    monkeypatch.setitem(sys.modules, "SegmentStatistics", statistics)
    monkeypatch.setattr(SegmentStatisticsLogic, "registeredPlugins", [])
    monkeypatch.delitem(sys.modules, "SAMCAUltrasoundLib.StatisticsPlugin", raising=False)
    return SegmentStatisticsLogic

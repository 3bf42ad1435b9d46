"""Volumes by SimpleITK."""

from __future__ import annotations

import logging
from pathlib import Path

from .grid import Grid, Volume

logger = logging.getLogger(__name__)


def read(path: Path) -> Volume:
    """All of a 2D or 3D file, gray or in colour; ValueError says that it cannot be read."""
    import SimpleITK

    SimpleITK.ProcessObject.SetGlobalWarningDisplay(False)
    reader = SimpleITK.ImageFileReader()
    reader.SetFileName(str(path))
    try:
        reader.ReadImageInformation()
        _check(path, reader.GetDimension(), reader.GetNumberOfComponents())
        image = reader.Execute()  # whole: reading one slice of an RGB NIfTI ends the process (SimpleITK 2.5)
    except RuntimeError as error:
        logger.debug("SimpleITK on %s: %s", path, error)
        raise ValueError(
            f"{path} cannot be read: it is damaged, cut off, or not what its name says"
        ) from error
    voxels, grid = SimpleITK.GetArrayFromImage(image), _grid(image)
    return Volume(voxels if image.GetDimension() == 3 else voxels[None], grid, grid.spacing[:2])


def _check(path: Path, dimension: int, components: int) -> None:
    if dimension not in (2, 3) or components not in (1, 3, 4):
        raise ValueError(
            f"{path} has {dimension} axes, {components} values a pixel: expected a 2D or 3D file, gray or RGB"
        )


def _grid(image) -> Grid:
    """Where it lies; a 2D image is one slice of a volume."""
    size, spacing, origin = image.GetSize(), image.GetSpacing(), image.GetOrigin()
    if image.GetDimension() == 3:
        return Grid(size, spacing, origin, image.GetDirection())
    a, b, c, d = image.GetDirection()
    return Grid((*size, 1), (*spacing, 1.0), (*origin, 0.0), (a, b, 0.0, c, d, 0.0, 0.0, 0.0, 1.0))

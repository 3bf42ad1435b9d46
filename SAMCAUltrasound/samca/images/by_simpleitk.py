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
        grid = _grid(reader, path)
        image = reader.Execute()  # whole: reading one slice of an RGB NIfTI ends the process (SimpleITK 2.5)
    except RuntimeError as error:
        logger.debug("SimpleITK on %s: %s", path, error)
        raise ValueError(
            f"{path} cannot be read: it is damaged, cut off, or not what its name says"
        ) from error
    voxels = SimpleITK.GetArrayFromImage(image)
    return Volume(voxels if image.GetDimension() == 3 else voxels[None], grid, grid.spacing[:2])


def _grid(reader, path: Path) -> Grid:
    """The grid that the header describes; a 2D file is one slice of a volume."""
    components, dimension = reader.GetNumberOfComponents(), reader.GetDimension()
    if dimension not in (2, 3) or components not in (1, 3, 4):
        raise ValueError(
            f"{path} has {dimension} axes, {components} values a pixel: expected a 2D or 3D file, gray or RGB"
        )
    grid = Grid(reader.GetSize(), reader.GetSpacing(), reader.GetOrigin(), reader.GetDirection())
    if dimension == 3:
        return grid
    (a, b, c, d) = grid.direction
    direction = (a, b, 0.0, c, d, 0.0, 0.0, 0.0, 1.0)
    return Grid((*grid.size, 1), (*grid.spacing, 1.0), (*grid.origin, 0.0), direction)

"""Where what is this user's lies: beside Slicer's settings, because Slicer's cache may be emptied."""

from __future__ import annotations

from pathlib import Path


def userFolder() -> Path:
    """The folder; it may have to be made."""
    import slicer

    application = getattr(slicer, "app", None)
    if application is None:  # console without the application
        return Path.home() / ".samca"
    return Path(application.slicerUserSettingsFilePath).parent / "SAMCA"

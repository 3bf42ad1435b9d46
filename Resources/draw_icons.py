"""Draws every icon's SVG as the 128 px PNG beside it: python Resources/draw_icons.py (needs PySide6)."""

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

from samca.files import replacing

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("Resources", "SAMCAUltrasound/Resources/Icons", "SAMCATraining/Resources/Icons")
SIDE_PX = 128  # what the Extensions Index asks for


def draw(svg: Path, side: int = SIDE_PX) -> QImage:
    """The drawing as a square image with a transparent ground."""
    image = QImage(side, side, QImage.Format.Format_ARGB32)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    QSvgRenderer(str(svg)).render(painter)
    painter.end()
    return image


if __name__ == "__main__":
    for folder in FOLDERS:
        for svg in sorted((ROOT / folder).glob("*.svg")):
            with replacing(svg.with_suffix(".png")) as temporary:
                draw(svg).save(str(temporary))

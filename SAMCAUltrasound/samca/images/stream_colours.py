"""What colours a compressed picture holds, by its own marks.

Some scanners' headers say RGB of a JPEG that holds luminance and chrominance, and the other way round. The
rules for JPEG are those of libjpeg (jdapimin.c), with which scanners and viewers are built; a JPEG 2000
codestream says whether its components were transformed (ISO/IEC 15444-1, A.6.1).
"""

from __future__ import annotations

import struct

RGB, YBR = "RGB", "YBR_FULL"
JPEG, JPEG_2000 = b"\xff\xd8\xff", b"\xff\x4f\xff\x51"
FRAMES = (0xC0, 0xC1, 0xC2)  # of a JPEG that is not lossless, whose colours may be transformed
JFIF, ADOBE, CODING_STYLE = 0xE0, 0xEE, 0x52
LAST = (0xDA, 0xD9, 0x90)  # behind which the coded data begin


def colours_of(stream: bytes) -> str | None:
    """RGB, YBR, or None where the first bytes of a JPEG or JPEG 2000 picture do not say."""
    try:
        if stream.startswith(JPEG_2000):
            return _of_jpeg_2000(stream)
        if stream.startswith(JPEG):
            return _of_jpeg(stream)
    except (struct.error, IndexError):
        pass
    return None


def _of_jpeg(stream: bytes) -> str | None:
    marks = dict(_segments(stream, 2))
    frame = next((marks[kind] for kind in FRAMES if kind in marks), None)
    if frame is None or frame[5] != 3:  # lossless, or not three components
        return None
    components = [frame[6 + 3 * i : 9 + 3 * i] for i in range(3)]
    if marks.get(JFIF, b"").startswith(b"JFIF\0"):
        return YBR
    if marks.get(ADOBE, b"").startswith(b"Adobe"):
        return YBR if marks[ADOBE][11] else RGB
    if bytes(c[0] for c in components) == b"RGB":
        return RGB
    return YBR if len({c[1] for c in components}) > 1 else None  # only chrominance is stored coarser


def _of_jpeg_2000(stream: bytes) -> str | None:
    """RGB where the decoder turns components back into it."""
    style = dict(_segments(stream, 2)).get(CODING_STYLE)
    return RGB if style is not None and style[4] else None


def _segments(stream: bytes, at: int):
    """(marker, content) of the segments before the coded data, the first of each kind last."""
    found = []
    while True:
        mark, kind, length = struct.unpack_from(">BBH", stream, at)
        if mark != 0xFF or kind in LAST:
            return reversed(found)
        if kind == 0xFF:  # filling
            at += 1
            continue
        found.append((kind, stream[at + 4 : at + 2 + length]))
        at += 2 + length

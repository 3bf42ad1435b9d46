"""Methods by name: each file names one entry per seam and its defaults."""

from . import sam, samca

METHODS = {"samca": samca.MODEL, "sam": sam.MODEL}

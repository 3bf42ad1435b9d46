"""What is outlined as DICOM objects: a segmentation (SEG), and a report with its sizes (SR, TID 1500).

Both belong to the study of the images they were made on. By default they carry no name, number or date of the
patient or the study beside the unique identifiers by which they refer to those images.
"""

from .terms import TISSUE, Term, Terms, terms_of
from .writing import EXTRA, Outlined, available, write

__all__ = ["EXTRA", "TISSUE", "Outlined", "Term", "Terms", "available", "terms_of", "write"]

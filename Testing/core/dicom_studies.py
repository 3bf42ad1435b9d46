"""DICOM images of a patient with a name, a number and dates, as scanners write them."""

from pathlib import Path

import numpy as np

from dicom_pictures import picture, region, saved

HEIGHT, WIDTH, FRAMES = 48, 64, 5
PATIENT = {
    "PatientName": "Doe^Jane",
    "PatientID": "MRN-4711",
    "PatientBirthDate": "19610203",
    "PatientSex": "F",
    "AccessionNumber": "ACC-815",
    "StudyID": "ST-99",
    "StudyDate": "20240317",
    "StudyTime": "101500",
    "ReferringPhysicianName": "House^Gregory",
}
OTHERS = {  # what nobody needs to refer to the images, and tells of the patient
    "InstitutionName": "Princeton General",
    "StationName": "ROOM-7",
    "PerformingPhysicianName": "Wilson^James",
    "SeriesDate": "20240317",
    "ContentDate": "20240317",
    "AcquisitionDateTime": "20240317101512",
    "DeviceSerialNumber": "SN-33",
    "PatientComments": "sees well",
    "SeriesDescription": "Doe left breast",
    "ProtocolName": "of Wednesday",
}


def study(path: Path, frames: int = 0, spacing: bool = True, number: int = 1, **others) -> Path:
    """A file of one image, or of a loop of so many frames; spacing: 0.2 x 0.1 mm (x, y) of a pixel."""
    shape = (frames, HEIGHT, WIDTH) if frames else (HEIGHT, WIDTH)
    elements = picture(np.random.default_rng(number).integers(1, 255, shape, np.uint8), frames=frames)
    if not frames:
        elements.SOPClassUID = elements.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.6.1"
    elements.SOPInstanceUID = elements.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.{number}"
    elements.StudyInstanceUID, elements.SeriesInstanceUID = "1.2.4", "1.2.4.1"
    for name, value in {**PATIENT, **OTHERS, **others}.items():
        setattr(elements, name, value)
    if spacing:
        elements.SequenceOfUltrasoundRegions = [region(0, 8, WIDTH - 1, HEIGHT - 1, 0.02, 0.01)]
    return saved(elements, path)


def block(x0: int, y0: int, x1: int, y1: int) -> np.ndarray:
    """(HEIGHT, WIDTH) bool: a rectangle from (x0, y0) up to (x1, y1) px."""
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[y0:y1, x0:x1] = True
    return mask

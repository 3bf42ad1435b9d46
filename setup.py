"""Collects the core's packages, and the model files, which lie beside the core as Slicer wants them."""

from pathlib import Path

from setuptools import find_packages, setup

SOURCE = "SAMCAUltrasound"
MODELS = f"{SOURCE}/Resources/Models"

packages = find_packages(SOURCE, include=["samca", "samca.*"])
folders = {"": SOURCE}
if Path(MODELS).is_dir():
    packages.append("samca.Resources.Models")
    folders["samca.Resources.Models"] = MODELS

setup(packages=packages, package_dir=folders, package_data={"samca.Resources.Models": ["*"]})

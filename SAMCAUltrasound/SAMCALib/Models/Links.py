"""Addresses of the project, all made from one constant; CMakeLists.txt has the same one."""

REPOSITORY = "OWNER/SlicerSAMCA"
HOMEPAGE = f"https://github.com/{REPOSITORY}"
TUTORIAL = f"{HOMEPAGE}#tutorial"
ISSUES = f"{HOMEPAGE}/issues"

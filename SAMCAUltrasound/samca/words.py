"""Numbers of things and of bytes, in sentences."""


def counted(number: int, thing: str) -> str:
    """ "1 image", "2 images": of a thing whose plural ends in s."""
    return f"{number} {thing}{'s' * (number != 1)}"


def size_text(size: int) -> str:
    """Bytes in words, for instance "375 MB"."""
    for unit, step in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= step:
            return f"{size / step:.3g} {unit}"
    return counted(size, "byte")

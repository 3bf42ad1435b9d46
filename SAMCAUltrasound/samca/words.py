"""Numbers of things in sentences."""


def counted(number: int, thing: str) -> str:
    """ "1 image", "2 images": of a thing whose plural ends in s."""
    return f"{number} {thing}{'s' * (number != 1)}"

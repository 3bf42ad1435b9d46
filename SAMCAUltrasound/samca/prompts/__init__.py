"""What a user points at, and the way from image pixels to the model's."""

from .prompts import Box, Click, Prompts

__all__ = ["Box", "Click", "Prompts"]

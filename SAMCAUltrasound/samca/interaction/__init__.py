"""From an image and its prompts to the mask that is shown; the same for effect and evaluation."""

"""Image files to frames, masks to files, and frames as a person or a worse machine would see them."""

"""What the user pointed at, as points in the scene and as tags of a segment."""

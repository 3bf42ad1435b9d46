"""What is outlined in the scene, for a PACS and for other programs."""

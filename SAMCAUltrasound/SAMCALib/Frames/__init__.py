"""Which image a view or an item shows, as an array, and where its pixels lie."""

"""Sessions of frames that are encoded, the least recently used dropped first, bounded in bytes."""

from __future__ import annotations

from collections import OrderedDict

from samca.interaction.closeups import bytes_of


class EmbeddingCache:
    """key -> session; never more than `limit` bytes, except for the last one, which always stays."""

    def __init__(self, limit: int):
        self.limit = limit
        self.bytes = 0
        self._entries: OrderedDict = OrderedDict()  # key -> (embedding, bytes, group)

    def __contains__(self, key) -> bool:
        return key in self._entries

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key):
        """The embedding, None if it is not there; it counts as just used."""
        if key not in self._entries:
            return None
        self._entries.move_to_end(key)
        return self._entries[key][0]

    def put(self, key, embedding, group: str = "") -> None:
        """Keep this embedding and drop the oldest ones above the limit; `dropGroup` takes its group away."""
        self.drop(key)
        self._entries[key] = (embedding, size := bytes_of(embedding), group)
        self.bytes += size
        while self.bytes > self.limit and len(self._entries) > 1:
            self.drop(next(iter(self._entries)))

    def drop(self, key) -> None:
        """Forget this one, if it is there."""
        self.bytes -= self._entries.pop(key, (None, 0))[1]

    def dropGroup(self, group: str) -> None:
        """Forget all of this group."""
        for key in [key for key, entry in self._entries.items() if entry[2] == group]:
            self.drop(key)

    def clear(self) -> None:
        """Forget all."""
        self._entries.clear()
        self.bytes = 0

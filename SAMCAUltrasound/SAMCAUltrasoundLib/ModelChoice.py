"""The model of the options, loaded; one that cannot be, or is cancelled, is not kept as option."""

from __future__ import annotations


class ModelChoice:
    """options: an EffectOptions; engine: loads what they name, the one before stays in use meanwhile."""

    def __init__(self, options, engine):
        self.options, self.engine, self._requested = options, engine, ""

    def use(self) -> None:
        """Have the chosen model loaded, if it is another one than is in use or asked for already."""
        wanted = self.options.model
        if wanted not in (self.engine.modelName, self._requested):
            self._requested = wanted
            self.engine.useModel(wanted)

    def hasEnded(self) -> bool:
        """Whether a loading has ended since the last call: then the options name the model that is in use."""
        if not self._requested or self.engine.isLoading:
            return False
        self._requested = ""
        self.options.model = self.engine.modelName or self.options.model
        return True

    def forget(self) -> None:
        """Nobody waits for a model here any more."""
        self._requested = ""

"""The effect's options with their types; they live as parameters on the segment editor node."""

from __future__ import annotations

from dataclasses import asdict

from SAMCALib.Segments.MaskLogic import MaskOptions


class Option:
    """One option: its type is that of its default; flags are stored as 0 and 1."""

    def __init__(self, default: str | bool | int | float):
        self.default = default

    def __set_name__(self, owner, name: str):
        self.parameter = name[0].upper() + name[1:]

    def __get__(self, options, owner=None):
        if options is None:
            return self
        host = options.host
        if not host.parameterDefined(self.parameter):  # a node from before this option existed
            return self.default
        if isinstance(self.default, bool):
            return host.integerParameter(self.parameter) != 0
        if isinstance(self.default, int):
            return host.integerParameter(self.parameter)
        if isinstance(self.default, float):
            return host.doubleParameter(self.parameter)
        return host.parameter(self.parameter)

    def __set__(self, options, value) -> None:
        options.host.setParameter(self.parameter, self._stored(value))

    def _stored(self, value):
        return int(value) if isinstance(self.default, bool) else type(self.default)(value)

    def setDefault(self, host) -> None:
        """Tell the host the value of a node that has none."""
        host.setParameterDefault(self.parameter, self._stored(self.default))


class EffectOptions:
    """host: a scriptedEffect; every read and write goes to its parameters."""

    model = Option("shipped")  # what the engine loads: "shipped", an organ, or a path
    largestComponent = Option(True)
    fillHoles = Option(True)
    smoothingMm = Option(0.0)
    drag = Option("box")  # what dragging draws: "box", "stroke" or "lasso"
    hoverPreview = Option(False)
    markUnsure = Option(False)
    encodeAhead = Option(True)
    measure = Option(False)
    neighbours = Option(5)  # frames to each side that the object is carried through

    def __init__(self, host):
        self.host = host

    def setDefaults(self) -> None:
        """Give every option its default where the node has none."""
        for option in vars(type(self)).values():
            if isinstance(option, Option):
                option.setDefault(self.host)

    @property
    def mask(self) -> MaskOptions:
        """What is done to a mask after the model."""
        return MaskOptions(self.largestComponent, self.fillHoles, self.smoothingMm)

    @mask.setter
    def mask(self, options: MaskOptions) -> None:
        for name, value in asdict(options).items():
            if getattr(self, name) != value:
                setattr(self, name, value)

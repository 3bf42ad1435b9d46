"""Scenes of known structures in uniform tissue, for the tests of phantoms and of their loops."""

from dataclasses import replace

from samca.phantoms.scene import Layer, Machine, Scene, Structure, View

UNIFORM = Layer(1, -5, 0, 0, 0, 5, 1, 0, 0, 9, 3, 0.5, 0)
VIEW = View(256, 256, 0.0, 127.5, 40.0, 40.0, 40 / 256)
MACHINE = Machine(0.15, 0.25, 2.5, 2, 60, 128, 0, -200, 1.0, 0, 0.0, 0)
LESION = Structure("benign", 2, 0.0, 14.0, 6.0, 4.0, 0.0, (), (), 0.0, -15.0, 0.0, 0.2, 0.0, 0.0, 0.0)


def scene_with(*structures: Structure, **machine: float) -> Scene:
    """Uniform tissue with these structures, on a machine without loss over depth."""
    return Scene(VIEW, 3, 0.0, 0.0, (UNIFORM,), structures, replace(MACHINE, **machine))

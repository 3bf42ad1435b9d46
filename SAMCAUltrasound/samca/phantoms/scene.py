"""What a simulated frame shows, as frozen data: view, tissue layers, structures, machine and burnt-in marks.

Positions are (x, z) mm: x to the right of the middle beam, z down from where that beam leaves the probe.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class View:
    """Where the scan lies in the frame: `depth_mm` of tissue below (middle_x, top) px in (height, width) px.

    A linear probe is `width_mm` wide. A fan has radius_mm > 0, the probe's radius, and opens half_angle rad
    to each side.
    """

    height: int
    width: int
    top: float
    middle_x: float
    depth_mm: float
    width_mm: float
    spacing_mm: float
    radius_mm: float = 0.0
    half_angle: float = 0.0


@dataclass(frozen=True)
class Layer:
    """Tissue from `top_mm` of depth down to the next layer; levels in dB, scales in mm.

    grain is its irregular echo, streaks its short bright lines, septa are bright curved
    sheets inside it (septa_density: how many lie in parallel), fascia is the sheet on its top.
    """

    seed: int
    top_mm: float
    wave_mm: float
    echo_db: float
    grain_db: float
    grain_x_mm: float
    grain_z_mm: float
    streaks_db: float
    septa_db: float
    septa_x_mm: float
    septa_z_mm: float
    septa_density: float
    fascia_db: float
    absorption_db_per_mm: float = 0.0


@dataclass(frozen=True)
class Structure:
    """A labelled lesion, vessel or nerve: an ellipse (semi-axes a, b mm, turned by `tilt` rad), lobed.

    lobes: (order, amplitude, phase) of r(angle) = 1 + sum(amplitude * cos(order * angle + phase)); spikes:
    (angle, width, length) of spicules, rad and fractions of the radius; warp_mm: how far noise moves the
    border. contrast_db is relative to the tissue around; border_mm its softness; rim_db and halo_db the
    brightness of a thin capsule and of a broad seam; absorption_db_per_mm is positive for a shadow and
    negative for enhancement; fascicles: (x, z, radius) of dark discs, mm from the centre; flecks: (x, z,
    dB) of bright points.
    """

    kind: str
    seed: int
    x_mm: float
    z_mm: float
    a_mm: float
    b_mm: float
    tilt: float
    lobes: tuple[tuple[float, float, float], ...]
    spikes: tuple[tuple[float, float, float], ...]
    warp_mm: float
    contrast_db: float
    grain_db: float
    border_mm: float
    rim_db: float
    halo_db: float
    absorption_db_per_mm: float
    edge_shadow_db: float = 0.0
    fascicles: tuple[tuple[float, float, float], ...] = ()
    flecks: tuple[tuple[float, float, float], ...] = ()


@dataclass(frozen=True)
class Machine:
    """How the scanner makes a picture: point spread function (standard deviations in mm), looks, grey map.

    lateral_growth is the lateral standard deviation at the bottom over that at the top. White lies
    dynamic_range_db above black; `bright` is the grey of the 90th percentile; slope_db the loss of level
    from top to bottom; noise_db electronic noise relative to white; streaks_db the strength of shadows
    below poor contact; smooth_mm the standard deviation of speckle reduction, sharpen the share of edge
    enhancement.
    """

    axial_mm: float
    lateral_mm: float
    lateral_growth: float
    looks: int
    dynamic_range_db: float
    bright: float
    slope_db: float
    noise_db: float
    gamma: float
    streaks_db: float
    smooth_mm: float
    sharpen: float


@dataclass(frozen=True)
class Calliper:
    """Two crosses at (x, y) px, joined by a dotted line."""

    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(frozen=True)
class Text:
    """Burnt-in letters whose upper left corner is (x, y) px, `scale` px a dot."""

    x: int
    y: int
    scale: int
    words: str


@dataclass(frozen=True)
class Scene:
    """Everything that a frame shows; only the speckle is left to chance when it is rendered."""

    view: View
    seed: int
    tilt: float
    warp_mm: float
    layers: tuple[Layer, ...]
    structures: tuple[Structure, ...]
    machine: Machine
    marks: tuple[Calliper | Text, ...] = ()

"""All keys of SAMCA in one table: what each does, which it is at first, and what the user put in its place.

A tool with keys has its lines here, and gives their names with functions to a `Keys` of SAMCAUltrasoundLib.
Keys are written as Qt writes them in English: "N", "Ctrl+Shift+K", "Tab". What the user chooses is kept in
the application's settings.
"""

from __future__ import annotations

from dataclasses import dataclass

from .Texts import Refusal, _

SETTINGS = "SAMCA/Keys/"  # before the name of an action
# The Segment Editor has Y, and one of these, another one on each system.
FIXED = {"Ctrl+Y": "redo", "Ctrl+Shift+Z": "redo"}
OF_EDITOR = ("0", *"123456789zyqwi/*,.<>", "Esc", "Space", "Ctrl+Z", "Del", "Backspace")
OF_VIEWS = (*"bfvrgt[]{}", "Left", "Right", "Up", "Down")

_known: dict[str, str] = {}  # what `keys` says, which status lines ask at every tick


@dataclass(frozen=True)
class KeyAction:
    """name: of the action, for ever; default: its key at first; what: it does, in words."""

    name: str
    default: str
    what: str


def actions() -> tuple[KeyAction, ...]:
    """The table, in the order in which it is shown; a function, because its words are translated."""
    return (
        KeyAction("stroke", "D", _("dragging draws along what belongs to the structure, or a box again")),
        KeyAction("lasso", "X", _("dragging draws around the structure, or a box again")),
        KeyAction("another", "Tab", _("another outline that the first click may mean, and round again")),
        KeyAction("newObject", "N", _("the next click starts another object")),
        KeyAction("useMask", "M", _("what the segment covers becomes a prompt")),
        KeyAction("clear", "C", _("clear this frame")),
        KeyAction("neighbours", "L", _("carry the object to the neighbouring frames")),
        KeyAction("nextUnsure", "Shift+L", _("go to where the object was carried no further")),
        KeyAction("follow", "P", _("let the outline follow an image that changes, or end that")),
        KeyAction("suggest", "S", _("suggest an outline, if the model can")),
        KeyAction("hoverPreview", "H", _("preview under the mouse, on or off")),
        KeyAction("markUnsure", "U", _("mark where the model is not sure, on or off")),
        KeyAction("measure", "A", _("measure the object: its axes and sizes, on or off")),
        KeyAction("nextCase", "J", _("worklist: save, and go to the next case")),
        KeyAction("previousCase", "K", _("worklist: save, and go to the case before")),
        KeyAction("acceptCase", "E", _("worklist: accept the case, and go to the next open one")),
        KeyAction("unsureCase", "O", _("worklist: mark the case as unsure, and go to the next open one")),
    )


def keys() -> dict[str, str]:
    """The key of each action by its name; "" where another action was given it. Read from the settings once,
    and again after `forget`."""
    if not _known:
        _known.update(_inSettings())
    return dict(_known)


def forget() -> None:
    """The settings are others now."""
    _known.clear()


def _inSettings() -> dict[str, str]:
    chosen = {action.name: _chosen(action.name) for action in actions()}
    wanted = {name: key for name, key in chosen.items() if key is not None}
    wanted |= {action.name: action.default for action in actions() if action.name not in wanted}
    given: dict[str, str] = {}
    for name, key in wanted.items():
        given[name] = "" if key in given.values() else key
    return {action.name: given[action.name] for action in actions()}


def change(name: str, key: str) -> None:
    """Give an action another key; Refusal, and nothing changes, for one that is taken."""
    if says := conflictOf(name, key):
        raise Refusal(says)
    default = next(action.default for action in actions() if action.name == name)
    if key == default:
        _settings().remove(SETTINGS + name)
    else:
        _settings().setValue(SETTINGS + name, key)
    forget()


def reset() -> None:
    """Every action has its own key again."""
    for action in actions():
        _settings().remove(SETTINGS + action.name)
    forget()


def conflictOf(name: str, key: str) -> str:
    """Whose key it is already, as a sentence with a way on, "" if it is free."""
    if not key:
        return _("Press the new key in the field first.")
    if ", " in key:
        return _("{key} are several keys: choose one, with Ctrl, Alt or Shift if you like.").format(key=key)
    now = keys()
    for action in actions():
        if action.name != name and now[action.name] == key:
            text = _("{key} is taken ({what}): choose another one, or give that one another key first.")
            return text.format(key=key, what=action.what)
    bare = key.removeprefix("Shift+").lower()
    for owned, owner in ((OF_EDITOR, _("the Segment Editor")), (OF_VIEWS, _("the slice views"))):
        if key in FIXED or bare in {each.lower() for each in owned}:
            return _("{key} is a key of {owner}: choose another one.").format(key=key, owner=owner)
    return ""


def _chosen(name: str) -> str | None:
    """What is in the settings, None without; they may hold anything."""
    settings = _settings()
    value = settings and settings.value(SETTINGS + name)
    return value if isinstance(value, str) else None


def _settings():
    import slicer  # here: the table is also read where there is no Slicer

    application = getattr(slicer, "app", None)  # none in slicer-core
    return application and application.userSettings()

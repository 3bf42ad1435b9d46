"""The Segment Editor effect SAMCA: its widgets and the mouse; SAMCALib.Editing.EditLogic does the work."""

from __future__ import annotations

import contextlib
from pathlib import Path

import qt
import slicer
from SegmentEditorEffects import AbstractScriptedSegmentEditorEffect

from SAMCALib.Editing.ChangeWatch import ChangeWatch
from SAMCALib.Editing.DoubtLogic import DoubtLogic
from SAMCALib.Editing.EditLogic import EditLogic
from SAMCALib.Editing.EditQueue import pictureOf
from SAMCALib.Editing.OptionSteps import OptionSteps
from SAMCALib.Editing.ReasonLogic import ReasonLogic
from SAMCALib.Editing.StatusLogic import StatusLogic
from SAMCALib.Editing.TargetLogic import TargetLogic, isAvailable
from SAMCALib.Models.InstallLogic import InstallLogic, State, Status
from SAMCALib.Models.ModelLogic import ModelLogic
from SAMCALib.Texts import _, explained

from . import Keys
from .DrawTool import DrawTool
from .EffectOptions import EffectOptions
from .EffectPanel import EffectPanel
from .HelpText import helpText
from .LookedAtView import LookedAtView
from .LoopTool import LoopTool
from .MeasureTool import MeasureTool
from .ModelChoice import ModelChoice
from .Mouse import Mouse
from .PointMenu import offerDeletionOnly
from .Question import ask, askForModelFile
from .SlicersUndo import SlicersUndo
from .SliceShapes import SliceShapes
from .TargetTool import TargetTool
from .Ticker import YIELD_SECONDS, Ticker

ICON = Path(__file__).resolve().parent.parent / "Resources" / "Icons" / "SAMCAEffect.png"


class SegmentEditorEffect(AbstractScriptedSegmentEditorEffect):
    """One instance for each editor widget, and a prototype that is only cloned."""

    def __init__(self, scriptedEffect):
        scriptedEffect.name = "SAMCA"  # never translated: effects are found and parameters called by it
        scriptedEffect.title = _("SAMCA")
        scriptedEffect.perSegment = True
        scriptedEffect.requireSegments = False  # the first click makes a segment
        AbstractScriptedSegmentEditorEffect.__init__(self, scriptedEffect)
        self.options = EffectOptions(scriptedEffect)
        self.edit, self.target = EditLogic(scriptedEffect), TargetLogic()
        self.doubt, self.model = DoubtLogic(self.edit), ModelChoice(self.options, self.edit.engine)
        self.optionSteps = OptionSteps(self.edit)
        self.status, self.reasons = StatusLogic(self.edit, self.doubt), ReasonLogic(self.edit)
        self.edit.points.onNode = offerDeletionOnly
        self.watch = ChangeWatch(scriptedEffect, self.edit.points, self.wake)
        self.installation, self.models = InstallLogic(), ModelLogic()
        self.view, self.mouse = LookedAtView(scriptedEffect), Mouse(self)
        self.shapes, self.undo = SliceShapes(scriptedEffect, self.view), SlicersUndo(scriptedEffect)
        self.measure, self.words, self.draw = MeasureTool(self), TargetTool(self), DrawTool(self)
        self.loops = LoopTool(self)
        self.panel = self.timer = self.keys = None
        self._forget()

    def clone(self):
        """Another instance, for another editor widget."""
        import qSlicerSegmentationsEditorEffectsPythonQt as effects

        clonedEffect = effects.qSlicerSegmentEditorScriptedEffect(None)
        clonedEffect.setPythonSource(__file__.replace("\\", "/"))
        return clonedEffect

    def icon(self):
        """For the button of the effect."""
        return qt.QIcon(str(ICON))

    def helpText(self):
        """Shown above the options."""
        return helpText()

    def createCursor(self, viewWidget):
        """A cross: the effect's icon would hide what is clicked on."""
        return qt.QCursor(qt.Qt.CrossCursor)

    def setMRMLDefaults(self):
        """Called by the host for every new editor node."""
        self.options.setDefaults()

    # Life

    def setupOptionsFrame(self):
        """Make the widgets, once for each instance."""
        actions = {
            "suggest": lambda: self.apply(lambda frame: self.edit.suggest(frame, self.panel.chosenClass)),
            "suggestAll": lambda: self.apply(self.words.suggestAll),
            "findTarget": self.words.find,
            "stroke": self.draw.toggleStroke,
            "lasso": self.draw.toggleLasso,
            "another": lambda: self.apply(self.edit.another),
            "newObject": lambda: self.apply(self.edit.newObject),
            "useMask": lambda: self.apply(self.edit.useMask),
            "clear": lambda: self.apply(self.edit.clear),
            **self.loops.actions,
            "takePoints": self.takePoints,
            "takeBack": self.takeBack,
            "turn": self.turn,
            "startAnew": lambda: self.apply(self.edit.startAnew),
            "setup": lambda: slicer.util.selectModule("SAMCAUltrasound"),
            "cancel": self.cancel,
            "modelFile": self.addModelFile,
            "hoverPreview": lambda: self.toggle("hoverPreview"),
            "markUnsure": lambda: self.toggle("markUnsure"),
            "measure": lambda: self.toggle("measure"),
            "holdFrame": self.measure.hold,
            "sizesTable": self.measure.table,
            "sizesChart": self.measure.chart,
            "redo": self.undo.redo,
        }
        self.keys = Keys.Keys(actions)
        self.panel = EffectPanel(self.options, actions, self.updateMRMLFromGUI)
        self.scriptedEffect.addOptionsWidget(self.panel.widget)
        self.timer = Ticker(self.tick)
        self.edit.engine.listen(self.wake)

    def activate(self):
        """Start looking: points, engine, keys."""
        self._forget()
        self._isActive, self._setup = True, self.installation.status()
        self.edit.activate()
        self.panel.showModels(self.models.models())
        self.panel.showTarget(isAvailable())
        self.keys.take(slicer.util.mainWindow())
        self._useOptions()
        self.showStatus()
        self.timer.start()

    def deactivate(self):
        """Leave no timer, key, line, point or request behind."""
        if self.timer:
            self.timer.stop()
            self.keys.giveBack()
        self.shapes.hide()
        self._letGo()

    def _letGo(self) -> None:
        """Nobody works with this instance now: the engine and the scene keep nothing of it."""
        self.watch.stop()
        self.target.forget()
        self.doubt.forget()
        self.measure.sizes.leave()
        self.edit.deactivate()
        self.undo.forget()
        self._forget()

    def cleanup(self):
        """Called before the instance is freed, even while it is active."""
        if self._isActive:
            self._letGo()
        if self.timer:
            self.timer.cleanup()
            self.keys.giveBack()
            self.panel.disconnect()
            self.timer = self.panel = self.keys = None

    def updateGUIFromMRML(self):
        """The options changed in MRML, by us, by undo of a scene or by a script."""
        if self.panel:
            self.panel.show()
            self._useOptions()

    def updateMRMLFromGUI(self):
        """The panel has stored what the user chose."""
        self._useOptions()

    def interactionNodeModified(self, interactionNode):
        """Stay active when points are placed: the default would close the effect."""

    # Views

    def sourceVolumeNodeChanged(self):
        """Look anew which frame is shown."""
        self.view.isOld = True
        self.wake()

    def processViewNodeEvents(self, callerViewNode, eventId, viewWidget):
        """A view was scrolled, zoomed or turned."""
        self.view.isOld = True
        self.wake()
        if not self.mouse.isDown:
            self.shapes.hide()

    def layoutChanged(self):
        """Views come and go; those that went took their line with them."""
        self.view.forget()
        self.mouse.forget()
        self.shapes.forget()
        Keys.renew()  # some of them live in the views
        self.wake()

    def processInteractionEvents(self, callerInteractor, eventId, viewWidget):
        """True where the event is ours."""
        return self.mouse.process(callerInteractor, eventId, viewWidget)

    # Actions

    def apply(self, action) -> None:
        """Run action(frame) on the frame that is looked at; a refusal becomes the status line."""
        if not self._canWork():
            self.showStatus()
            return
        with self.telling():
            frame, self.status.view = self.view.frame(), ""
            if self._isSegmentVisible():
                action(frame)
                self.edit.answer()
        self._isStatusOld = True
        self.showStatus()

    def takePoints(self) -> None:
        """An object from the fiducial list that is chosen in the panel."""
        points = self.panel.chosenPoints
        if points is None:
            self.tell(_("Choose a list of points first."))
        else:
            self.apply(lambda frame: self.edit.takeFiducials(frame, points))

    def takeBack(self) -> None:
        """Undo what was done last in this loop; offered where Slicer's own Undo cannot."""
        with self.telling():
            self.status.say(self.edit.steps.takeBack())
        self._isStatusOld = True

    def cancel(self) -> None:
        """Stop what goes on."""
        self.edit.cancel()
        self.target.forget()
        self.measure.cancel()
        self.tell("")

    def turn(self) -> None:
        """Turn the view that is looked at to the volume's nearest frame."""
        with self.telling():
            self.view.turn()

    def toggle(self, option: str) -> None:
        """Switch an option on or off by its key."""
        setattr(self.options, option, not getattr(self.options, option))
        self.updateGUIFromMRML()

    def addModelFile(self) -> None:
        """Offer a file as model, and use it."""
        path = askForModelFile()
        if path:
            with self.telling():
                self.options.model = self.models.add(path, ask).source
            self.panel.showModels(self.models.models())
            self._useOptions()
            self.showStatus()

    # The timer

    def wake(self) -> None:
        """Something has happened in views, scene or engine."""
        self.timer and self.timer.wake()

    def tick(self) -> float | None:
        """Follow the view, the mouse and the engine; see Ticker for what is returned."""
        if self.scriptedEffect.parameterSetNode() is None:  # the scene was closed
            return None
        wasBusy = self._isBusy  # before answers are taken
        steps = self._follow, self.mouse.hover, self._checkModel, self.words.follow, self._poll
        for step in (*steps, self.measure.follow):
            with self.telling(anew=False):
                step()
        if (hasChanged := self._isStatusOld) or self.status.isOver:
            self.showStatus()
        self._isStatusOld = self.edit.engine.isBusy or self.doubt.isWaiting
        self.watch.follow()
        return 0 if wasBusy or hasChanged else self.status.secondsLeft

    def _follow(self) -> None:
        """Work on the frame that the view shows now, or on none."""
        if not self.view.isOld or self.mouse.isDown:
            return
        frame, self._isStatusOld, self.status.view = None, True, ""
        try:
            frame = self.view.frame()
        except Exception as error:
            self.status.view = explained(error)
        if frame != self.edit.frame:
            self.status.say("")
        self.edit.setFrame(frame)

    def _poll(self) -> None:
        """Take the engine's answers, and show what has changed."""
        hadFrame = self.edit.frame is not None
        self._isStatusOld = self.edit.answer(YIELD_SECONDS) or self._isStatusOld
        self.view.isOld |= hadFrame and self.edit.frame is None  # to say why
        self._followOptions()
        self.panel.showReasons({"takeBack": self.reasons.againstTakeBack(self.undo.works)})
        if self._isStatusOld:
            self.doubt.follow()
            if not self.mouse.isDown:
                self.shapes.show(self.edit, self.doubt.marks)

    def _followOptions(self) -> None:
        """Show the options as they were before the step that was undone."""
        if (options := self.optionSteps.undone(self.options.mask)) is None:
            return
        self._isFollowing = True  # one is set after the other: none of the states between is to be computed
        try:
            self.options.mask = options
        finally:
            self._isFollowing = False
        self.updateGUIFromMRML()

    def _useOptions(self) -> None:
        """Tell logic and engine what the options say."""
        if self._isFollowing:
            return
        self.edit.encodeAhead = self.options.encodeAhead
        self.edit.useOptions(self.options.mask)
        self.doubt.isMarking, self._isStatusOld = self.options.markUnsure, True
        self.wake()
        if self._isActive and self._setup.ready:
            self.model.use()

    def _checkModel(self) -> None:
        """Encode with a model that has come into use; show the one before if it has not."""
        if self.model.hasEnded():
            self.panel.showModels(self.models.models())
            if self.edit.engine.modelName and self.edit.frame is not None:
                self.edit.engine.encode(self.edit, pictureOf(self.edit.frame))

    # What is shown

    def _canWork(self) -> bool:
        """Whether clicks can be answered: everything is installed, now at the latest."""
        if not self._setup.ready:
            self._setup = self.installation.status()
        if not self.edit.engine.hasModel:  # none was installed before, or its loading was cancelled
            self._useOptions()
        return self._setup.ready or self.edit.engine.hasModel

    @property
    def _isBusy(self) -> bool:
        edit = self.edit
        return edit.engine.isBusy or edit.isGoingOn or self.target.isSearching or self.measure.isBusy

    def _isSegmentVisible(self) -> bool:
        """Slicer asks the user if a hidden segment is about to be changed."""
        if not self.scriptedEffect.parameterSetNode().GetSelectedSegmentID():
            return True
        return self.scriptedEffect.confirmCurrentSegmentVisible() != 0

    @contextlib.contextmanager
    def telling(self, anew: bool = True):
        """Whatever is raised inside is said in the status line; anew: what was said before is over."""
        if anew:
            self.status.say("")
            self.wake()
        try:
            yield
        except Exception as error:
            self.status.say(explained(error))
            self._isStatusOld = True

    def tell(self, text: str) -> None:
        """Say this in the status line, for a while."""
        self.status.say(text)
        self.wake()
        self.showStatus()

    def showStatus(self) -> None:
        """The status line, and what the panel offers."""
        status, engine = self.status, self.edit.engine
        status.instead = "" if self._setup.ready or engine.hasModel else self._setup.text
        self.panel.showStatus(status.text, status.details)
        self.panel.showEngine(engine.runsOn)
        self.panel.showHelp(
            turn=self.view.canTurn,
            startAnew=bool(self.edit.problem),
            setup=not self._setup.ready,
            cancel=self._isBusy or self.edit.isFollowing,
        )
        self.panel.showFollowing(self.edit.isFollowing)
        self.panel.showSuggestions(engine.suggests)
        self.panel.showReasons(self.reasons.reasons(status.instead or status.view or self.edit.problem))

    def _forget(self) -> None:
        self.status.forget()
        self.optionSteps.forget()
        self.model.forget()
        self._isStatusOld, self._isActive, self._isFollowing = True, False, False
        self._setup = Status(State.READY, "")
        self.view.forget()
        self.mouse.forget()

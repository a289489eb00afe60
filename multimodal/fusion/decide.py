"""When something is decided: a held sign, the expression around it, perhaps a second sign, and nothing said twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from pydantic import Field, field_validator

from multimodal.config import Config
from multimodal.fusion.lexicon import Lexicon
from multimodal.fusion.vote import REST, Held, Vote
from multimodal.results import GESTURES, Decision, ExpressionResult, GestureResult, Hand


class DecisionConfig(Config):
    """Timing and thresholds of decisions.

    Attributes:
        dwell_ms: How long a sign must be held before it counts.
        vote_share: Share of the frames in that time that must show it.
        release_ms: How long a sign must be gone before showing it again is a new sign.
        memory_ms: How long before the sign began an expression may have ended, to belong to it.
        grace_ms: How long a held sign waits for an expression that goes on with it, before it is decided on.
        cooldown_ms: How long the same sentence is not said again.
        min_gesture: Probability of the sign under which the answer is "not sure".
        min_affect: Probability of the affect under which it is left out: the sign's plain meaning is said.
        min_confidence: Probability that sign and affect are both right under which the affect is left out; and of the
            sign alone under which the answer is "not sure".
        confirm: A sign that confirms: nothing is said before it was shown after the sign that is meant, and by itself
            it says nothing. None: what is sure is said.
        confirm_ms: How long a sentence waits to be confirmed.
        gap_ms: A jump in time longer than this forgets what was seen.
    """

    dwell_ms: float = Field(default=400, ge=0)
    vote_share: float = Field(default=0.6, gt=0.5, le=1)
    release_ms: float = Field(default=300, ge=0)
    memory_ms: float = Field(default=800, ge=0)
    grace_ms: float = Field(default=500, ge=0)
    cooldown_ms: float = Field(default=3000, ge=0)
    min_gesture: float = Field(default=0.5, ge=0, le=1)
    min_affect: float = Field(default=0.6, ge=0, le=1)
    min_confidence: float = Field(default=0.0, ge=0, le=1)
    confirm: str | None = None
    confirm_ms: float = Field(default=5000, gt=0)
    gap_ms: float = Field(default=1000, gt=0)

    @field_validator("confirm")
    @classmethod
    def _known(cls, confirm: str | None) -> str | None:
        if confirm is not None and (confirm not in GESTURES or confirm == REST):
            raise ValueError(f"unknown sign {confirm!r}, known are {', '.join(GESTURES[:-1])}")
        return confirm


@dataclass(frozen=True)
class Meaning:
    """What the fusion head makes of one pair; the fields are those of ``Decision``.

    Attributes:
        gesture: The sign, and gesture_probability: how probable, 0 to 1.
        affect: One of ``EXPRESSIONS`` or ``none``, and affect_probability: how probable, 0 to 1 (1 for none).
        weights: How far each channel was listened to.
    """

    gesture: str
    gesture_probability: float
    affect: str
    affect_probability: float
    weights: dict[str, float]


Fuse = Callable[[Hand, ExpressionResult | None], Meaning]


class Decider:
    """Turns a stream of signs and expressions into decisions.

    Args:
        config: Timing and thresholds.
        fuse: What both channels together mean (the fusion head).
        lexicon: The sentences.
    """

    def __init__(self, config: DecisionConfig, fuse: Fuse, lexicon: Lexicon) -> None:
        self.config, self.lexicon, self._fuse = config, lexicon, fuse
        self._vote = Vote(config.dwell_ms, config.vote_share, config.release_ms)
        self._said: dict[str, float] = {}
        self.reset()

    def reset(self) -> None:
        """Forget what was seen, but not what was said."""
        self._vote.reset()
        self._expression: ExpressionResult | None = None
        self._answered: tuple[float, bool] | None = None
        self._asked: Decision | None = None
        self._last_ms: float | None = None

    def push(self, t_ms: float, gesture: GestureResult, expression: ExpressionResult | None) -> Decision | None:
        """Take one frame's results; return a decision in the one frame in which it is made.

        Args:
            t_ms: The frame's time.
            gesture: Its hands.
            expression: An expression that was spotted in this frame, if any.
        """
        if self._last_ms is not None and not 0 <= t_ms - self._last_ms <= self.config.gap_ms:
            self.reset()
        self._last_ms = t_ms
        if expression is not None and expression.affect != "none":
            self._expression = expression
        held = self._vote.push(t_ms, gesture.hands[0] if gesture.hands else None)
        if held is None or not self._due(t_ms, held):
            return None
        return self._answer(t_ms, held)

    def single(self, t_ms: float, gesture: GestureResult) -> Decision | None:
        """Decide on one picture that stands for itself: no dwell, no expression, no cool-down."""
        hand = gesture.hands[0] if gesture.hands else None
        if hand is None or hand.gesture == REST:
            return None
        return self._decision(t_ms, self._fuse(hand, None))

    def _due(self, t_ms: float, held: Held) -> bool:
        if self._answered is not None and self._answered[0] == held.since_ms and self._answered[1]:
            return False
        # An expression from before the sign may yet be followed by one with it: only the latter is not waited for.
        together = self._near(held, 0.0) is not None
        return together or t_ms - held.since_ms >= self.config.grace_ms

    def _near(self, held: Held, before_ms: float) -> ExpressionResult | None:
        seen = self._expression
        return seen if seen is not None and seen.offset_ms >= held.begun_ms - before_ms else None

    def _answer(self, t_ms: float, held: Held) -> Decision | None:
        decision = self._decision(t_ms, self._fuse(held.hand, self._near(held, self.config.memory_ms)))
        first = self._answered is None or self._answered[0] != held.since_ms
        if decision is None or not (decision.sure or first):
            return None
        self._answered = (held.since_ms, decision.sure)
        if not decision.sure:
            return decision
        return self._say(t_ms, decision) if self.config.confirm is None else self._ask(t_ms, decision)

    def _ask(self, t_ms: float, decision: Decision) -> Decision | None:
        """Hold a sentence back until the confirming sign is shown, and let that sign free it."""
        asked, self._asked = self._asked, None
        if decision.gesture != self.config.confirm:
            self._asked, self._expression = decision, None
            return replace(decision, sure=False, asks=True)
        if asked is None or t_ms - asked.t_ms > self.config.confirm_ms:
            return None
        return self._say(t_ms, replace(asked, t_ms=t_ms))

    def _say(self, t_ms: float, decision: Decision) -> Decision | None:
        # What lies ahead was said before the clock started anew: in another source.
        cooling = {said: at for said, at in self._said.items() if 0 <= t_ms - at < self.config.cooldown_ms}
        self._said = cooling
        if str(decision.sentence) in cooling:
            return None
        cooling[str(decision.sentence)] = t_ms
        self._expression = None
        return decision

    def _decision(self, t_ms: float, meaning: Meaning) -> Decision | None:
        both = meaning.gesture_probability * meaning.affect_probability
        use_affect = meaning.affect_probability >= self.config.min_affect and both >= self.config.min_confidence
        affect = meaning.affect if use_affect else "none"
        sentence = self.lexicon.sentence(meaning.gesture, affect)
        confidence = both if use_affect else meaning.gesture_probability
        least = max(self.config.min_gesture, self.config.min_confidence)
        sure = meaning.gesture_probability >= least and sentence is not None
        if meaning.gesture == REST:
            return None
        return Decision(t_ms, meaning.gesture, affect, confidence, sure, sentence, meaning.weights)

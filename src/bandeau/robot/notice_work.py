"""Works a consent notice as a visitor's hand does, and believes only what is then seen.

Clicks are counted from an undisturbed page, by a search over the layers: breadth first, so that the
count is what a person needs. Where a branch leads nowhere the page is loaded again, and the next
one walked from its beginning.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from bandeau import limits
from bandeau.audit.believing import Action, Belief, State, believed
from bandeau.audit.shown import NO_WAY_BACK, RULES, Choosing, Control, Notice, Role
from bandeau.robot.notice_page import has_switches, read_page, way_to_policy, ways_back
from bandeau.robot.notice_press import ACT_SECONDS, press, taken_back
from bandeau.robot.notice_rules import ORDERS, by_rules
from bandeau.robot.notice_sight import Sight, look
from bandeau.robot.notice_state import read_state
from bandeau.robot.pipe import CallFailed
from bandeau.robot.window import Window
from bandeau.robot.wordings import wording

_WANTED = {
    Action.ACCEPT_ALL: Role.ACCEPT,
    Action.REFUSE_ALL: Role.REFUSE,
    Action.WITHDRAW: Role.REFUSE,
    Action.SAVE: Role.SAVE,
}
_OPENING = (Role.CUSTOMISE, Role.PARTNERS, Role.POLICY)
_ROUNDS = 2
Person = Callable[[Action, str], Awaitable[None]]
"""Is told what to choose, and which purpose alone; returns when done, or raises TimeoutError."""


@dataclass(frozen=True, slots=True)
class Worked:
    """A choice that was tried: how, what stood there before, and what the site says after.

    ``panel`` is the deepest layer that was opened on the way.
    """

    choosing: Choosing
    notice: Notice | None
    panel: Notice | None
    before: State
    after: State


async def choose(
    tab: Window,
    action: Action,
    *,
    purpose: str = "",
    now: Callable[[], float] = lambda: 0.0,
    person: Person | None = None,
) -> Worked:
    """Make a choice on the page that stands there, and load it again to see whether it holds.

    ``purpose`` is a key or a word of what ``ONLY`` allows. With ``person`` someone else chooses:
    the call waits for it, and clicks are not counted. ``now`` is the clock of the run, on which
    the last click counts: until then the former choice is in force.
    """
    worked = await _tried(tab, _Walk(tab, action, purpose, now), purpose, person)
    if person is None and action is not Action.CLOSE and _unheard(worked):
        # A busy page can lose a click, and a visitor would press again.
        return await _tried(tab, _Walk(tab, action, purpose, now), purpose, None)
    return worked


def _unheard(worked: Worked) -> bool:
    """Whether something was pressed, and all is as it was before."""
    made, before, after = worked.choosing, worked.before, worked.after
    unmoved = after.asking and (before.told, before.tcf) == (after.told, after.tcf)
    return not made.done and made.clicks > 0 and unmoved


async def _tried(tab: Window, walk: _Walk, purpose: str, person: Person | None) -> Worked:
    before = await _state(tab, asking=False)
    if person is not None:
        reached, by = await walk.left_to(person), "person"
    else:
        reached = await walk.search()
        by = "bandeau" if walk.ours else "words"
        if reached < 0 and not walk.ours and (worked := await _ruled(tab, walk)):
            return worked
    belief, after = await _judged(tab, walk, before, reached)
    named = f"{walk.action.value} {purpose}".strip()
    choosing = Choosing(named, by, max(reached, 0), belief.done, belief.proof, walk.pressed)
    return Worked(choosing, walk.first.notice, walk.panel, before, after)


async def _ruled(tab: Window, walk: _Walk) -> Worked | None:
    """The choice made by the rules for known tools; ``None`` where they know no notice here."""
    if walk.action not in ORDERS:
        return None
    await tab.reload(ACT_SECONDS)
    if walk.action is Action.WITHDRAW and not await walk.led_back():
        return None
    before = await _state(tab, asking=True)
    began = walk.now()
    ruled = await by_rules(tab, walk.action)
    if not ruled.rule:
        return None
    await tab.settle(ACT_SECONDS)
    after = await _state(tab, asking=False)
    await tab.reload(ACT_SECONDS)
    asking = bool((await by_rules(tab, None)).rule)
    if walk.first.notice is not None:
        asking = asking or (await look(tab, within=1.0)).notice is not None
    later = await _state(tab, asking=asking)
    belief = believed(walk.action, before, after, later)
    by = f"{RULES}:{ruled.rule}"
    choosing = Choosing(walk.action.value, by, ruled.clicks, belief.done, belief.proof, began)
    return Worked(choosing, walk.first.notice, walk.panel, before, later)


async def _judged(tab: Window, walk: _Walk, before: State, reached: int) -> tuple[Belief, State]:
    if reached < 0:
        return Belief(False, walk.failure), await _state(tab, asking=walk.first.notice is not None)
    sight = await look(tab, within=1.0)
    after = await _state(tab, asking=sight.notice is not None)
    await tab.reload()
    again = await look(tab, within=1.5)
    later = await _state(tab, asking=again.notice is not None)
    taken = walk.plain and (not after.asking or walk.loaded)
    belief = believed(walk.action, before, after, later, walk.matches, taken=taken)
    return belief, later


async def _state(tab: Window, *, asking: bool) -> State:
    page = await read_page(tab)
    return await read_state(tab, asking=asking, ours=bool(page.band))


class _Walk:
    """A search through the layers of one notice. ``first`` is what stood there undisturbed.

    ``pressed`` is when something was pressed last that makes the choice.
    ``plain``: a control was pressed whose words say what was wanted; ``loaded``: that loaded the
    page anew.
    """

    def __init__(self, tab: Window, action: Action, purpose: str, now: Callable[[], float]) -> None:
        self.action = action
        self.first = Sight()
        self.panel: Notice | None = None
        self.failure = "no control for it was found"
        self.plain = False
        self.loaded = False
        self.now = now
        self.pressed = now()
        self._tab = tab
        self._purpose = purpose
        self._led = 0
        self._here: tuple[int, ...] | None = None
        self._now = Sight()

    @property
    def ours(self) -> bool:
        """Whether the notice is Bandeau's own."""
        notice = self.first.notice
        return notice is not None and notice.tool == "bandeau"

    def matches(self, key: str) -> bool:
        """Whether a purpose, by its key or its words, is the one that is to be allowed."""
        wanted = self._purpose.lower()
        if not wanted:
            return False
        said = key.lower()
        return wanted in said or (wording().purpose(said) or said) == (
            wording().purpose(wanted) or wanted
        )

    async def search(self) -> int:
        """The clicks that it took, or -1 where no way led there."""
        if self.action is Action.WITHDRAW and await taken_back(self._tab):
            self.pressed, self.plain = self.now(), True
            return 1
        ways: deque[tuple[int, ...]] = deque([()])
        for _ in range(limits.AUDIT_NOTICE_TRIES):
            if not ways:
                break
            way = ways.popleft()
            sight = await self._at(way)
            if sight.notice is None:
                continue
            clicks = await self._finish(sight, len(way))
            if clicks:
                return len(way) + clicks + self._before
            if len(way) + 1 < limits.AUDIT_NOTICE_LAYERS:
                ways.extend((*way, each) for each in _openers(sight))
        return -1

    @property
    def _before(self) -> int:
        return 1 + self._led if self.action is Action.WITHDRAW else 0

    async def _at(self, way: tuple[int, ...]) -> Sight:
        """What stands there once ``way`` was walked; nothing where it changed nothing."""
        if self._here is None or way[:-1] != self._here or not way:
            await self._begin(again=self._here is not None)
            for step in way[:-1]:
                await self._open(step)
        if way:
            former = self._now
            await self._open(way[-1])
            if _same(former, self._now):
                return Sight()
            self.panel = self._now.notice or self.panel
        self._here = way
        return self._now

    async def _begin(self, *, again: bool) -> None:
        if again:
            await self._tab.reload()
        if self.action is Action.WITHDRAW:
            self._now = await self._reopened()
            self.panel = self._now.notice or self.panel
        else:
            self._now = await look(self._tab)
        if not again:
            self.first = self._now
        if self._now.notice is None and not again and self.action is not Action.WITHDRAW:
            self.failure = "no notice stood there"

    async def left_to(self, person: Person) -> int:
        """No clicks, since nobody counted them, or -1 where nobody chose."""
        self.first = await look(self._tab)
        try:
            await person(self.action, self._purpose)
        except TimeoutError:
            self.failure = "nobody chose in time"
            return -1
        self.pressed = self.now()
        await self._tab.settle(ACT_SECONDS)
        return 0

    async def led_back(self) -> bool:
        """Whether a control could be pressed that leads back to the choices."""
        await look(self._tab, first=False, within=0)
        ways = (await ways_back(self._tab))[:1]
        return bool(ways) and not await press(self._tab, ways[0].world, ways[0].index)

    async def _reopened(self) -> Sight:
        """The choices, opened again: from the page, else from the one that tells of privacy."""
        self.failure = NO_WAY_BACK
        ways = await ways_back(self._tab, policy=bool(self._led))
        if not ways and not self._led and (policy := await way_to_policy(self._tab)):
            if await press(self._tab, policy.world, policy.index):
                return Sight()
            self._led = 1
            await look(self._tab, first=False, within=0)
            ways = await ways_back(self._tab, policy=True)
        for at in ways[:3]:
            began = await _loaded_at(self._tab)
            if why := await press(self._tab, at.world, at.index):
                self.failure = f"what leads back to the choices could not be pressed: {why}"
                continue
            sight = await look(self._tab, first=False)
            if sight.notice is not None:
                self.failure = "the choices could be opened again, but not refused"
                return sight
            elsewhere = await _loaded_at(self._tab) != began
            if not elsewhere or await has_switches(self._tab):
                self.failure = "what leads back to the choices opened nothing that was understood"
        return Sight()

    async def _open(self, step: int) -> None:
        if self._now.world is not None:
            await press(self._tab, self._now.world, step)
        layer = 1 + (self._now.notice.layer if self._now.notice else 1)
        self._now = await look(self._tab, first=False, layer=layer)

    async def _finish(self, sight: Sight, depth: int) -> int:
        """The clicks that made the choice on this layer, or 0 where it cannot be made here."""
        if self.action is Action.CLOSE:
            return await self._close(sight)
        role = _WANTED.get(self.action)
        if role is not None and (found := sight.indexes(role)):
            began = await _loaded_at(self._tab)
            clicks = await self._press(sight, _best(sight, found))
            self.plain, self.loaded = bool(clicks), await _loaded_at(self._tab) != began
            return clicks + (await self._saved(sight) if clicks else 0)
        if self.action is Action.SAVE or sight.notice is None:
            return 0
        return await self._by_switches(sight, depth)

    async def _close(self, sight: Sight) -> int:
        found = sight.indexes(Role.CLOSE)
        if found:
            return await self._press(sight, found[0])
        self.pressed = self.now()
        await self._tab.press("Escape")
        await self._tab.settle(ACT_SECONDS)
        return 1

    async def _press(self, sight: Sight, at: int) -> int:
        self.pressed = self.now()
        why = await press(self._tab, sight.world, at)
        if why:
            self.failure = f"its control could not be pressed: {why}"
            return 0
        return 1

    async def _saved(self, sight: Sight) -> int:
        """One more click where "all" only set the switches of a panel that must be saved.

        What loads the page anew did more than that.
        """
        if self.action is Action.SAVE or self.loaded or not sight.indexes(Role.SAVE):
            return 0
        still = await look(self._tab, first=False, within=0.6)
        ends = still.indexes(Role.SAVE)
        return await self._press(still, ends[0]) if ends else 0

    async def _by_switches(self, sight: Sight, depth: int) -> int:
        """Set every switch and save; a panel without switches is saved as it is, to refuse."""
        ends = sight.indexes(Role.SAVE) or (sight.indexes(Role.CLOSE) if depth else [])
        switches = sight.indexes(Role.TOGGLE)
        if not ends or (not switches and (self.action is Action.ACCEPT_ALL or not depth)):
            return 0
        controls = sight.notice.controls if sight.notice else ()
        if self.action is Action.ONLY and not any(self._wanted(controls[at]) for at in switches):
            return 0
        clicks, seen = await self._set(sight, switches[: limits.AUDIT_NOTICE_SWITCHES])
        return clicks + await self._press(seen, ends[0])

    async def _set(self, seen: Sight, switches: list[int]) -> tuple[int, Sight]:
        """Set each switch once, and what is to be allowed again where another took it back.

        A switch that stood right at first follows others: one for all shows that one is on.
        """
        controls = seen.notice.controls if seen.notice else ()
        done = {at for at in switches if controls[at].checked is self._wanted(controls[at])}
        clicks = 0
        for at in switches * _ROUNDS:
            control = seen.notice.controls[at] if seen.notice else controls[at]
            wanted = self._wanted(control)
            if control.checked is not wanted and (wanted or at not in done):
                clicks += await self._press(seen, self._side(seen, at))
                seen = await self._as_set(seen)
            done.add(at)
        return clicks, seen

    async def _as_set(self, former: Sight) -> Sight:
        """The panel once a switch was set, which may have moved others: one for all follows them.

        Where it looks otherwise now, what was seen before stays.
        """
        now = await look(self._tab, first=False, within=0)
        return now if _labels(now) == _labels(former) else former

    def _wanted(self, control: Control) -> bool:
        if self.action is Action.ONLY:
            return self.matches(control.purpose) or self.matches(control.label)
        return self.action is Action.ACCEPT_ALL

    def _side(self, sight: Sight, at: int) -> int:
        """The control to press: of a pair that says yes and no, the one that is wanted."""
        controls = sight.notice.controls if sight.notice else ()
        if self._wanted(controls[at]):
            return at
        return next((no for no in sorted(sight.negative) if no > at and no - at == 1), at)


async def _loaded_at(tab: Window) -> object:
    """When the page that stands there was asked for; nothing where it cannot be told."""
    with suppress(CallFailed):
        return await (await tab.worlds())[0].evaluate("() => performance.timeOrigin")
    return None


def _openers(sight: Sight) -> list[int]:
    controls = sight.notice.controls if sight.notice else ()
    found = [at for role in _OPENING for at in sight.indexes(role) if at not in sight.leading]
    return [at for at in found if controls[at].role is not Role.TOGGLE][:4]


def _best(sight: Sight, found: list[int]) -> int:
    """Among controls of one role the one for everything, not that of a single purpose."""
    controls = sight.notice.controls if sight.notice else ()
    return max(found, key=lambda at: (not controls[at].purpose, controls[at].box.width > 0, -at))


def _same(one: Sight, other: Sight) -> bool:
    if one.notice is None or other.notice is None:
        return one.notice is other.notice
    return one.notice.text == other.notice.text and _labels(one) == _labels(other)


def _labels(sight: Sight) -> list[str]:
    return [each.label for each in sight.notice.controls] if sight.notice else []

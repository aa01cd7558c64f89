"""A run on a terminal that a test plays: what is kept of it, and where it ends."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from bandeau.audit.evidence import Cookie, Phase, Read, Request, Setting, Stored, Write
from bandeau.audit.running import Ran, Tour, can, carry_out, offered
from bandeau.audit.scenario import Options, Planned, PlannedRun, first_run, runs_beside
from bandeau.audit.shown import Box, Choosing, Control, Notice, Reach, Role, Visit
from bandeau.audit.terminal import Standing, TerminalLost

HOME = "https://www.site.test/"


def control(role: Role, label: str, purpose: str = "") -> Control:
    box = Box(0, 0, 100, 40)
    white = (255, 255, 255)
    return Control(
        role, label, "button", box, 16, 400, (0, 0, 0), white, True, 21.0, purpose=purpose
    )


FIRST = (control(Role.ACCEPT, "Accept"), control(Role.CUSTOMISE, "Choose"))
SECOND = (control(Role.TOGGLE, "Ads", "advertising"), control(Role.SAVE, "Save"))


@dataclass
class Played:
    """A site with one notice; ``done`` says whether a choice takes hold."""

    done: bool = True
    lost_at: int = 1_000
    said: list[str] = field(default_factory=list)
    clock: float = 0.0

    def _say(self, text: str) -> None:
        if len(self.said) >= self.lost_at:
            raise TerminalLost("the browser ended")
        self.said.append(text)
        self.clock += 1.0

    def _visit(self, address: str) -> Visit:
        links = (f"{HOME}news/1", f"{HOME}sport/1")
        return Visit(address, address, self.clock, 200, "", "en", 9, True, True, links=links)

    def now(self) -> float:
        return self.clock

    async def visit(self, address: str, rest: float) -> Visit:
        self._say(f"visit {address} {rest:g}")
        return self._visit(address)

    async def again(self, rest: float) -> Visit:
        self._say(f"again {rest:g}")
        return self._visit(HOME)

    async def present(self) -> Visit:
        return self._visit(HOME)

    async def linger(self, seconds: float) -> None:
        self._say("linger")

    async def cut(self) -> tuple[list[Request], list[Write], list[Read]]:
        self._say("cut")
        return [], [], []

    async def kept(self) -> tuple[list[Cookie], list[Stored]]:
        return [], []

    async def look(self) -> Notice | None:
        return Notice("", Box(0, 0, 9, 9), "", "en", FIRST, modal=False)

    async def second_layer(self) -> Notice | None:
        self._say("settings")
        return Notice("", Box(0, 0, 9, 9), "", "en", SECOND, modal=False, layer=2)

    async def reach(self) -> Reach | None:
        return Reach()

    async def choose(self, action: str, purpose: str | None) -> Choosing:
        self._say(action)
        return Choosing(action, "words", 1, self.done, "nothing changed")

    async def standing(self) -> Standing:
        return Standing("as chosen")

    async def picture(self, name: str, notice: Notice | None) -> str:
        return f"{name}.png"


def ran(planned: PlannedRun, terminal: Played) -> Ran:
    return asyncio.run(carry_out(planned, 0, terminal, Tour(HOME, 2.0, 2)))


def test_the_protocol_in_its_order() -> None:
    played = Played()
    result = ran(first_run(Options()), played)
    assert played.said == [
        *(f"visit {HOME} 10", "cut"),
        *("settings", "again 0", "linger", f"visit {HOME}news/1 2", f"visit {HOME}sport/1 2"),
        *(f"visit {HOME} 0", "again 2", "cut"),
        *("accept_all", f"visit {HOME}news/1 2", f"visit {HOME}sport/1 2", f"visit {HOME} 0"),
        *("again 2", "cut"),
        *("withdraw", f"visit {HOME}news/1 2", f"visit {HOME}sport/1 2", f"visit {HOME} 0"),
        *("again 10", "cut"),
    ]
    phases = [each.phase for each in result.run.phases]
    assert phases == [Phase.ARRIVED, Phase.IGNORED, Phase.ACCEPTED, Phase.WITHDRAWN]
    assert result.tour.pages == (f"{HOME}news/1", f"{HOME}sport/1")
    assert result.gaps == ()
    assert offered([result.run]) == ("advertising",)
    assert can([result.run], Role.SAVE)
    assert not can([result.run], Role.CLOSE)


def test_each_picture_has_a_name_of_its_own() -> None:
    seen = ran(first_run(Options()), Played()).run.phases
    names = [n.picture for each in seen for n in (each.notice, each.panel) if n]
    names += [visit.picture for each in seen for visit in each.visits if visit.picture]
    assert len(names) == len(set(names)) == 7


def test_a_choice_that_does_not_take_hold_ends_the_run() -> None:
    played = Played(done=False)
    result = ran(first_run(Options()), played)
    assert [each.phase for each in result.run.phases][-1] is Phase.ACCEPTED
    assert "withdraw" not in played.said
    assert [(gap.about, gap.why) for gap in result.gaps] == [("accepted", "nothing changed")]


def test_what_was_seen_before_the_browser_ended_stays() -> None:
    result = ran(first_run(Options()), Played(lost_at=4))
    assert [each.phase for each in result.run.phases] == [Phase.ARRIVED]
    assert [(gap.about, gap.why) for gap in result.gaps] == [("ignored", "the browser ended")]


def test_a_purpose_that_could_not_be_chosen_is_named() -> None:
    alone = PlannedRun(Setting(), (Planned(Phase.ONLY, "only", "social"),))
    assert ran(alone, Played(done=False)).gaps[0].about == "only social"


def test_another_site_is_stayed_on() -> None:
    played, other = Played(), "https://b.test/"
    _, refusing = runs_beside(Options(beside=other), asked=True)
    result = ran(refusing, played)
    assert played.said == [
        *(f"visit {HOME} 2", "cut", "refuse_all", f"visit {HOME} 0", "again 2", "cut"),
        *(f"visit {other} 2", "refuse_all", f"visit {other} 0", "again 2", "cut"),
    ]
    phases = [each.phase for each in result.run.phases]
    assert phases == [Phase.ARRIVED, Phase.REFUSED, Phase.BESIDE]
    assert result.beside

"""Draws `what-you-see.svg`: `python -m docs.draw` (`make pictures`).

The words and buttons come from the bot's own renderers; this file gives them the look of a chat.
Discord's markup is drawn as Discord shows it: bold, mentions, times, code, quotes, lists, subtext.

An SVG image may use the reader's fonts only, and those differ in width. So each run of text states
its width (`textLength`), estimated from the widths of Helvetica, and every font is fitted to it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import escape

from bot.locales import catalog
from bot.messages.payload import DANGER, SECONDARY, message_payload
from bot.messages.render import render
from bot.voices.upload_text import render_card
from engine.model.jobs import JobState, JobView
from engine.model.voices import RecordingAnalysis, Scope, Voice
from engine.voices.recording_analyzer import advice
from mynah.testing.fake_engine import fake_job

PICTURE: Final = Path(__file__).with_name("what-you-see.svg")
TITLE: Final = "What one sees of mynah in Discord"

# ---- what is said

NOW: Final = 1_800_000_000.0  # seconds since the epoch
MEMBERS: Final = {"7": "Ada"}
TEXT: Final = (
    "The pizza is here. Come down before it gets cold, and bring the big plates. "
    "Who ordered the one with pineapple?"
)
JOB: Final = fake_job(1, requester="7", text=TEXT)
WAITING: Final = JobView(
    job=JOB,
    chunks=4,
    spoken=0,
    failed=0,
    seconds=0.0,
    position=2,
    eta=NOW + 10,
    lane_paused=False,
)
SPEAKING: Final = replace(WAITING, job=replace(JOB, state=JobState.SPEAKING), spoken=2, position=0)
SPOKEN: Final = replace(
    SPEAKING,
    job=replace(JOB, state=JobState.COMPLETED, started_at=NOW, ended_at=NOW + 7),
    spoken=4,
)
RECORDING: Final = RecordingAnalysis(
    seconds=9.2,
    speech=8.4,
    noise=-62.0,
    snr=41.0,
    loudness=-21.0,
    clipping=0.0,
    source="ogg, 48000 Hz, mono, 12.3 s",
)
VOICE: Final = Voice(
    id=1,
    owner="7",
    name="Ada",
    reference="",
    scope=Scope.PRIVATE,
    place=None,
    members=frozenset(),
    style={},
    analysis=RECORDING,
    created_at=NOW,
)


@dataclass(frozen=True, slots=True)
class Scene:
    """A message: `content` as Discord gets it, and what Discord itself draws around it."""

    caption: str
    command: str
    time: str
    content: str
    buttons: Sequence[tuple[str, int]]  # label, Discord's number of the style
    preview: str | None = None  # the length of the recording to listen to
    private: bool = False


def status(caption: str, time: str, view: JobView) -> Scene:
    payload = message_payload(render(view, now=NOW, voice=VOICE.name))
    return Scene(caption, "/say", time, payload["content"], list(_buttons(payload)))


def _buttons(payload: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    for row in payload["components"]:
        for button in row["components"]:
            yield button["label"], button["style"]


def scenes() -> tuple[Sequence[Scene], Sequence[Scene]]:
    """The messages of the left column and of the right one; read row by row."""
    told = [catalog.label(each.code, **each.fields) for each in advice(RECORDING)]
    uploaded = Scene(
        "A member gave a recording of their voice",
        "/voice upload",
        "20:02",
        render_card(VOICE, told, None),
        [(catalog.label("upload-use"), SECONDARY)],
        preview="0:09",
        private=True,
    )
    waiting = status("A text waits", "20:15", WAITING)
    speaking = status("It is being spoken, part by part", "20:15", SPEAKING)
    spoken = status("It was spoken", "20:15", SPOKEN)
    return (waiting, spoken), (speaking, uploaded)


# ---- markup

#: How wide Helvetica's characters are, in thousandths of the size (Adobe's font metrics).
WIDTHS: Final = {
    character: width
    for width, characters in {
        191: "'",
        222: "‘’ijl",
        260: "|",
        278: " !,./:;I[\\]ft·",
        333: "“”()-`r",
        355: '"',
        389: "*",
        500: "Jckvsxyz",
        556: "#$0123456789?L_abdeghnopqu",
        584: "+<=>~",
        611: "FTZ",
        667: "&ABEKPSVXY",
        722: "CDHNRUw",
        778: "GOQ",
        833: "Mm",
        889: "%",
        944: "W",
        1000: "…",
        1015: "@",
    }.items()
    for character in characters
}
WIDEST: Final = 760  # of a character that is not in the table, such as the cells of the bar
BOLD_WIDTH: Final = 1.07
CODE_WIDTH: Final = 600


@dataclass(frozen=True, slots=True)
class Look:
    """How a run of text is drawn. `box` is the colour behind it, "" for none."""

    size: float = 14
    colour: str = "#dbdee1"
    bold: bool = False
    code: bool = False
    box: str = ""

    @property
    def pad(self) -> int:
        """Pixels between the text and the edge of its box."""
        return 3 if self.box else 0

    def width(self, text: str) -> float:
        """Of the text, in pixels."""
        units = sum(CODE_WIDTH if self.code else WIDTHS.get(each, WIDEST) for each in text)
        return units * self.size / 1000 * (BOLD_WIDTH if self.bold else 1)


@dataclass(frozen=True, slots=True)
class Run:
    text: str
    look: Look

    @property
    def width(self) -> float:
        return self.look.width(self.text) + 2 * self.look.pad


PLAIN: Final = Look()
FAINT: Final = Look(size=12, colour="#a3a8b1")
INLINE: Final = re.compile(
    r"\\(?P<escaped>.)|\*\*(?P<bold>.+?)\*\*|`(?P<code>[^`]+)`|<t:(?P<time>\d+):R>"
    r"|<@(?P<member>\d+)>"
)


def runs_of(text: str, look: Look = PLAIN) -> Iterator[Run]:
    """A line of Discord's markup as what a reader sees."""
    at = 0
    for found in INLINE.finditer(text):
        if found.start() > at:
            yield Run(text[at : found.start()], look)
        at = found.end()
        match found.lastgroup:
            case "bold":
                yield from runs_of(found["bold"], replace(look, bold=True, colour="#f2f3f5"))
            case "code":
                yield Run(
                    found["code"], replace(look, code=True, size=look.size - 1, box="#1e1f22")
                )
            case "time":
                yield Run(relative(int(found["time"])), replace(look, box="#43454b"))
            case "member":
                name = f"@{MEMBERS[found['member']]}"
                yield Run(name, replace(look, colour="#c9cdfb", box="#3d4270"))
            case _:
                yield Run(found["escaped"], look)
    if at < len(text):
        yield Run(text[at:], look)


def relative(moment: int) -> str:
    """A moment to come as Discord's `<t:…:R>` shows it."""
    seconds = moment - int(NOW)
    return f"in {seconds} seconds" if seconds < 60 else f"in {round(seconds / 60)} minutes"


def wrapped(runs: Iterable[Run], width: float) -> Iterator[list[Run]]:
    """Lines of at most `width` pixels. A run with a box behind it is kept together."""
    line: list[Run] = []
    used = 0.0
    for run in runs:
        for word in [run.text] if run.look.box else re.findall(r"\S+\s*|\s+", run.text):
            if line and used + run.look.width(word.rstrip()) > width:
                yield line
                line, used = [], 0.0
            if line and line[-1].look == run.look and not run.look.box:
                word = line.pop().text + word
                used = sum(each.width for each in line)
            line.append(Run(word, run.look))
            used += line[-1].width
    if line:
        yield line


# ---- drawing

WIDTH: Final = 840
MARGIN: Final = 24
COLUMN: Final = 372
LINE: Final = 20
BUTTON: Final = 30
AVATAR: Final = 34
INDENT: Final = AVATAR + 12  # of a message, beside the picture of who sends it
FONTS: Final = "'Helvetica Neue', Helvetica, Arial, 'Liberation Sans', sans-serif"
COLOURS: Final = {SECONDARY: "#4e5058", DANGER: "#c9353b"}


@dataclass(slots=True)
class Column:
    """Draws downwards from the top of the picture. `left` is the x of its left edge."""

    left: float
    y: float = MARGIN
    drawn: list[str] = field(default_factory=list)

    def box(self, x: float, y: float, w: float, h: float, fill: str, radius: float = 4) -> None:
        self.drawn.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{w:.1f}" height="{h:.1f}" rx="{radius:g}" '
            f'fill="{fill}"/>'
        )

    def write(self, runs: Iterable[Run], x: float, baseline: float) -> float:
        """Runs of text on one line. Returns where it ends."""
        for run in runs:
            look, text = run.look, run.text.strip()
            # SVG drops white space at the ends of a text.
            spaces = len(run.text) - len(run.text.lstrip())
            x += look.width(run.text[:spaces])
            if look.box:
                self.box(x, baseline - 14, run.width, 19, look.box)
            weight = ' font-weight="600"' if look.bold else ""
            family = " font-family=\"Menlo, Consolas, 'Liberation Mono', monospace\""
            self.drawn.append(
                f'<text x="{x + look.pad:.1f}" y="{baseline:.1f}" font-size="{look.size:g}" '
                f'fill="{look.colour}"{weight}{family if look.code else ""} '
                f'textLength="{look.width(text):.1f}" lengthAdjust="spacingAndGlyphs">'
                f"{escape(text)}</text>"
            )
            x += run.width - look.width(run.text[:spaces])
        return x

    def lines(self, runs: Iterable[Run], x: float, step: float = LINE) -> None:
        for line in wrapped(runs, self.left + COLUMN - x):
            self.write(line, x, self.y + 15)
            self.y += step

    def message(self, scene: Scene) -> None:
        x = self.left + INDENT
        self.write([Run(scene.caption, replace(FAINT, bold=True))], self.left, self.y + 12)
        self.y += 25
        self._command(scene.command, x)
        self.drawn.append(_bird(self.left, self.y + 2))
        end = self.write([Run("mynah", Look(size=15, colour="#f2f3f5", bold=True))], x, self.y + 13)
        self.box(end + 6, self.y, 32, 16, "#5863c4")
        badge = Run("APP", Look(size=10.5, colour="#ffffff", bold=True))
        self.write([badge], end + 22 - badge.width / 2, self.y + 12)
        self.write([Run(f"Today at {scene.time}", FAINT)], end + 46, self.y + 12.5)
        self.y += 21
        for line in scene.content.split("\n"):
            self._line(line, x)
        if scene.preview:
            self._preview(scene.preview, x)
        if scene.buttons:
            self._buttons(scene.buttons, x)
        if scene.private:
            self.y += 4
            self.lines([Run("Only you can see this", FAINT)], x)

    def _command(self, command: str, x: float) -> None:
        """What Discord writes above the answer to a command."""
        corner, middle = self.left + AVATAR / 2, self.y + 8
        self.drawn.append(
            f'<path d="M{corner:.1f} {middle + 9:.1f}v-4a5 5 0 0 1 5-5H{x - 5:.1f}" fill="none" '
            'stroke="#5c5e66" stroke-width="2"/>'
        )
        (who,) = MEMBERS.values()
        named = Look(size=12, colour="#c9cdfb", bold=True)
        words = [Run(who, named), Run(" used ", FAINT), Run(command, named)]
        self.write(words, x, self.y + 12)
        self.y += 22

    def _line(self, line: str, x: float) -> None:
        if line.startswith("> "):
            top = self.y
            self.lines(runs_of(line[2:]), x + 14)
            self.box(x, top + 1, 4, self.y - top - 2, "#5c5e66", radius=2)
        elif line.startswith("- "):
            self.drawn.append(
                f'<circle cx="{x + 7:.1f}" cy="{self.y + 10:.1f}" r="2.2" fill="#dbdee1"/>'
            )
            self.lines(runs_of(line[2:]), x + 20)
        elif line.startswith("-# "):
            self.lines(runs_of(line[3:], FAINT), x, step=17)
        else:
            self.lines(runs_of(line), x)

    def _preview(self, length: str, x: float) -> None:
        """A file with sound, to listen to."""
        self.y += 6
        width = self.left + COLUMN - x
        self.box(x, self.y, width, 44, "#2b2d31", radius=8)
        middle = self.y + 22
        self.drawn.append(f'<path d="M{x + 16:.1f} {middle - 8:.1f}v16l13-8z" fill="#dbdee1"/>')
        self.write([Run(f"0:00 / {length}", FAINT)], x + 42, middle + 4)
        self.box(x + 122, middle - 2, width - 138, 4, "#4e5058", radius=2)
        self.y += 44

    def _buttons(self, buttons: Sequence[tuple[str, int]], x: float) -> None:
        self.y += 6
        for label, style in buttons:
            word = Run(label, Look(colour="#ffffff", bold=True))
            self.box(x, self.y, word.width + 30, BUTTON, COLOURS[style], radius=7)
            self.write([word], x + 15, self.y + 20)
            x += word.width + 38
        self.y += BUTTON


def _bird(x: float, y: float) -> str:
    """The picture of who sends the messages: a mynah's head, dark with an orange beak."""
    return (
        f'<g transform="translate({x:.1f} {y:.1f})"><circle cx="17" cy="17" r="17" fill="#d8e2dc"/>'
        '<path d="M9 32c-2-12 1-22 9-22 7 0 10 5 10 10 0 5-3 8-3 12a17 17 0 0 1-16 0z" '
        'fill="#24272b"/><path d="M26 15l8 4-8 3z" fill="#f08c1a"/>'
        '<path d="M15 17c2 3 5 4 8 2-2 4-8 4-8-2z" fill="#f5c431"/>'
        '<circle cx="21.500" cy="15.500" r="1.800" fill="#ffffff"/></g>'
    )


def described(scene: Scene) -> str:
    lines = (re.sub(r"^(> |- |-# )", "", line) for line in scene.content.split("\n"))
    words = " ".join("".join(run.text for run in runs_of(line)) for line in lines)
    buttons = f" Buttons: {', '.join(label for label, _ in scene.buttons)}."
    return f"{scene.caption}: {words}{buttons if scene.buttons else ''}"


def draw() -> str:
    """The picture."""
    columns = []
    left, right = scenes()
    for x, messages in ((MARGIN, left), (WIDTH - MARGIN - COLUMN, right)):
        column = Column(x)
        for message in messages:
            column.message(message)
            column.y += 22
        columns.append(column)
    height = round(max(column.y for column in columns) - 22 + MARGIN)
    words = "\n".join(described(scene) for scene in (*left, *right))
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
            f'width="{WIDTH}" height="{height}" role="img" aria-labelledby="title desc" '
            f'font-family="{FONTS}">',
            f'<title id="title">{escape(TITLE)}</title>',
            f'<desc id="desc">{escape(words)}</desc>',
            f'<rect width="{WIDTH}" height="{height}" rx="12" fill="#313338"/>',
            f'<path d="M{WIDTH / 2:g} {MARGIN}V{height - MARGIN}" stroke="#404249"/>',
            *(each for column in columns for each in column.drawn),
            "</svg>",
            "",
        )
    )


if __name__ == "__main__":
    PICTURE.write_text(draw(), encoding="utf-8")
    print(f"Drew {PICTURE}")

"""Pictures and movies: pixels are NumPy's of the field's blocks, on every layout, and nothing but they travels."""

import contextlib
import io
import os
import stat
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy
import pytest
from support import host, same_bits

import quelea
from quelea.pictures import drawing, pixels, showing
from quelea.pictures.pixels import pixels_of

IS_ROOT = quelea.info()["rank"] == 0
NODES = quelea.info()["node_count"]


@pytest.fixture
def plain(monkeypatch: Any) -> None:
    """As where matplotlib is not installed."""
    for name in [name for name in sys.modules if name.startswith("matplotlib")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)


@pytest.fixture(params=["whole", "parts"])
def parts(request: Any, monkeypatch: Any) -> None:
    """Few elements and few pixels at a time too."""
    if request.param == "parts":
        monkeypatch.setattr(pixels, "_CHUNK", 200)
        monkeypatch.setattr(pixels, "_ROUND", 100)


def blocks(x: Any, steps: Any) -> Iterator[tuple[tuple[int, ...], Any]]:
    """The elements of each pixel."""
    for place in numpy.ndindex(*(-(-n // k) for n, k in zip(x.shape, steps, strict=True))):
        yield place, x[tuple(slice(i * k, (i + 1) * k) for i, k in zip(place, steps, strict=True))]


def reference(x: Any, steps: Any, kind: str) -> Any:
    made = numpy.empty([-(-n // k) for n, k in zip(x.shape, steps, strict=True)])
    for place, block in blocks(x.astype(float), steps):
        made[place] = getattr(block, kind)() + 0.0
    return made


def rounded(x: Any, steps: Any) -> Any:
    """What elements are rounded to before they are added, told otherwise: by their exact sums."""
    count = int(numpy.prod(steps))
    unit = 2.0 ** (numpy.frexp(abs(x).max())[1] - 52 + (count - 1).bit_length())
    return numpy.round(x / unit) * unit if count > 1 else x


def field(shape: Any, dtype: str = "float64", seed: int = 0) -> Any:
    """Values of few bits, whose sums are exact in any order."""
    drawn = numpy.random.default_rng(seed).integers(-500, 500, shape)
    if dtype == "bool":
        return drawn > 0
    return (drawn / 8 if dtype.startswith("float") else abs(drawn) % 100).astype(dtype)


def check(x: Any, theirs: Any, most: Any, kinds: Any = ("mean", "max", "min")) -> None:
    made = pixels_of(x, most, kinds)
    steps = [-(-n // m) for n, m in zip(theirs.shape, most, strict=True)]
    assert list(made.steps) == steps
    finite = theirs[numpy.isfinite(theirs)]
    assert (made.low, made.high) == ((finite.min(), finite.max()) if finite.size else (0, 0))
    if not IS_ROOT:
        assert made.values == {}
        return
    for kind in kinds:
        with numpy.errstate(all="ignore"):
            same_bits(made.values[kind], reference(theirs, steps, kind), (theirs.shape, most, kind))


# ---- pixels ----

VIEWS = {
    "whole": lambda x: x,
    "transposed": lambda x: x.T,
    "backwards": lambda x: x[::-2, ::3],
    "inner": lambda x: x[5:-7, 3:30],
    "row": lambda x: x[17],
    "column": lambda x: x[::-1, 4],
    "broadcast": lambda x: x[3][None] + 0 * x[:9],
    "wrapped": lambda x: x.reshape(-1, 60),
    "diagonal": lambda x: x.diagonal(),
    "new axis": lambda x: x[:, 2:3],
}


@pytest.mark.usefixtures("parts")
@pytest.mark.parametrize("view", VIEWS)
def test_pixels_are_those_of_blocks(view: str) -> None:
    theirs = field((120, 45))
    ours = quelea.asarray(theirs)
    x, y = VIEWS[view](ours), VIEWS[view](theirs)
    for most in ((7, 11), (1000, 10)):
        check(x, y, most[: y.ndim], ("mean", "max"))


@pytest.mark.parametrize(
    "dtype", ["bool", "int8", "uint64", "int32", "float16", "float32", "float64"]
)
def test_dtypes(dtype: str) -> None:
    theirs = field((61, 37), dtype)
    check(quelea.asarray(theirs), theirs, (10, 10))


def test_layouts() -> None:
    for shape, most in (((1, 1), 4), ((2, 300), 100), ((300, 2), 1), ((5,), 2), ((1001,), 90)):
        theirs = field(shape)
        check(quelea.asarray(theirs), theirs, (most,) * theirs.ndim)
    cube = field((9, 20, 30))
    check(quelea.asarray(cube)[4], cube[4], (6, 6))
    check(quelea.asarray(cube)[:, :, 7], cube[:, :, 7], (6, 6))
    lying = quelea.empty((40, 30), order="F")
    lying[...] = quelea.asarray(cube[:, :, :20].reshape(-1)[:1200].reshape(40, 30))
    check(lying, host(lying), (7, 7))
    parts = quelea.asarray(cube[0] + 1j * cube[1])
    check(parts.imag, cube[1], (6, 6))
    check(parts.real[::2], cube[0][::2], (6, 6))


def test_what_is_not_finite_is_shown() -> None:
    theirs = field((64, 48))
    theirs[3, 5], theirs[20:30, 40], theirs[50, :9] = numpy.nan, numpy.inf, -numpy.inf
    theirs[21, 41] = -numpy.inf  # and both in one pixel
    check(quelea.asarray(theirs), theirs, (8, 8))
    nothing = numpy.full((20, 20), numpy.nan)
    check(quelea.asarray(nothing), nothing, (3, 3))
    zeros = numpy.where(field((30, 30)) > 0, 0.0, -0.0)
    check(quelea.asarray(zeros), zeros, (4, 4))


@pytest.mark.parametrize("size", [1.0, 1e300, 1e-300, 5e-324, 1e-8])
def test_means_of_any_numbers(size: float) -> None:
    theirs = numpy.random.default_rng(3).normal(1, 2, (71, 53)) * size
    for most in ((9, 5), (100, 100)):
        made = pixels_of(quelea.asarray(theirs), most, ["mean"])
        if not IS_ROOT:
            continue
        mean = made.values["mean"]
        numpy.testing.assert_allclose(
            mean, reference(theirs, made.steps, "mean"), rtol=1e-12, atol=abs(theirs).max() * 1e-13
        )
        if 1e-200 < size < 1e200:
            same_bits(mean, reference(rounded(theirs, made.steps), made.steps, "mean"), most)


def test_only_pixels_travel() -> None:
    x = quelea.asarray(field((400, 300)))
    y = x * 2
    quelea.sync()
    before = quelea.counters()
    for z in (y, y[3:-3, ::2].T, y[100]):
        pixels_of(z, (20,) * z.ndim, ["mean"])
    after = quelea.counters()
    for name in ("gathers", "redistributions", "halo_bytes", "statements"):
        assert after[name] == before[name], name


# ---- show ----


def image(path: str) -> Any:
    from matplotlib import image as images

    return images.imread(path)


@pytest.mark.usefixtures("plain")
def test_pillow_draws_the_pixels_in_grey(folder: Path) -> None:
    pytest.importorskip("PIL")
    theirs = field((60, 90))
    theirs[4, 4] = numpy.nan
    path = str(folder / "grey.png")
    assert quelea.show(quelea.asarray(theirs), file=path, pixels=30, vmin=-20, vmax=20.0) == path
    quelea.on_root(check_grey, path, theirs)
    with pytest.raises(ImportError, match="matplotlib"):
        quelea.show(quelea.ones(5), file=path)
    with pytest.raises(ValueError, match="Pillow writes no file of the form 'svgz'"):
        quelea.show(quelea.ones((5, 5)), file=str(folder / "x.svgz"))


def check_grey(path: str, theirs: Any) -> None:
    from PIL import Image

    got = numpy.asarray(Image.open(path))
    mean = reference(theirs, (2, 3), "mean")
    bad = ~numpy.isfinite(mean)
    with numpy.errstate(all="ignore"):
        grey = numpy.rint(255 * numpy.clip((mean + 20) / 40, 0, 1))
    assert got.shape == (30, 30, 3)
    assert (got[bad] == (255, 0, 255)).all() and bad.sum() == 1
    assert (got[~bad] == grey[~bad][:, None]).all()


def test_a_picture_is_written(folder: Path) -> None:
    pytest.importorskip("matplotlib")
    theirs = field((60, 90))
    x = quelea.asarray(theirs)
    paths = [folder / "a.png", folder / "line.png", folder / "b.svg"]
    quelea.show(x, file=paths[0], title="x", by="max")
    quelea.show(x[3], file=paths[1], pixels=20)
    quelea.show(theirs.tolist(), file=str(paths[2]))  # what is no array yet
    names = quelea.on_root(lambda: sorted(os.listdir(folder)))
    assert names == ["a.png", "b.svg", "line.png"]
    quelea.on_root(lambda: image(str(paths[0])))


@pytest.mark.usefixtures("plain")
def test_a_picture_without_a_name_is_numbered(folder: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(showing, "_shown", [])
    monkeypatch.chdir(folder)
    said = io.StringIO()
    monkeypatch.setattr(showing, "sys", types.SimpleNamespace(stderr=said, modules=sys.modules))
    x = quelea.ones((4, 5))
    assert [quelea.show(x), quelea.show(x)] == ["show-1.png", "show-2.png"]
    quelea.on_root(lambda: os.stat("show-2.png"))
    expected = "quelea.show: show-1.png\nquelea.show: show-2.png\n"
    assert said.getvalue() == (expected if IS_ROOT else "")


@pytest.mark.usefixtures("plain")
def test_in_a_notebook_it_is_shown_there(monkeypatch: Any) -> None:
    shown: list[Any] = []
    display = types.SimpleNamespace(display=shown.append, Image=lambda data: data)
    kernel = types.SimpleNamespace(kernel=object())
    monkeypatch.setitem(
        sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: kernel, display=display)
    )
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    assert quelea.show(quelea.ones((4, 5))) is None
    assert [data[:4] for data in shown] == [b"\x89PNG"] * IS_ROOT


REFUSED = {
    "complex": (lambda: quelea.ones(3) * 1j, {}, TypeError, r"show\(abs\(x\)\)"),
    "element": (lambda: quelea.ones(()), {}, ValueError, "single element"),
    "cube": (lambda: quelea.ones((4, 6, 8)), {}, ValueError, r"show\(x\[2\]\).*show\(x\[:, :, 4\]"),
    "more": (lambda: quelea.ones((4, 6, 8, 2)), {}, ValueError, r"x\[2, 0\].*x\[:, :, 4, 1\]"),
    "empty": (lambda: quelea.ones((4, 0)), {}, ValueError, r"\(4, 0\)"),
    "by": (lambda: quelea.ones(3), {"by": "sum"}, ValueError, "'mean', 'max', 'min'"),
    "pixels": (lambda: quelea.ones(3), {"pixels": 0}, ValueError, "pixels="),
    "limits": (lambda: quelea.ones(3), {"vmin": 2, "vmax": 1}, ValueError, "above"),
    "NaN": (lambda: quelea.ones(3), {"vmin": numpy.nan}, ValueError, "finite"),
    "end": (lambda: quelea.ones(3), {"file": "picture"}, ValueError, "end"),
    "folder": (lambda: quelea.ones(3), {"file": "/none/a.png"}, FileNotFoundError, "'/none/a.png'"),
    "colours": (lambda: quelea.ones((3, 3)), {"cmap": "mud"}, KeyError, "mud"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_errors_are_the_same_on_all_ranks(what: str, folder: Path) -> None:
    make, words, kind, text = REFUSED[what]
    with pytest.raises(kind, match=text):
        quelea.show(make(), **{"file": str(folder / "a.png"), **words})
    assert quelea.on_root(lambda: os.listdir(folder)) == []


def test_neither_library(folder: Path, monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(ImportError, match="pip install matplotlib"):
        quelea.show(quelea.ones((3, 3)), file=str(folder / "a.png"))
    monkeypatch.setitem(sys.modules, "PIL.GifImagePlugin", None)
    with pytest.raises(ImportError, match="pip install pillow"):
        quelea.movie(folder / "a.gif")


# ---- movies ----


def frames(path: Path) -> Any:
    from PIL import Image

    with Image.open(path) as gif:
        found = []
        for k in range(gif.n_frames):
            gif.seek(k)
            found.append(numpy.asarray(gif.convert("RGB")))
        return found, gif.info["duration"], gif.info["loop"]


@pytest.mark.usefixtures("plain")
def test_a_gif_has_a_frame_for_each_so_many_calls(folder: Path) -> None:
    pytest.importorskip("PIL")
    theirs = field((40, 60))
    theirs[:, :6] = 70  # the limits stay those of the first frame
    x = quelea.asarray(theirs)
    path = folder / "a.gif"
    with quelea.movie(path, every=3, fps=10, pixels=20, by="max") as m:
        taken = [m.add(x + k) for k in range(8)]
        assert quelea.on_root(lambda: not os.path.exists(path))
    assert taken == [True, False, False] * 2 + [True, False] and m.frames == 3
    with pytest.raises(ValueError, match="closed"):
        m.add(x)
    quelea.on_root(check_gif, path, theirs)
    html = quelea.on_root(m._repr_html_)
    assert html.startswith('<img src="data:image/gif')


def check_gif(path: Path, theirs: Any) -> None:
    found, duration, loop = frames(path)
    assert (len(found), duration, loop) == (3, 100, 0)
    low, high = theirs.min(), theirs.max()
    for k, frame in enumerate(found):
        values = reference(theirs + 3 * k, (2, 3), "max")
        grey = numpy.rint(255 * numpy.clip((values - low) / (high - low), 0, 1))
        assert frame.shape == (20, 20, 3)
        assert abs(frame.astype(int) - grey[..., None]).max() <= 1  # the palette's


def test_frames_are_drawings(folder: Path) -> None:
    pytest.importorskip("matplotlib")
    with quelea.movie(folder / "a.gif") as m:
        for k in range(2):
            m.add(quelea.ones((5, 9)) * k, title=f"frame {k}")
    with quelea.movie(folder / "line.gif", vmin=-1, vmax=1) as m:
        for k in range(2):
            m.add(quelea.sin(quelea.arange(30) + k))
    for name in ("a.gif", "line.gif"):
        first, second = quelea.on_root(lambda name=name: frames(folder / name)[0])
        assert first.shape == second.shape == (720, 960, 3) and (first != second).any()


@pytest.mark.usefixtures("plain")
def test_calls_between_frames_execute_nothing(folder: Path) -> None:
    pytest.importorskip("PIL")
    x = quelea.asarray(field((40, 60)))
    with quelea.movie(folder / "a.gif", every=10, pixels=10) as m:
        m.add(x)
        before = quelea.counters()["flushes"]
        for _ in range(5):
            x = x + 1
            m.add(x)
        assert quelea.counters()["flushes"] == before or os.environ.get("QUELEA_FLUSH")


@pytest.mark.usefixtures("plain")
def test_a_movie_that_fails_leaves_nothing(folder: Path) -> None:
    pytest.importorskip("PIL")
    for wrong in (quelea.ones((2, 3, 4)), quelea.ones((5, 4))):
        with pytest.raises(ValueError), quelea.movie(folder / "a.gif") as m:
            m.add(quelea.ones((3, 4)))
            m.add(wrong)
    with quelea.movie(folder / "none.gif"):
        pass
    with pytest.raises(FileNotFoundError, match=r"'/none/a\.gif'"):
        quelea.movie("/none/a.gif")
    for end in ("a.avi", "a"):
        with pytest.raises(ValueError, match=r"\.gif or \.mp4"):
            quelea.movie(folder / end)
    for words in ({"every": 0}, {"fps": 0}):
        with pytest.raises(ValueError):
            quelea.movie(folder / "a.gif", **words)
    assert quelea.on_root(lambda: os.listdir(folder)) == []


@pytest.mark.usefixtures("plain")
def test_a_block_that_fails_keeps_the_frames_so_far(folder: Path) -> None:
    pytest.importorskip("PIL")
    with contextlib.suppress(ZeroDivisionError), quelea.movie(folder / "a.gif") as m:
        m.add(quelea.ones((3, 4)))
        raise ZeroDivisionError
    quelea.sync()
    assert len(quelea.on_root(lambda: frames(folder / "a.gif")[0])) == 1


FFMPEG = """#!/bin/sh
for last; do :; done
echo "$@" >"$last"
exec cat >>"$last"
"""


@pytest.mark.usefixtures("plain")
def test_ffmpeg_is_given_the_frames(folder: Path, monkeypatch: Any) -> None:
    pytest.importorskip("PIL")
    program = folder / "bin" / "ffmpeg"

    def write(text: str) -> None:
        program.parent.mkdir(exist_ok=True)
        program.write_text(text)
        program.chmod(program.stat().st_mode | stat.S_IXUSR)

    quelea.on_root(lambda: write(FFMPEG))
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    with quelea.movie(folder / "a.mp4", fps=30) as m:
        for k in range(3):
            m.add(quelea.full((6, 8), float(k)), title="x")
    data = quelea.on_root((folder / "a.mp4").read_bytes)
    words, frame = data.split(b"\n", 1)
    assert b"-s 8x6 -r 30.0" in words and len(frame) == 3 * 6 * 8 * 3
    quelea.on_root(lambda: write("#!/bin/sh\necho no such codec >&2; exit 3\n"))
    with (
        pytest.raises(RuntimeError, match="status 3: no such codec"),
        quelea.movie(folder / "b.mp4") as m,
    ):
        for _ in range(3):
            m.add(quelea.ones((300, 300)))
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(ImportError, match="apt install ffmpeg"):
        quelea.movie(folder / "c.mp4")
    assert quelea.on_root(lambda: sorted(os.listdir(folder))) == ["a.mp4", "bin"]


def test_the_drawing_has_the_pixels() -> None:
    pytest.importorskip("matplotlib")
    made = pixels_of(quelea.asarray(field((40, 60))), (10, 10), ["mean"])
    if IS_ROOT:
        drawn = drawing.drawing_of(made, drawing.Look("viridis", -1.0, 1.0, ""))
        same_bits(numpy.asarray(drawn._image.get_array()), made.values["mean"], "")
        assert drawn._image.get_clim() == (-1.0, 1.0)

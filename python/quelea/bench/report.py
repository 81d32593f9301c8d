"""The table of a benchmark whose sides are whole processes: rows of figures, ratios and what is required."""

__all__ = ["Report"]


class Report:
    """Prints rows as they become known, and remembers whether a requirement was missed."""

    def __init__(self, width: int = 40) -> None:
        self.missed = 0
        self._width = width  # of names

    def title(self, text: str) -> None:
        """Print a heading with the columns of the rows under it."""
        print(
            f"\n{text}\n{'':{self._width + 2}}{'measured':>18}{'ratio':>9}{'required':>11}",
            flush=True,
        )

    def row(
        self,
        name: str,
        value: str,
        ratio: float | None = None,
        least: float | None = None,
        most: float | None = None,
    ) -> None:
        """Print a row; the ratio must be at least `least`, or at most `most`."""
        bound, verdict = "", ""
        if ratio is not None and (least is not None or most is not None):
            met = ratio >= least if least is not None else ratio <= (most or 0.0)
            bound = f">= {least}" if least is not None else f"<= {most}"
            verdict = "   met" if met else "   NOT MET"
            self.missed += not met
        print(
            f"  {name:{self._width}}{value:>18}{'' if ratio is None else format(ratio, '.3f'):>9}{bound:>11}{verdict}",
            flush=True,
        )

    def finish(self) -> int:
        """Print how many requirements were missed, and give the command's status."""
        print(f"\n{self.missed} requirements not met" if self.missed else "\nall requirements met")
        return 1 if self.missed else 0

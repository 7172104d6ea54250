"""Makes a case that differs smaller, as long as it differs in the same respects."""

from collections.abc import Callable

from case import Case
from compare import Difference, differences
from reference import Answer, ask
from service import Service

Row = tuple[Case, Answer, list[Difference]]
TRIALS = 250


def smallest(row: Row, service: Service) -> Row:
    """The case without the files and lines that the difference does not need."""
    respects = {difference.what.partition(" ")[0] for difference in row[2]}
    trials = TRIALS

    def keep_if_differs(files: dict[str, bytes]) -> bool:
        nonlocal row, trials
        if trials == 0 or not files:
            return False
        trials -= 1
        case = Case(row[0].name, files, row[0].repository, row[0].strict)
        try:
            answer = ask(case)
        except Exception:
            return False
        found = differences(case, answer, service.push(case))
        if {difference.what.partition(" ")[0] for difference in found} != respects:
            return False
        row = (case, answer, found)
        return True

    for path in list(row[0].files):
        keep_if_differs({name: content for name, content in row[0].files.items() if name != path})
    for path in list(row[0].files):
        without_lines(path, lambda: row[0].files, keep_if_differs)
    return row


def without_lines(path: str, files: Callable[[], dict[str, bytes]], keep: Callable[[dict[str, bytes]], bool]) -> None:
    """Takes out ever smaller runs of lines."""
    size = max(1, files()[path].count(b"\n") // 2)
    while True:
        start = 0
        while start < len(lines := files()[path].splitlines(keepends=True)):
            fewer = b"".join(lines[:start] + lines[start + size :])
            if not keep({**files(), path: fewer}):
                start += size
        if size == 1:
            return
        size //= 2

"""A server or a function that is killed (kill -9) at each step of a push, and the same request again.

For each step and each way in which a client repeats itself: when the dead process's hold has run out, the repeated request
is answered 200, and Quay has exactly one release, with this push's content, public. Exits with 1 when that does not hold."""
import argparse
import concurrent.futures
import hashlib
import http.client
import json
import pathlib
import tempfile
import threading
import time
import uuid

import fleet
from lambda_runtime import Function

PACKAGE, NVR = "lamp", "lamp-operator-container-v1.0.0-1"
TIMEOUT = 5  # seconds that a request may take
EVENT_TIMEOUT = 10  # seconds that push-event has: it keeps five back for what comes after a push
GRACE = 10  # seconds after which a hold ends beside them
MARGIN = 8  # seconds that a loaded machine may take longer
PUSH = ("POST", "/cnr/api/v1/packages/")
READ = ("GET", "/cnr/api/v1/packages")
PUBLISH = ("POST", "/api/v1/repository/")
# The push whose answer is late while the read-back after it is armed: so many seconds.
LATE = 0.8


class Step:
    """Where the process is when it is killed: the fault of the request at Quay, and what Quay has by then."""

    def __init__(self, name, kind, request, there, after=None, needed=True, seconds=3600):
        self.name, self.kind, self.request, self.there = name, kind, request, there
        self.after, self.needed, self.seconds = after, needed, seconds


STEPS = (
    Step("listing", "hang-before", READ, "nothing", needed=False),
    Step("push, before its effect", "hang-before", PUSH, "nothing"),
    Step("push, its effect 3 s later", "act-late", PUSH, "nothing", seconds=3),
    Step("push, after its effect", "hang-after", PUSH, "private"),
    Step("read-back", "hang-before", READ, "private", after=PUSH),
    Step("changevisibility, before its effect", "hang-before", PUBLISH, "private"),
    Step("changevisibility, after its effect", "hang-after", PUBLISH, "public"),
)


class Plain:
    """The same request again: a version and the same content."""

    name = "plain request with a version"
    # Once the push is done, the same again may be the same or a conflict, as it always was.
    again = ("200 1.0.0", "500 QuayCourierError")

    def __init__(self, world):
        content_type, self.body = fleet.form(world.zip)
        self.path = f"/v2/{fleet.ORGANIZATION}/zipfile/1.0.0"
        self.headers = {"Authorization": world.stand_ins.robot, "Content-Type": content_type}

    def send(self, world):
        return world.server.post(self.path, self.body, self.headers)


class Keyed(Plain):
    """The same Idempotency-Key, without a version."""

    name = "same Idempotency-Key"
    again = ("200 1.0.0 replayed",)

    def __init__(self, world):
        super().__init__(world)
        self.path = f"/v2/{fleet.ORGANIZATION}/zipfile"
        self.headers["Idempotency-Key"] = str(uuid.uuid4())


class Upload(Plain):
    """The same upload by its id, without a version."""

    name = "upload by id"
    again = ("200 1.0.0", "200 1.0.0 replayed")

    def __init__(self, world):
        authorization = {"Authorization": world.stand_ins.robot}
        place = world.server.post(f"/v2/{fleet.ORGANIZATION}/uploads", b"", authorization)
        if place.status != 200:
            raise SystemExit(f"no place for an upload: {place.status} {place.body}")
        put = fleet.call("PUT", place.body["url"], world.zip)
        if put.status != 200:
            raise SystemExit(f"the upload is not taken: {put.status} {put.body}")
        self.path = f"/v2/{fleet.ORGANIZATION}/zipfile"
        self.body = json.dumps({"upload": place.body["upload"]}).encode()
        self.headers = authorization | {"Content-Type": "application/json"}


class Event:
    """The same message of the queue: a Koji build. Its function says which messages are to come again."""

    name = "event"
    again = ("200",)

    def __init__(self, world):
        world.stand_ins.ask("POST", f"/builds/{NVR}", world.zip)
        body = json.dumps({"organization": fleet.ORGANIZATION, "nvr": NVR})
        self.event = {"Records": [{"messageId": str(uuid.uuid4()), "body": body, "eventSource": "aws:sqs"}]}

    def send(self, world):
        answer = world.server.invoke(self.event)
        return fleet.Answer(503 if answer["batchItemFailures"] else 200, {}, {})


REQUESTS = {"plain": Plain, "key": Keyed, "upload": Upload, "event": Event}


class World:
    """The stand-ins and the process of one case."""

    def __init__(self, arguments, kind, dynamodb, directory):
        self.mark = f"the push {uuid.uuid4()}"
        self.zip = fleet.zipped(PACKAGE, self.mark)
        self.server = None
        self.stand_ins = fleet.StandIns(arguments.stand_ins, ["--push-window", "5", "--deletes-by-second"])
        try:
            self.start(arguments, kind, dynamodb, directory)
        except BaseException:
            self.close()
            raise

    def start(self, arguments, kind, dynamodb, directory):
        store = fleet.Store(arguments.store, pathlib.Path(directory) / "data", dynamodb, f"ledger-{uuid.uuid4()}")
        if kind == "event":
            self.server = Function(arguments.function, self.stand_ins, store, directory, "push-event", EVENT_TIMEOUT)
        else:
            variables = {"WORKER_TIMEOUT": str(TIMEOUT)}
            self.server = fleet.Server(arguments.server, self.stand_ins, store, directory, **variables)

    def close(self):
        if self.server:
            self.server.kill()
        self.stand_ins.stop()

    def held(self):
        """What Quay has, in a word, and its releases."""
        repository = self.stand_ins.repository(PACKAGE) or {"releases": [], "public": False}
        releases = [release["release"] for release in repository["releases"]]
        state = "nothing" if not releases else "public" if repository["public"] else "private"
        return state, releases


class Sent(threading.Thread):
    """A request in the background."""

    def __init__(self, request, world):
        super().__init__(daemon=True)
        self.request, self.world, self.answer = request, world, None
        self.start()

    def run(self):
        self.answer = answer_of(self.request, self.world)


def answer_of(request, world):
    try:
        return str(request.send(world))
    except (OSError, http.client.HTTPException):
        return "no answer"


def wait_for(what, sent, within=TIMEOUT + MARGIN):
    """Whether `what` became true before the request was answered."""
    deadline = time.monotonic() + within
    while not what() and sent.is_alive() and time.monotonic() < deadline:
        time.sleep(0.01)
    return what()


def stall(step, request, world):
    """Sends the request and waits until it is at the step; `None` when it never comes there, with its answer."""
    stand_ins = world.stand_ins
    if step.after:
        stand_ins.order("hang-after", *step.after, seconds=LATE)
    else:
        stand_ins.order(step.kind, *step.request, seconds=step.seconds)
    sent = Sent(request, world)
    reached = wait_for(stand_ins.all_met, sent)
    if reached and step.after:
        stand_ins.order(step.kind, *step.request, seconds=step.seconds)
        reached = wait_for(stand_ins.all_met, sent)
    reached = reached and wait_for(lambda: world.held()[0] == step.there, sent)
    if not reached:
        sent.join(TIMEOUT + MARGIN)
    return sent if reached else None, sent.answer


def repeat(request, world):
    """Sends the request until it is answered 200, or the dead process's hold must have run out: the answers."""
    answers, deadline = [], time.monotonic() + TIMEOUT + GRACE + MARGIN
    while True:
        answers.append(answer_of(request, world))
        if answers[-1].startswith("200") or time.monotonic() > deadline:
            return answers
        time.sleep(0.5)


def in_short(answers):
    """`3 x 409 IdempotencyKeyInUse, 200 1.0.0`"""
    runs = []
    for answer in answers:
        if runs and runs[-1][1] == answer:
            runs[-1][0] += 1
        else:
            runs.append([1, answer])
    return ", ".join(answer if times == 1 else f"{times} x {answer}" for times, answer in runs)


def judge(world, answers, request):
    """What is wrong once the push was repeated, and what is when it is repeated once more."""
    (state, releases), problems = world.held(), []
    if not answers[-1].startswith("200"):
        problems.append("never answered 200")
    if len(releases) != 1:
        problems.append(f"{len(releases)} releases")
    elif not is_ours(world, releases[0]):
        problems.append("other content")
    if state != "public":
        problems.append("not public")
    if answers[-1].startswith("200"):
        once_more = answer_of(request, world)
        if once_more not in request.again or world.held()[1] != releases:
            problems.append(f"once more: {once_more}, {len(world.held()[1])} releases")
    return problems


def is_ours(world, release):
    content = world.stand_ins.content(PACKAGE, release)
    digest = world.stand_ins.repository(PACKAGE)["releases"][0]["digest"]
    return world.mark.encode() in content and digest == hashlib.sha256(content).hexdigest()


def run(arguments, step, kind, dynamodb):
    """One case: its row of the table, and whether it went wrong."""
    with tempfile.TemporaryDirectory(prefix="omps-interrupted-") as directory:
        world = World(arguments, kind, dynamodb, directory)
        try:
            request = REQUESTS[kind](world)
            sent, answer = stall(step, request, world)
            row = [step.name, request.name]
            if not sent:
                wrong = step.needed or answer != "200 1.0.0"
                return row + ["-", f"never there: {answer}", "-", "WRONG" if wrong else "not asked"], wrong
            there = world.held()
            world.server.kill()
            sent.join()
            world.stand_ins.forget_faults()
            began = time.monotonic()
            world.server.start()
            answers = repeat(request, world)
            seconds = time.monotonic() - began
            if step.kind == "act-late":
                time.sleep(max(0, step.seconds + 1 - seconds))
            problems = judge(world, answers, request)
            return row + [", ".join([*there[1], there[0]]), in_short(answers), f"{seconds:.0f}", "; ".join(problems) or "ok"], bool(problems)
        finally:
            world.close()


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", default=fleet.BINARIES / "omps-server", help="path of omps-server")
    parser.add_argument("--function", default=fleet.BINARIES / "push-event", help="path of push-event, for events")
    parser.add_argument("--stand-ins", default=fleet.BINARIES / "stand-ins", help="path of stand-ins")
    parser.add_argument("--store", choices=fleet.STORES, default="sqlite")
    parser.add_argument("--dynamodb", metavar="URL", help="a DynamoDB; without it moto is started")
    parser.add_argument("--requests", default=None, help=f"of {','.join(REQUESTS)} (default: all; event needs DynamoDB)")
    parser.add_argument("--at-once", type=int, default=6, help="cases at once (default 6)")
    return parser.parse_args()


def main():
    arguments = options()
    kinds = arguments.requests.split(",") if arguments.requests else [
        kind for kind in REQUESTS if kind != "event" or arguments.store == "dynamodb"]
    moto, dynamodb = None, arguments.dynamodb
    if arguments.store == "dynamodb" and not dynamodb:
        moto, dynamodb = fleet.moto()
    try:
        with concurrent.futures.ThreadPoolExecutor(arguments.at_once) as pool:
            cases = [pool.submit(run, arguments, step, kind, dynamodb) for kind in kinds for step in STEPS]
            results = [case.result() for case in cases]
    finally:
        if moto:
            moto.kill()
    heads = ("killed at", "repeated as", "Quay had", "answers", "seconds", "verdict")
    fleet.table(f"store {arguments.store}", heads, [row for row, _ in results])
    wrong = sum(went_wrong for _, went_wrong in results)
    print(f"\n{wrong} of {len(results)} cases went wrong" if wrong else f"\nall {len(results)} cases as they should be")
    return bool(wrong)


if __name__ == "__main__":
    raise SystemExit(main())

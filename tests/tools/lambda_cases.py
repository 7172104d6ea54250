"""Requests to the deployed functions with their answers, one table for `sam local` and for the Runtime Interface Emulator.
They are sent in this order, to functions in front of the sandbox's stand-ins."""
import base64
import json
import pathlib
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parents[2]
FIXTURE = ROOT / "tests/fixtures/larder-operator"
FILES = sorted(str(path.relative_to(FIXTURE)) for path in FIXTURE.rglob("*") if path.is_file())
NVR = "larder-operator-container-v0.5.1-1"
REFUSED_NVR = "larder-operator-container-v0.5.1-2"
REPOSITORY = "larder-operator"
ANY = ...  # a value that is not compared


def token(organization):
    """What the stand-in Quay's robot of an organization sends as Authorization."""
    robot = f"{organization}+omps:{organization.upper()}ROBOTTOKEN"
    return "basic " + base64.b64encode(robot.encode()).decode()


@dataclass
class Case:
    """A request, and its answer's status and body."""

    name: str
    function: str
    method: str
    path: str
    status: int
    body: dict
    organization: str | None = None  # whose token is sent
    upload: str | None = None  # "operator" or "text": what is sent as the form's field `file`


def pushed(version, organization="testorg", **more):
    answer = {"organization": organization, "repo": REPOSITORY, "version": version, "extracted_files": FILES}
    return answer | more


def error(status, kind, message, **more):
    return {"status": status, "error": kind, "message": message} | more


ABOUT = {"version": ANY, "operatorcourier": "2.1.11"}
WELL = {"ok": True, "details": "It works!"}
HEALTH = {"ok": True, "status": 200, "services": {"koji": WELL, "quay": WELL, "greenwave": WELL}}
VALID = {
    "organization": "testorg",
    "repo": REPOSITORY,
    "extracted_files": FILES,
    "valid": True,
    "message": "The manifests are valid.",
    "validation_info": {"errors": [], "warnings": [], "findings": []},
}


def deleted(*versions):
    return {"organization": "testorg", "repo": REPOSITORY, "deleted": list(versions)}


def listed():
    return {"organization": "testorg", "repo": REPOSITORY, "releases": ANY}


NO_CATALOG = "Organization testorg keeps no catalog: organizations.testorg.catalog is not configured"
ZIPFILE = "/v2/testorg/zipfile"
CASES = [
    Case("about", "about", "GET", "/v2/about", 200, ABOUT),
    Case("the OpenAPI document", "page", "GET", "/v2/openapi.json", 200, json.loads((ROOT / "docs/openapi.json").read_text())),
    Case("health: all services are asked", "health", "GET", "/v2/health/ping", 200, HEALTH),
    Case("a zip is valid, without a token", "validate", "POST", "/v2/testorg/validate", 200, VALID, None, "operator"),
    Case("a zip is pushed", "push-zipfile", "POST", ZIPFILE, 200, pushed("1.0.0"), "testorg", "operator"),
    Case("a version is pushed once", "push-zipfile", "POST", ZIPFILE + "/1.0.0", 500, error(
        500, "QuayCourierError", ANY, quay_response=ANY), "testorg", "operator"),
    Case("a build is pushed by N-V-R", "push-koji", "POST", f"/v2/testorg/koji/{NVR}", 200, pushed(
        "2.0.0", nvr=NVR), "testorg"),
    Case("Greenwave refuses a build", "push-koji", "POST", f"/v2/testorg/koji/{REFUSED_NVR}", 400, error(
        400, "GreenwaveUnsatisfiedError", ANY, greenwave_response=ANY), "testorg"),
    Case("a text is no zip", "push-zipfile", "POST", ZIPFILE, 400, error(
        400, "OMPSUploadedFileError", "not a zip file: no end record in its last 65557 bytes"), "testorg", "text"),
    Case("a push needs a token", "push-zipfile", "POST", ZIPFILE, 403, error(
        403, "OMPSAuthorizationHeaderRequired", f"Request contains no 'Authorization' header; '{ZIPFILE}' requires one, with the token of Quay's login"),
        None, "operator"),
    Case("a repository is made public with a token from Secrets Manager", "push-zipfile", "POST", "/v2/public/zipfile",
         200, pushed("1.0.0", "public"), "public", "operator"),
    Case("the releases are listed", "releases", "GET", f"/v2/testorg/{REPOSITORY}/releases", 200, listed(), "testorg"),
    Case("an organization without a catalog is told so", "catalog", "GET", "/v2/testorg/catalog", 404, error(
        404, "NotFound", NO_CATALOG), "testorg"),
    Case("a release is deleted", "delete-release", "DELETE", f"/v2/testorg/{REPOSITORY}/1.0.0", 200, deleted(
        "1.0.0"), "testorg"),
    Case("all that is left is deleted", "delete-release", "DELETE", f"/v2/testorg/{REPOSITORY}", 200, deleted(
        "2.0.0"), "testorg"),
]
# Every file of events/ that is a request, in the order in which they build upon each other.
EVENTS = [
    ("about", 200, ABOUT),
    ("page", 200, json.loads((ROOT / "docs/openapi.json").read_text())),
    ("health", 200, HEALTH),
    ("validate", 200, VALID),
    ("push-zipfile", 200, pushed("1.0.0")),
    ("releases", 200, listed()),
    ("catalog", 404, error(404, "NotFound", NO_CATALOG)),
    ("delete-release", 200, deleted("1.0.0")),
    ("push-koji", 200, pushed("1.0.0", nvr=NVR)),
    ("create-upload", 200, {"upload": ANY, "url": ANY, "expires_in": 3600, "max_size": 24 << 20}),
]
# Every file of events/ that comes from the queue, and Quay's releases after it: what was pushed before is not pushed again,
# but with another version it is another push.
OF_QUEUE = [
    ("push-event-s3", ["1.0.0", "2.0.0"]),
    ("push-event-notification", ["1.0.0", "2.0.0"]),
    ("push-event-koji", ["1.0.0", "2.0.0", "3.0.0"]),
    ("push-event-direct", ["1.0.0", "2.0.0", "3.0.0", "4.0.0"]),  # the same build with a version of its own
    ("push-event-dropped", ["1.0.0", "2.0.0", "3.0.0", "4.0.0"]),
]
assert sorted(name for name, *_ in EVENTS + OF_QUEUE) == sorted(
    path.stem for path in (ROOT / "events").glob("*.json") if path.stem != "env")


def check(name, status, text, wanted_status, wanted):
    """Prints an answer, and ends everything when it is not the wanted one."""
    print(f"  {status} {text if len(text) < 300 else text[:300] + '…'}", flush=True)
    body = json.loads(text)
    if wanted_status >= 400 and not body.pop("request_id", None):
        raise SystemExit(f"{name}: an error has no request_id")
    compared = {key: ANY if wanted.get(key) is ANY else value for key, value in body.items()}
    if (status, compared) != (wanted_status, wanted):
        raise SystemExit(f"{name}: wanted {wanted_status} {wanted}")


def check_releases(quay, wanted):
    """Quay must hold these releases of testorg's operator."""
    import urllib.request

    headers = {"Authorization": token("testorg")}
    request = urllib.request.Request(f"{quay}/cnr/api/v1/packages?namespace=testorg", headers=headers)
    packages = json.load(urllib.request.urlopen(request, timeout=10))
    releases = sorted(release for package in packages for release in package["releases"])
    print(f"  releases: {releases}", flush=True)
    if releases != wanted:
        raise SystemExit(f"wanted {wanted}")


def check_public(quay):
    """Everybody must see the repository that was pushed to the public organization."""
    import urllib.request

    listing = json.load(urllib.request.urlopen(f"{quay}/cnr/api/v1/packages?namespace=public", timeout=10))
    names = [package["name"] for package in listing]
    if names != [f"public/{REPOSITORY}"]:
        raise SystemExit(f"public packages: {names}")
    print(f"without a token, Quay shows {names[0]}")

"""Lambda's Runtime API for one instance of a function, as far as the functions use it: the next event, its answer."""
import base64
import http.server
import json
import pathlib
import queue
import threading
import time
import uuid

import fleet

EVENTS = pathlib.Path(__file__).resolve().parents[2] / "events"
LATER = 10  # seconds after its deadline in which a function may still answer
NEXT = "/2018-06-01/runtime/invocation/next"


class RuntimeApi(http.server.ThreadingHTTPServer):
    """Hands one event out at a time."""

    daemon_threads = True

    def __init__(self, timeout):
        self.timeout_of_function = timeout  # seconds
        self.events, self.answers, self.asked = queue.Queue(), queue.Queue(), threading.Event()
        super().__init__(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path != NEXT:
            return self.send_error(404)
        self.server.asked.set()
        event = self.server.events.get()
        deadline = int((time.time() + self.server.timeout_of_function) * 1000)
        self.reply(200, json.dumps(event).encode(), {
            "Lambda-Runtime-Aws-Request-Id": str(uuid.uuid4()),
            "Lambda-Runtime-Deadline-Ms": str(deadline),
            "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:eu-central-1:123456789012:function:local",
        })

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"] or 0)) if "Content-Length" in self.headers else self.chunks()
        self.server.answers.put((self.path.rsplit("/", 1)[-1], body))
        self.reply(202, b"{}", {})

    def chunks(self):
        """The body in chunks."""
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def reply(self, status, body, headers):
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            pass  # the function was killed

    def log_message(self, *_):
        pass


class Function(fleet.Process):
    """One instance of a function: it answers one request at a time."""

    def __init__(self, binary, stand_ins, store, directory, name, timeout=30, **variables):
        self.directory, self.name, self.timeout = pathlib.Path(directory), name, timeout
        config = fleet.configuration(stand_ins, store, self.directory, name)
        self.one_at_a_time, self.api = threading.Lock(), None
        settings = {"OMPS_CONF_FILE": str(config), "AWS_LAMBDA_FUNCTION_NAME": name, "AWS_LAMBDA_FUNCTION_VERSION": "1",
                    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512", "AWS_LAMBDA_LOG_STREAM_NAME": "local",
                    "AWS_LAMBDA_LOG_GROUP_NAME": "local"}
        super().__init__([str(binary)], fleet.environment(**fleet.AWS, **settings) | store.environment | variables,
                         self.directory / f"{name}.log")
        self.start()

    def start(self):
        self.api = RuntimeApi(self.timeout)
        self.environment["AWS_LAMBDA_RUNTIME_API"] = self.api.address
        super().start(self.api.server_address[1])
        if not self.api.asked.wait(fleet.START_WITHIN):
            self.kill()
            raise SystemExit(f"{self.command[0]} asks for no event:\n{pathlib.Path(self.log).read_text()[-2000:]}")

    def kill(self):
        super().kill()
        if self.api:
            self.api.answers.put(("killed", b""))
            self.api.shutdown()
            self.api.server_close()
            self.api = None

    def invoke(self, event):
        """What the function makes of an event. Raises OSError when it fails or takes too long."""
        with self.one_at_a_time:
            api = self.api
            api.events.put(event)
            try:
                kind, body = api.answers.get(timeout=self.timeout + LATER)
            except queue.Empty:
                raise TimeoutError(self.name) from None
        if kind != "response":
            raise OSError(f"{self.name}: {kind} {body[:200]}")
        return json.loads(body)

    def post(self, path, body, headers, ready=None):
        """As a server's `post`, by way of an event of API Gateway."""
        if ready:
            ready()
        event = json.loads((EVENTS / "push-zipfile.json").read_text())
        version = path.split("/")[4:5]
        answer = self.invoke(event | {
            "path": path,
            "resource": "/v2/{organization}/zipfile" + ("/{version}" if version else ""),
            "pathParameters": {"organization": path.split("/")[2]} | ({"version": version[0]} if version else {}),
            "headers": headers,
            "multiValueHeaders": {name: [value] for name, value in headers.items()},
            "body": base64.b64encode(body).decode(),
            "isBase64Encoded": True,
        })
        return fleet.Answer(answer["statusCode"], answer.get("headers") or {}, json.loads(answer["body"]))

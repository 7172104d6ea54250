"""Sends an event to a function under the emulator, and the same upload to the server, and compares the answers:
lambda_event.py EVENT.json EMULATOR_URL SERVER_URL"""
import base64
import json
import sys
import urllib.request

event_file, emulator, server = sys.argv[1:]
event = json.load(open(event_file))
invoke = f"{emulator}/2015-03-31/functions/function/invocations"
answered = json.load(urllib.request.urlopen(urllib.request.Request(invoke, json.dumps(event).encode()), timeout=60))
print("function:", answered["statusCode"], answered["body"])

# Another release, so that both can succeed; all else must be the same.
headers = {name: event["headers"][name] for name in ("Authorization", "Content-Type")}
path = event["path"].rsplit("/", 1)[0] + "/1.0.1"
request = urllib.request.Request(server + path, base64.b64decode(event["body"]), headers)
body = urllib.request.urlopen(request, timeout=60).read().decode()
print("server:  ", 200, body)

same = json.loads(answered["body"]) | {"version": "1.0.1"} == json.loads(body)
print("same answer but for the version:", same)
sys.exit(not (same and answered["statusCode"] == 200))

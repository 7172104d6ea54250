"""The functions: packages.py FOLDER [--judge-sizes], where `sam build` put them. Prints for each the size of its zip, memory,
time-out, the newest version of the C library that it asks for, and what its role allows. Ends with 1 when a binary asks for
more than Lambda has. With --judge-sizes, which is for functions that are built as they are deployed, it says which zips are
over the aim of 4 MB, and ends with 1 when one is over 8; without, it says that sizes are not judged."""
import pathlib
import re
import subprocess
import sys
import tempfile
import zipfile

from samcli.yamlhelper import yaml_parse

AIM, LARGEST = 4_000_000, 8_000_000
NEWEST = (2, 34)  # Amazon Linux 2023
judges_sizes = "--judge-sizes" in sys.argv[2:]
template = yaml_parse(pathlib.Path("template.yaml").read_text())
resources = template["Resources"]


def zipped(binary):
    with tempfile.TemporaryFile() as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as package:
            package.write(binary, "bootstrap")
        return file.tell()


def newest_symbol(binary):
    symbols = subprocess.run(["objdump", "-T", binary], capture_output=True, text=True, check=True).stdout
    return max(tuple(map(int, version.split("."))) for version in re.findall(r"GLIBC_([\d.]+)", symbols))


def flat(value):
    """An intrinsic's text."""
    if isinstance(value, dict):
        return flat(next(iter(value.values())))
    return ".".join(value) if isinstance(value, list) else str(value)


def conditional(value):
    """The condition under which something is there, if any, and the thing."""
    if "Fn::If" in value:
        condition, value, _ = value["Fn::If"]
        return f", if {condition}", value
    return "", value


def allowed(role):
    for condition, policy in map(conditional, resources[role]["Properties"]["Policies"]):
        for statement in policy["PolicyDocument"]["Statement"]:
            actions = statement["Action"]
            actions = ", ".join([actions] if isinstance(actions, str) else actions)
            yield f"{actions} on {flat(statement['Resource'])}{condition}"
    for condition, policy in map(conditional, resources[role]["Properties"]["ManagedPolicyArns"]):
        yield f"{flat(policy)}{condition}"


fits = True
for name, resource in resources.items():
    if resource["Type"] != "AWS::Serverless::Function":
        continue
    binary = pathlib.Path(sys.argv[1], name, "bootstrap")
    size, version = zipped(binary), newest_symbol(binary)
    fits &= version <= NEWEST and (size <= LARGEST or not judges_sizes)
    properties = resource["Properties"]
    print(f"{name}: zip {size / 1e6:.2f} MB, {properties['MemorySize']} MB, {properties['Timeout']} s, "
          f"GLIBC {'.'.join(map(str, version))}{', over the aim' if judges_sizes and size > AIM else ''}")
    for permission in allowed(flat(properties["Role"]).split(".")[0]):
        print(f"    {permission}")
if not judges_sizes:
    print("sizes: NOT JUDGED, as this is no build with link-time optimization; DEPLOYED=1 tests/with-tools.sh template")
sys.exit(not fits)

"""The organizations of the corpus, as omps's configuration: corpus_config.py ORGANIZATIONS.json QUAY_URL"""
import json
import sys


def toml(value):
    if isinstance(value, list):
        return "[" + ", ".join(toml(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {toml(item)}" for key, item in value.items()) + "}"
    return json.dumps(value)  # strings and booleans are written alike


organizations, quay = sys.argv[1:]
print(f'[ProdConfig]\nquay_url = "{quay}"\nrelease_format = "app-registry"\nmax_content_length = {64 << 20}')
for name, rules in json.load(open(organizations)).items():
    print(f"\n[ProdConfig.organizations.{name}]")
    for key, value in rules.items():
        print(f"{key} = {toml(value)}")

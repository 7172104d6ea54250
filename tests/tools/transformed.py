"""What SAM makes of a template before CloudFormation sees it, as JSON: transformed.py TEMPLATE. A circle of references, for
one, is not in the template itself."""
import json
import logging
import os
import sys

from samcli.yamlhelper import yaml_parse
from samtranslator.translator.transform import transform


class NoPolicies:
    """The template names no policies of SAM's."""

    def load(self):
        return {}


logging.disable()
os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")
template = yaml_parse(open(sys.argv[1]).read())
# As after `sam package`.
for resource in template["Resources"].values():
    for code in ("CodeUri", "ContentUri"):
        if code in resource["Properties"]:
            resource["Properties"][code] = "s3://omps-packages/" + resource["Properties"][code].replace("/", "-")
transformed = transform(template, {}, NoPolicies())
# SAM puts this one in place by its value.
transformed["Metadata"]["cfn-lint"] = {"config": {"ignore_checks": ["W2001"]}}
json.dump(transformed, sys.stdout, indent=1)

"""Names that two stacks of one account would both use: names.py TRANSFORMED. Reads what SAM makes of the template, and gives it
to three stacks: two in one region, and one of the same name in another region."""
import collections
import json
import re
import sys

STACKS = [("omps", "eu-central-1"), ("omps-staging", "eu-central-1"), ("omps", "us-east-1")]
# Where a resource's own name is, and among which resources it must be the only one.
OWN_NAMES = {
    ("AWS::ApiGateway::RestApi", "Name"): "region",  # alarms find the API by it
    ("AWS::AppConfig::Application", "Name"): "region",
    ("AWS::CloudWatch::Dashboard", "DashboardName"): "account",
    ("AWS::Lambda::LayerVersion", "LayerName"): "region",
    ("AWS::Logs::LogGroup", "LogGroupName"): "region",
}
# Names that are unique within another resource of the stack, or that refer to one, or to a parameter.
OTHER_NAMES = {
    ("AWS::ApiGateway::BasePathMapping", "DomainName"),
    ("AWS::ApiGateway::DomainName", "DomainName"),
    ("AWS::ApiGateway::Stage", "StageName"),
    ("AWS::AppConfig::ConfigurationProfile", "Name"),
    ("AWS::CloudWatch::Alarm", "MetricName"),
    ("AWS::CodeDeploy::DeploymentGroup", "ApplicationName"),
    ("AWS::CodeDeploy::DeploymentGroup", "DeploymentConfigName"),
    ("AWS::Lambda::Alias", "FunctionName"),
    ("AWS::Lambda::Alias", "Name"),
    ("AWS::Lambda::EventSourceMapping", "FunctionName"),
    ("AWS::Lambda::Permission", "FunctionName"),
    ("AWS::Lambda::Version", "FunctionName"),
    ("AWS::Route53::RecordSet", "Name"),
}


class Stack:
    """A stack, as far as its names depend on it."""

    def __init__(self, name, region):
        self.name, self.region = name, region
        self.known = {
            "AWS::StackName": name, "AWS::Region": region, "AWS::AccountId": "123456789012", "AWS::Partition": "aws",
            "AWS::StackId": f"arn:aws:cloudformation:{region}:123456789012:stack/{name}/id-of-{name}-in-{region}"}

    def resolve(self, value):
        """The text that CloudFormation makes of `value`."""
        match value:
            case str():
                return value
            case {"Ref": name}:
                return self.known[name]
            case {"Fn::Sub": str(text)}:
                return re.sub(r"\$\{([^}]+)\}", lambda found: self.known[found[1]], text)
            case {"Fn::Select": [index, {"Fn::Split": [separator, text]}]}:
                return self.resolve(text).split(separator)[int(index)]
        sys.exit(f"names.py cannot resolve {value}")


def names(resources):
    """Type, property and value of every name."""
    for resource_id, resource in resources.items():
        for key, value in resource.get("Properties", {}).items():
            if not key.endswith("Name") or (resource["Type"], key) in OTHER_NAMES:
                continue
            if (resource["Type"], key) not in OWN_NAMES:
                sys.exit(f"{resource_id}: is {key} of {resource['Type']} its own name? Add it to names.py")
            yield resource["Type"], key, value


with open(sys.argv[1]) as file:
    RESOURCES = json.load(file)["Resources"]
users = collections.defaultdict(list)
for stack in (Stack(*stack) for stack in STACKS):
    for kind, key, value in names(RESOURCES):
        scope = stack.region if OWN_NAMES[kind, key] == "region" else "the account"
        users[kind, stack.resolve(value), scope].append(f"{stack.name} in {stack.region}")
collisions = {name: stacks for name, stacks in users.items() if len(stacks) > 1}
for (kind, name, scope), stacks in collisions.items():
    print(f"{kind} '{name}' in {scope}: named by {' and '.join(stacks)}")
print(f"{len(users)} names of {len(STACKS)} stacks, {len(collisions)} collisions")
sys.exit(bool(collisions))

//! Checks that no role allows more than its function requires.

use serde_json::{Value, json};

use super::{
    Function, LEDGER_FUNCTIONS, LEDGER_READER, PUSH_EVENT, PUSH_FUNCTIONS, all, functions,
    resources_of, template, texts,
};

const SECRETS: &str = "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:${SecretsPrefix}/*";
const EVENT_BUS: &str =
    "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:event-bus/default";
const UPLOADS: &str = "${UploadBucket.Arn}/uploads/*";
const ZIPS: &str = "${UploadBucket.Arn}/v2/*";

#[test]
fn a_role_allows_exactly_what_its_function_requires() {
    let template = template();
    for function in functions(&template) {
        let name = &function.name;
        let role = format!("{}Role", function.resource);
        assert_eq!(function.properties["Role"], format!("{role}.Arn"), "{name}");
        let role = &template["Resources"][role]["Properties"];

        let statements: Vec<Value> = all("Statement", &role["Policies"])
            .into_iter()
            .flat_map(|statements| statements.as_array().expect("statements").clone())
            .collect();

        assert_eq!(statements, needed(&function), "{name}");
        let mut managed = vec![
            json!(["HasTracing", "TracingPolicy", "AWS::NoValue"]),
            json!(["HasVpc", "VpcPolicy", "AWS::NoValue"]),
        ];
        if LEDGER_FUNCTIONS.contains(&name.as_str()) {
            managed.push(json!(["HasKmsKey", "DecryptPolicy", "AWS::NoValue"]));
        }
        assert_eq!(role["ManagedPolicyArns"], json!(managed), "{name}");
    }
}

/// The statements that a function's own policies must have.
fn needed(function: &Function) -> Vec<Value> {
    let name = function.name.as_str();
    let logs = json!(["logs:CreateLogStream", "logs:PutLogEvents"]);
    let mut needed = vec![allow(&logs, &format!("{}Logs.Arn", function.resource))];
    if PUSH_FUNCTIONS.contains(&name) {
        needed.push(allow(&json!("secretsmanager:GetSecretValue"), SECRETS));
    }
    // Without this permission, S3 answers 403 instead of 404 for a missing object.
    let list = || allow(&json!("s3:ListBucket"), "UploadBucket.Arn");
    let read = json!(["s3:GetObject", "s3:GetObjectVersion"]);
    let use_up = json!(["s3:GetObject", "s3:GetObjectVersion", "s3:DeleteObject"]);
    let receive = json!([
        "sqs:ReceiveMessage",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes"
    ]);
    needed.extend(match name {
        "create-upload" => vec![
            allow(&json!("s3:PutObject"), UPLOADS),
            allow(&json!("kms:GenerateDataKey"), "KmsKeyArn"),
        ],
        "push-zipfile" => vec![allow(&use_up, UPLOADS), list()],
        PUSH_EVENT => vec![
            allow(&receive, "PushQueue.Arn"),
            allow(&read, ZIPS),
            list(),
            allow(&json!("events:PutEvents"), EVENT_BUS),
        ],
        _ => Vec::new(),
    });
    if LEDGER_FUNCTIONS.contains(&name) {
        let actions = match name {
            LEDGER_READER => json!("dynamodb:GetItem"),
            _ => json!(["dynamodb:GetItem", "dynamodb:PutItem"]),
        };
        needed.push(allow(&actions, "LedgerTable.Arn"));
    }
    needed
}

fn allow(action: &Value, resource: &str) -> Value {
    json!({"Effect": "Allow", "Action": action, "Resource": resource})
}

#[test]
fn only_traces_and_descriptions_of_the_network_are_allowed_on_any_resource() {
    let template = template();
    let resources = template["Resources"].as_object().expect("resources");
    let unbounded: Vec<(&str, &Value)> = resources
        .iter()
        .flat_map(|(name, resource)| {
            all("Statement", resource)
                .into_iter()
                .flat_map(|statements| statements.as_array().expect("statements"))
                .filter(|statement| statement["Effect"] == "Allow")
                .filter(|statement| texts(&statement["Resource"]).contains(&"*"))
                .map(move |statement| (name.as_str(), &statement["Action"]))
        })
        .collect();

    let traces = json!(["xray:PutTraceSegments", "xray:PutTelemetryRecords"]);
    let network = json!(["ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"]);
    assert_eq!(
        unbounded,
        [("TracingPolicy", &traces), ("VpcPolicy", &network)]
    );
    for (policy, condition) in [("TracingPolicy", "HasTracing"), ("VpcPolicy", "HasVpc")] {
        assert_eq!(template["Resources"][policy]["Condition"], condition);
    }
}

#[test]
fn only_functions_that_read_secrets_zips_or_the_ledger_may_decrypt_with_the_key() {
    let policy = &template()["Resources"]["DecryptPolicy"];

    let statement = json!([{"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "KmsKeyArn"}]);
    assert_eq!(
        policy["Properties"]["PolicyDocument"]["Statement"],
        statement
    );
    assert_eq!(policy["Condition"], "HasKmsKey");
}

#[test]
fn every_role_has_the_permissions_boundary() {
    let template = template();
    let roles = resources_of(&template, "AWS::IAM::Role");
    let wanted = json!([
        "HasPermissionsBoundary",
        "PermissionsBoundaryArn",
        "AWS::NoValue"
    ]);

    assert_eq!(roles.len(), functions(&template).len() + 2);
    for (name, role) in roles {
        assert_eq!(role["Properties"]["PermissionsBoundary"], wanted, "{name}");
    }
    // Without a role, SAM would create one that has no boundary.
    let preference = &template["Globals"]["Function"]["DeploymentPreference"];
    assert_eq!(preference["Role"], "DeploymentRole.Arn");
}

#[test]
fn only_the_push_functions_may_read_secrets() {
    for function in functions(&template()) {
        let prefix = &function.properties["Environment"]["Variables"]["OMPS_SECRETS_PREFIX"];
        let wanted = PUSH_FUNCTIONS
            .contains(&function.name.as_str())
            .then_some("SecretsPrefix");
        assert_eq!(prefix.as_str(), wanted, "{}", function.name);
    }
}

#[test]
fn only_pushes_deletions_and_the_list_of_releases_may_use_the_ledger() {
    for function in functions(&template()) {
        let table = &function.properties["Environment"]["Variables"]["OMPS_LEDGER_TABLE"];
        let wanted = LEDGER_FUNCTIONS
            .contains(&function.name.as_str())
            .then_some("LedgerTable");
        assert_eq!(table.as_str(), wanted, "{}", function.name);
    }
}

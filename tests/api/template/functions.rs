//! The properties that every function must have, and the rule that a changed parameter gives it a new version.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Function, PUSH_EVENT, all, functions, resources_of, template, text, texts};

/// Lambda's limit for the description of a function, a version or a layer.
const LONGEST_DESCRIPTION: usize = 256;
/// The longest value of a parameter, and the longest name of a stack.
const LONGEST_PARAMETER: usize = 4096;
const LONGEST_STACK_NAME: usize = 128;
/// Properties that belong to a function and not to its versions: Lambda and CodeDeploy apply them at once.
const UNVERSIONED_PROPERTIES: [&str; 2] = ["DeploymentPreference", "ReservedConcurrentExecutions"];

#[test]
fn every_function_has_memory_a_timeout_and_logs_that_expire() {
    let template = template();
    for Function {
        name,
        resource,
        properties,
        ..
    } in functions(&template)
    {
        assert!(properties["MemorySize"].is_u64(), "{name}");
        let most = if name == PUSH_EVENT { 120 } else { 29 };
        assert!(properties["Timeout"].as_u64() <= Some(most), "{name}");
        let logging = json!({"LogFormat": "JSON", "LogGroup": format!("{resource}Logs")});
        assert_eq!(properties["LoggingConfig"], logging, "{name}");
        let logs = &template["Resources"][format!("{resource}Logs")]["Properties"];
        let group = format!("/omps/${{AWS::StackName}}/{name}");
        let wanted = json!({
            "LogGroupName": group,
            "RetentionInDays": "LogRetentionDays",
            "KmsKeyId": ["HasKmsKey", "KmsKeyArn", "AWS::NoValue"],
        });
        assert_eq!(*logs, wanted, "{name}");
    }
}

#[test]
fn every_description_fits_whatever_the_parameters() {
    let template = template();
    let functions = resources_of(&template, "AWS::Serverless::Function");
    let layers = resources_of(&template, "AWS::Serverless::LayerVersion");

    assert!(!functions.is_empty() && !layers.is_empty());
    for (name, resource) in functions.into_iter().chain(layers) {
        for key in ["Description", "VersionDescription"] {
            for description in all(key, resource) {
                let longest = longest(text(description), &template);
                assert!(
                    longest <= LONGEST_DESCRIPTION,
                    "{name}: {key} may have {longest} characters"
                );
            }
        }
    }
}

/// The largest length of a `!Sub` text, with the longest value for each reference.
fn longest(text: &str, template: &Value) -> usize {
    let mut parts = text.split("${");
    let fixed = parts.next().expect("a first part").chars().count();
    let rest = parts.map(|part| {
        let (reference, after) = part.split_once('}').expect("an end");
        let length = match reference {
            "AWS::StackName" => LONGEST_STACK_NAME,
            "ConfigurationRevision.VersionNumber" => u64::MAX.to_string().len(),
            parameter => {
                let parameter = &template["Parameters"][parameter];
                assert!(parameter.is_object(), "how long may {reference} be?");
                let most = parameter["MaxLength"].as_u64();
                most.map_or(LONGEST_PARAMETER, |most| most as usize)
            }
        };
        length + after.chars().count()
    });
    fixed + rest.sum::<usize>()
}

#[test]
fn a_parameter_that_changes_a_function_is_in_the_revision_that_its_version_names() {
    let template = template();
    let named = |value: &Value| -> BTreeSet<String> {
        let parameters = template["Parameters"].as_object().expect("parameters");
        let texts = texts(value);
        let is_named = |name: &&String| {
            let reference = format!("${{{name}}}");
            texts
                .iter()
                .any(|text| text == name || text.contains(&reference))
        };
        parameters.keys().filter(is_named).cloned().collect()
    };
    let of_version = |properties: &Value| {
        let mut properties = properties.as_object().expect("properties").clone();
        for key in UNVERSIONED_PROPERTIES {
            properties.remove(key);
        }
        named(&Value::Object(properties))
    };

    let revision = &template["Resources"]["ConfigurationRevision"]["Properties"]["Content"];
    let mut changing = of_version(&template["Globals"]["Function"]);
    for function in functions(&template) {
        changing.extend(of_version(&function.properties));
        assert_eq!(
            function.properties["VersionDescription"],
            "configuration ${ConfigurationRevision.VersionNumber}",
            "{}",
            function.name
        );
    }

    assert_eq!(named(revision), changing);
}

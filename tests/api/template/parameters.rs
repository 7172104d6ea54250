//! Checks that every parameter is documented and in a group of the console.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use super::{root, template, text, texts};

#[test]
fn the_page_on_deploying_has_every_parameter_with_its_default() {
    let page = fs::read_to_string(root().join("docs/deploying.md")).expect("the page");
    let (_, section) = page.split_once("\n## Parameters\n").expect("the section");
    let (section, _) = section.split_once("\n## ").expect("the next section");
    let template = template();
    let parameters = template["Parameters"].as_object().expect("parameters");

    for (name, parameter) in parameters {
        let default = match &parameter["Default"] {
            Value::String(text) if text.is_empty() => String::new(),
            Value::String(text) => format!("`{text}`"),
            other => format!("`{other}`"),
        };
        let row = format!("| `{name}` | {default}").trim_end().to_owned() + " |";
        assert!(
            section.contains(&row),
            "no row '{row}' in docs/deploying.md"
        );
    }
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    assert_eq!(rows.count(), parameters.len(), "a row of no parameter");
}

#[test]
fn every_parameter_is_in_one_group_of_the_console() {
    let template = template();
    let interface = &template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"];
    let groups = interface.as_array().expect("groups");
    let grouped: Vec<&str> = groups
        .iter()
        .flat_map(|group| texts(&group["Parameters"]))
        .collect();
    let parameters = template["Parameters"].as_object().expect("parameters");

    assert_eq!(grouped.len(), parameters.len());
    let names: BTreeSet<&str> = parameters.keys().map(String::as_str).collect();
    assert_eq!(grouped.into_iter().collect::<BTreeSet<_>>(), names);
}

#[test]
fn settings_of_the_whole_account_are_unchanged_by_default() {
    let template = template();

    assert_eq!(
        template["Parameters"]["ApiGatewayLogRole"]["Default"],
        "existing"
    );
    let account = &template["Resources"]["ApiGatewayAccount"];
    assert_eq!(text(&account["Condition"]), "CreatesApiGatewayLogRole");
}

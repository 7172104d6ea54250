//! `omps catalog show`: the packages of an organization's catalog, or one of them whole.

use std::fmt::Write;

use reqwest::Method;
use reqwest::header::{ACCEPT, HeaderValue};
use serde_json::Value;

use super::super::succeeded;
use super::request;
use crate::Failure;
use crate::arguments::{AnswerForm, PackageForm, ShowCatalog};
use crate::output::{self, Escaped, STRONG, WARNING, json};

pub(super) async fn run(asked: ShowCatalog) -> Result<(), Failure> {
    let place = (&asked.whose, &asked.who, &asked.place);
    let (service, mut request) = request(Method::GET, place, asked.package.as_deref())?;
    let form = asked.place.output;
    if asked.package.is_none() {
        let answer = succeeded(service.send(&request).await?, form)?;
        return output::print(&match form {
            AnswerForm::Json => json::text(&answer.body),
            AnswerForm::Text => list(&answer.body),
        });
    }
    let accepted = match (asked.form, form) {
        (Some(PackageForm::Yaml), _) => "application/yaml",
        (Some(PackageForm::Graph), _) => "text/vnd.mermaid",
        (Some(PackageForm::Jsonl), _) | (None, AnswerForm::Json) => "application/jsonl",
        (None, AnswerForm::Text) => "application/yaml",
    };
    request
        .headers
        .insert(ACCEPT, HeaderValue::from_static(accepted));
    let answer = succeeded(service.send(&request).await?, form)?;
    output::print(&String::from_utf8_lossy(&answer.bytes))
}

fn list(answer: &Value) -> String {
    let text_of = |value: &Value| Escaped(value.as_str().unwrap_or("-")).to_string();
    let mut text = format!("{STRONG}{}{STRONG:#}\n", text_of(&answer["image"]));
    let packages = answer["packages"].as_array().into_iter().flatten();
    for package in packages {
        let _ = writeln!(text, "{}", text_of(&package["package"]));
        for channel in package["channels"].as_array().into_iter().flatten() {
            let is_default = channel["name"] == package["default_channel"];
            let (name, head) = (text_of(&channel["name"]), text_of(&channel["head"]));
            let entries = channel["entries"].as_array().map_or(0, Vec::len);
            let default = if is_default { ", default" } else { "" };
            let _ = writeln!(text, "  {name}: {head} ({entries} in all{default})");
        }
        for bundle in package["withdrawn"].as_array().into_iter().flatten() {
            let _ = writeln!(text, "  withdrawn, and still a step: {}", text_of(bundle));
        }
    }
    for work in answer["pending"].as_array().into_iter().flatten() {
        let parts = [&work["action"], &work["repo"], &work["version"]].map(text_of);
        let reason = work["reason"].as_str().unwrap_or("not done yet");
        let _ = writeln!(
            text,
            "{WARNING}pending{WARNING:#}: {}: {}",
            parts.join(" "),
            Escaped(reason)
        );
    }
    text
}

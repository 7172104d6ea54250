//! `omps catalog rebuild`: what is pending for an organization's catalog is done, and a package's releases are folded in.

use reqwest::Method;
use serde_json::Value;

use super::super::succeeded;
use super::request;
use crate::Failure;
use crate::arguments::{AnswerForm, RebuildCatalog};
use crate::output::{self, ERROR, Escaped, GOOD, json};

pub(super) async fn run(asked: RebuildCatalog) -> Result<(), Failure> {
    let place = (&asked.whose, &asked.who, &asked.place);
    let (service, mut request) = request(Method::POST, place, None)?;
    {
        let mut query = request.url.query_pairs_mut();
        if let Some(package) = &asked.package {
            query.append_pair("package", package);
        }
        if asked.fresh {
            query.append_pair("fresh", "true");
        }
    }
    if request.url.query() == Some("") {
        request.url.set_query(None);
    }
    let form = asked.place.output;
    let answer = succeeded(service.send(&request).await?, form)?;
    output::print(&match form {
        AnswerForm::Json => json::text(&answer.body),
        AnswerForm::Text => for_people(&answer.body),
    })?;
    match answer.body["updated"] == true {
        true => Ok(()),
        false => Err(Failure::Invalid),
    }
}

fn for_people(answer: &Value) -> String {
    let list = |key: &str| answer[key].as_array().cloned().unwrap_or_default();
    let line = |name: &str, value: &Value| {
        let value = value.as_str().unwrap_or("-");
        format!("{name}: {}\n", Escaped(value))
    };
    let added = list("added").into_iter().map(|name| line("added", &name));
    let dropped = list("dropped");
    let dropped = dropped.iter().map(|name| line("dropped", name));
    let skipped = list("skipped").into_iter().map(|skipped| {
        let of = |key: &str| Escaped(skipped[key].as_str().unwrap_or("-")).to_string();
        format!(
            "{ERROR}skipped{ERROR:#}: {}: {}\n",
            of("release"),
            of("message")
        )
    });
    let lines: String = added.chain(dropped).chain(skipped).collect();
    let (style, word) = match answer["updated"] == true {
        true => (GOOD, "up to date"),
        false => (ERROR, "not up to date"),
    };
    let image = answer["image"].as_str().unwrap_or("-");
    format!("{lines}{style}{word}{style:#}: {}\n", Escaped(image))
}

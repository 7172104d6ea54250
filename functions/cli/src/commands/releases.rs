//! `omps releases`: what a repository has, newest first.

use std::fmt::Write;

use reqwest::Method;
use serde_json::Value;

use super::succeeded;
use crate::Failure;
use crate::arguments::{AnswerForm, Releases};
use crate::output::{self, Escaped, STRONG, json};
use crate::service::{Request, Service};
use crate::settings::Settings;

pub(super) async fn run(asked: Releases) -> Result<(), Failure> {
    let settings = Settings::read()?;
    let service = Service::new(&asked.place, &settings)?;
    let organization = settings.organization(&asked.whose)?;
    let url = service.url(&[&organization, &asked.repository, "releases"])?;
    let mut request = Request::new(Method::GET, url);
    if let Some(token) = settings.token(&asked.who)? {
        request = request.by(&token);
    }
    let form = asked.place.output;
    let answer = succeeded(service.send(&request).await?, form)?;
    output::print(&match form {
        AnswerForm::Json => json::text(&answer.body),
        AnswerForm::Text => table(&answer.body),
    })?;
    Ok(())
}

fn table(answer: &Value) -> String {
    let releases = answer["releases"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    if releases.is_empty() {
        return "no releases\n".to_owned();
    }
    let mut text = format!(
        "{STRONG}{:<12} {:<20} IMAGE{STRONG:#}\n",
        "VERSION", "PUSHED"
    );
    for release in releases {
        let of = |value: &Value, key: &str| Escaped(value[key].as_str().unwrap_or("-")).to_string();
        let (version, time, image) = (
            of(release, "version"),
            of(release, "pushed_at"),
            of(release, "image"),
        );
        let _ = writeln!(text, "{version:<12} {time:<20} {image}");
        for bundle in release["bundles"].as_array().into_iter().flatten() {
            let (name, digest) = (of(bundle, "name"), of(bundle, "digest"));
            let _ = writeln!(text, "  {name}  {digest}");
        }
    }
    text
}

//! `omps health`: can the service be used, and what it needs.

use reqwest::Method;

use crate::Failure;
use crate::arguments::{AnswerForm, Health};
use crate::output::{self, ERROR, Escaped, GOOD, json};
use crate::service::{Request, Service};
use crate::settings::Settings;

pub(super) async fn run(asked: Health) -> Result<(), Failure> {
    let service = Service::new(&asked.place, &Settings::read()?)?;
    let request = Request::new(Method::GET, service.url(&["health", "ping"])?);
    let answer = service.send(&request).await?;
    let Some(services) = answer.body["services"].as_object() else {
        return Err(Failure::Service(answer.problem()));
    };
    let mut text = String::new();
    for (name, state) in services.iter().filter(|(_, state)| !state.is_null()) {
        let style = if state["ok"] == true { GOOD } else { ERROR };
        let word = if state["ok"] == true { "ok" } else { "down" };
        let details = state["details"].as_str().unwrap_or_default();
        text += &format!(
            "{style}{word}{style:#}: {} ({})\n",
            Escaped(name),
            Escaped(details)
        );
    }
    output::print(&match asked.place.output {
        AnswerForm::Json => json::text(&answer.body),
        AnswerForm::Text => text,
    })?;
    match answer.status.is_success() && answer.body["ok"] == true {
        true => Ok(()),
        false => Err(Failure::Service("the service cannot push now".to_owned())),
    }
}

//! `omps delete`: a release, or all of a repository.

use reqwest::Method;

use super::succeeded;
use crate::Failure;
use crate::arguments::{AnswerForm, Delete};
use crate::output::{self, Escaped, GOOD, json};
use crate::service::{Request, Service};
use crate::settings::Settings;

pub(super) async fn run(asked: Delete) -> Result<(), Failure> {
    let settings = Settings::read()?;
    let organization = settings.organization(&asked.whose)?;
    let token = settings.required_token(&asked.who)?;
    let service = Service::new(&asked.place, &settings)?;
    let mut segments = vec![organization.as_str(), &asked.repository];
    segments.extend(asked.version.as_deref());
    let request = Request::new(Method::DELETE, service.url(&segments)?).by(&token);
    let form = asked.place.output;
    let answer = succeeded(service.send(&request).await?, form)?;
    output::print(&match form {
        AnswerForm::Json => json::text(&answer.body),
        AnswerForm::Text => {
            let deleted = answer.body["deleted"].as_array().into_iter().flatten();
            let deleted: Vec<&str> = deleted.filter_map(|version| version.as_str()).collect();
            let deleted = deleted.join(", ");
            let repository = Escaped(&asked.repository);
            let catalog = output::catalog::text(&answer.body["catalog"]);
            format!(
                "{GOOD}deleted{GOOD:#}: {repository} {}\n{catalog}",
                Escaped(&deleted)
            )
        }
    })?;
    Ok(())
}

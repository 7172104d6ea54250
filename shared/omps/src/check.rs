//! Checks a configuration beyond its text: whether the services answer, and whether they accept the organizations' tokens.
//! Nothing is changed anywhere.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::AUTHORIZATION;

use crate::api::ServiceHealth;
use crate::app::App;
use crate::call::Call;
use crate::deadline::Deadline;
use crate::health;
use crate::names::OrganizationName;
use crate::token::Token;
use crate::upstream::{ANSWER_LIMIT, CallError, Response};
use crate::url::append;

/// The time limit for the checks of one organization, and for those of all services.
const LONGEST: Duration = Duration::from_secs(15);

/// What was checked, and what is wrong with it.
#[derive(Debug)]
pub struct Checked {
    /// A service, the ledger, or a token.
    pub what: String,
    /// The reason, as text for people.
    pub result: Result<(), String>,
}

/// Asks every service that is configured, and the registry about each organization's tokens.
pub async fn online(app: &App) -> Vec<Checked> {
    let services = health::check(Call::new(app, Deadline::after(LONGEST)))
        .await
        .services;
    let mut checked = vec![
        of_service("Koji", services.koji),
        of_service("the registry", services.quay),
    ];
    checked.extend(
        services
            .greenwave
            .map(|greenwave| of_service("Greenwave", greenwave)),
    );
    checked.push(Checked {
        what: "the ledger".to_owned(),
        result: app.ledger.check().await.map_err(|error| error.to_string()),
    });
    for name in app.config.organizations.keys() {
        let Ok(name) = OrganizationName::parse(name) else {
            continue; // the configuration has none
        };
        checked.extend(tokens(Call::new(app, Deadline::after(LONGEST)), &name).await);
    }
    checked
}

fn of_service(name: &str, health: ServiceHealth) -> Checked {
    Checked {
        what: name.to_owned(),
        result: if health.ok {
            Ok(())
        } else {
            Err(health.details)
        },
    }
}

/// The tokens of an organization, as far as it has some.
async fn tokens(call: Call<'_>, name: &OrganizationName) -> Vec<Checked> {
    let of = |what: &str| format!("{what} of organization {name}");
    let tokens = match call.tokens(name).await {
        Ok(tokens) => tokens,
        Err(error) => {
            return vec![Checked {
                what: of("the tokens"),
                result: Err(error.to_string()),
            }];
        }
    };
    let mut checked = Vec::new();
    if let Some(token) = &tokens.quay {
        let known = call.try_token(name, token).await;
        let result = known.map_err(|error| error.message().unwrap_or_else(|| error.to_string()));
        checked.push(Checked {
            what: of("quay_token"),
            result,
        });
    }
    if let Some(oauth) = &tokens.oauth {
        checked.push(Checked {
            what: of("oauth_token"),
            result: knows_user(call, oauth).await,
        });
    } else if let Some(setting) = call.app.organization(name).needs_oauth().next() {
        checked.push(Checked {
            what: of("oauth_token"),
            result: Err(format!("there is none, and {setting} = true requires one")),
        });
    }
    checked
}

/// Whether Quay knows who has this OAuth token. A token without the right to see that is 403, and one that is not valid 401.
async fn knows_user(call: Call<'_>, oauth: &Token) -> Result<(), String> {
    let quay = call.upstream("Quay");
    // Quay's own path ends with a slash.
    let url = append(&call.app.config.quay_url, ["api", "v1", "user", ""]);
    let request = || {
        quay.client()
            .get(url.clone())
            .header(AUTHORIZATION, oauth.header())
    };
    let response = quay.send_repeatable(request, ANSWER_LIMIT).await;
    accepted(response, &[StatusCode::FORBIDDEN])
}

/// What Quay's answer says of a token; these statuses also mean that Quay knows it.
fn accepted(answer: Result<Response, CallError>, known: &[StatusCode]) -> Result<(), String> {
    match answer.map_err(|error| error.to_string())?.status {
        status if status == StatusCode::OK || known.contains(&status) => Ok(()),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err("Quay refuses it".to_owned()),
        status => Err(format!("Quay answered {status}")),
    }
}

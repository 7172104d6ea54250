//! Whether the services that pushes need can be reached.

use std::time::Duration;

use reqwest::{StatusCode, Url};
use serde_json::{Value, json};

use crate::app::App;
use crate::upstream::{ANSWER_LIMIT, Deadline, Upstream, below};

/// The longest time that asking all of them may take.
const LONGEST: Duration = Duration::from_secs(10);

/// What came of asking each service: nothing, or why it cannot be used.
#[derive(Debug)]
pub struct Health {
    koji: Result<(), String>,
    quay: Result<(), String>,
    greenwave: Option<Result<(), String>>,
}

/// Asks every service that is configured, all at once.
pub async fn check(app: &App, deadline: Deadline) -> Health {
    let deadline = deadline.or_after(LONGEST.min(app.config.request_timeout));
    let koji = async {
        let version = app.koji(deadline).api_version().await;
        version.map(|_| ()).map_err(|error| error.to_string())
    };
    let quay = async {
        let version = below(&app.config.quay_url, ["cnr", "version"]);
        tells(app.upstream("Quay", deadline), version, "cnr-api").await
    };
    let greenwave = async {
        let about = app.greenwave(deadline)?.about();
        Some(tells(app.upstream("Greenwave", deadline), about, "version").await)
    };
    let (koji, quay, greenwave) = tokio::join!(koji, quay, greenwave);
    Health {
        koji,
        quay,
        greenwave,
    }
}

/// Whether a service answers with JSON that has a member of that name.
async fn tells(service: Upstream, url: Url, member: &str) -> Result<(), String> {
    let request = || service.client().get(url.clone());
    let response = service
        .send_repeatable(request, ANSWER_LIMIT)
        .await
        .map_err(|error| error.to_string())?;
    if response.status != StatusCode::OK {
        return Err(format!("answered {}", response.status));
    }
    let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    match body.get(member) {
        Some(_) => Ok(()),
        None => Err(format!("its answer is no JSON with '{member}'")),
    }
}

impl Health {
    /// Whether pushes can succeed.
    pub fn is_good(&self) -> bool {
        self.koji.is_ok() && self.quay.is_ok() && !matches!(self.greenwave, Some(Err(_)))
    }

    /// 200, or 503 when a service is down.
    pub fn status(&self) -> StatusCode {
        match self.is_good() {
            true => StatusCode::OK,
            false => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The body of an answer.
    pub fn body(&self) -> Value {
        let service = |result: &Result<(), String>| match result {
            Ok(()) => json!({"ok": true, "details": "It works!"}),
            Err(problem) => json!({"ok": false, "details": problem}),
        };
        json!({
            "ok": self.is_good(),
            "status": self.status().as_u16(),
            "services": {
                "koji": service(&self.koji),
                "quay": service(&self.quay),
                "greenwave": self.greenwave.as_ref().map(service),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_services_that_are_configured_must_work() {
        let down = || Err("answered 502 Bad Gateway".to_owned());
        let cases = [
            (Ok(()), Ok(()), None, 200),
            (Ok(()), Ok(()), Some(Ok(())), 200),
            (down(), Ok(()), None, 503),
            (Ok(()), down(), None, 503),
            (Ok(()), Ok(()), Some(down()), 503),
        ];
        for (koji, quay, greenwave, status) in cases {
            let health = Health {
                koji,
                quay,
                greenwave,
            };
            assert_eq!(health.status(), status, "{health:?}");
        }
    }

    #[test]
    fn the_body_has_the_contracts_keys() {
        let health = Health {
            koji: Err("answered 502 Bad Gateway".to_owned()),
            quay: Ok(()),
            greenwave: None,
        };
        assert_eq!(
            health.body(),
            json!({
                "ok": false,
                "status": 503,
                "services": {
                    "koji": {"ok": false, "details": "answered 502 Bad Gateway"},
                    "quay": {"ok": true, "details": "It works!"},
                    "greenwave": null,
                },
            })
        );
    }
}

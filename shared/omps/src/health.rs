//! Checks whether the services that pushes require can be reached.

use std::time::{Duration, Instant};

use crate::api::{HealthAnswer, ServiceHealth, ServicesHealth};
use crate::call::Call;
use crate::organization::ReleaseFormat;
use crate::registry::{AppRegistry, BundleImages, Registry};

/// The time limit for all checks together.
const LONGEST: Duration = Duration::from_secs(10);

/// The time for which an answer is given again, because the endpoint needs no token.
const LIFETIME: Duration = Duration::from_secs(5);

/// What every configured service answers now, or answered at most five seconds ago. Requests that come meanwhile wait for the
/// same answers.
pub(crate) async fn check(call: Call<'_>) -> HealthAnswer {
    let mut last = call.app.health.lock().await;
    if let Some((ended, answer)) = &*last
        && ended.elapsed() < LIFETIME
    {
        return answer.clone();
    }
    let answer = ask(call).await;
    *last = Some((Instant::now(), answer.clone()));
    answer
}

/// Asks every configured service, all at the same time.
async fn ask(call: Call<'_>) -> HealthAnswer {
    let longest = LONGEST.min(call.app.config.request_timeout);
    let call = Call::new(call.app, call.deadline.or_after(longest));
    let koji = async {
        let version = call.koji().api_version().await;
        version.map(|_| ()).map_err(|error| error.to_string())
    };
    let registry = async {
        let config = &call.app.config;
        match config.release_format {
            ReleaseFormat::AppRegistry => {
                AppRegistry::ping(call.connection(&config.quay_url)).await
            }
            ReleaseFormat::BundleImage => {
                BundleImages::ping(call.connection(config.default_registry_url())).await
            }
        }
    };
    let greenwave = async {
        let about = call.greenwave()?.about();
        Some(
            call.upstream("Greenwave")
                .has_member(about, "version")
                .await,
        )
    };
    let (koji, quay, greenwave) = tokio::join!(koji, registry, greenwave);
    answer(koji, quay, greenwave)
}

/// The answer: 200, or 503 if a service is down.
fn answer(
    koji: Result<(), String>,
    quay: Result<(), String>,
    greenwave: Option<Result<(), String>>,
) -> HealthAnswer {
    let ok = koji.is_ok() && quay.is_ok() && !matches!(greenwave, Some(Err(_)));
    HealthAnswer {
        ok,
        status: if ok { 200 } else { 503 },
        services: ServicesHealth {
            koji: service(koji),
            quay: service(quay),
            greenwave: greenwave.map(service),
        },
    }
}

fn service(result: Result<(), String>) -> ServiceHealth {
    match result {
        Ok(()) => ServiceHealth {
            ok: true,
            details: "It works!".to_owned(),
        },
        Err(problem) => ServiceHealth {
            ok: false,
            details: problem,
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_status_is_503_if_one_configured_service_is_down() {
        let down = || Err("answered 502 Bad Gateway".to_owned());
        let cases = [
            (Ok(()), Ok(()), None, 200),
            (Ok(()), Ok(()), Some(Ok(())), 200),
            (down(), Ok(()), None, 503),
            (Ok(()), down(), None, 503),
            (Ok(()), Ok(()), Some(down()), 503),
        ];
        for (koji, quay, greenwave, status) in cases {
            let health = answer(koji, quay, greenwave);
            assert_eq!(health.status, status, "{health:?}");
        }
    }

    #[test]
    fn the_body_has_the_keys_that_the_contract_names() {
        let health = answer(Err("answered 502 Bad Gateway".to_owned()), Ok(()), None);
        assert_eq!(
            serde_json::to_value(health).unwrap(),
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

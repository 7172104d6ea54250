//! `GET /v2/health/ping`, and the same in v1.

use lambda_http::{run, service_fn};
use omps::app::App;
use omps::handlers::health;
use omps::http::respond;
use omps::http::routes::Endpoint;

#[tokio::main]
async fn main() -> Result<(), lambda_http::Error> {
    let app = &App::from_env()?;
    run(service_fn(|event| {
        respond(app, Endpoint::Health, event, |request| health(app, request))
    }))
    .await
}

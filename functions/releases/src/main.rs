//! `GET /v2/{organization}/{repo}/releases`

use lambda_http::{run, service_fn};
use omps::app::App;
use omps::handlers::releases;
use omps::http::respond;
use omps::http::routes::Endpoint;

#[tokio::main]
async fn main() -> Result<(), lambda_http::Error> {
    let app = &App::from_env()?;
    run(service_fn(|event| {
        respond(app, Endpoint::Releases, event, |request| {
            releases(app, request)
        })
    }))
    .await
}

//! `GET /`, `GET /docs` and `GET /v2/openapi.json`.

use lambda_http::{run, service_fn};
use omps::app::App;
use omps::handlers::page;
use omps::http::respond;
use omps::http::routes::Endpoint;

#[tokio::main]
async fn main() -> Result<(), lambda_http::Error> {
    let app = &App::from_env()?;
    run(service_fn(|event| {
        respond(app, Endpoint::Page, event, page)
    }))
    .await
}

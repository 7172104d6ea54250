//! `POST /v2/{organization}/koji/{nvr}[/{version}]`, and the same in v1.

use lambda_http::{run, service_fn};
use omps::app::App;
use omps::handlers::push_koji;
use omps::http::respond;
use omps::http::routes::Endpoint;

#[tokio::main]
async fn main() -> Result<(), lambda_http::Error> {
    let app = &App::from_env()?;
    app.warm_up();
    run(service_fn(|event| {
        respond(app, Endpoint::PushKoji, event, |request| {
            push_koji(app, request, async { Ok(()) })
        })
    }))
    .await
}

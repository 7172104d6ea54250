//! `POST /v2/{organization}/zipfile[/{version}]`, and the same in v1.

use lambda_http::{run, service_fn};
use omps::app::App;
use omps::handlers::push_zipfile;
use omps::http::respond;
use omps::http::routes::Endpoint;

#[tokio::main]
async fn main() -> Result<(), lambda_http::Error> {
    let app = &App::from_env()?;
    app.warm_up();
    run(service_fn(|event| {
        respond(app, Endpoint::PushZipfile, event, |request| {
            push_zipfile(app, request)
        })
    }))
    .await
}

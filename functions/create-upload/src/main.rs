//! `POST /v2/{organization}/uploads`.

use lambda_http::{run, service_fn};
use omps::app::App;
use omps::handlers::create_upload;
use omps::http::respond;
use omps::http::routes::Endpoint;

#[tokio::main]
async fn main() -> Result<(), lambda_http::Error> {
    let app = &App::from_env()?;
    run(service_fn(|event| {
        respond(app, Endpoint::CreateUpload, event, |request| {
            create_upload(app, request)
        })
    }))
    .await
}

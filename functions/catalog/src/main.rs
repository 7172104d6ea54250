//! `GET /v2/{organization}/catalog[/{package}]` and `POST /v2/{organization}/catalog`

use lambda_http::{run, service_fn};
use omps::app::App;
use omps::error::Error;
use omps::handlers::{list_catalog, rebuild_catalog, show_package};
use omps::http::respond_to_each;
use omps::http::routes::Endpoint;

#[tokio::main]
async fn main() -> Result<(), lambda_http::Error> {
    let app = &App::from_env()?;
    run(service_fn(|event| {
        respond_to_each(app, event, async |endpoint, request| match endpoint {
            Endpoint::ListCatalog => list_catalog(app, request).await,
            Endpoint::ShowPackage => show_package(app, request).await,
            Endpoint::RebuildCatalog => rebuild_catalog(app, request).await,
            _ => Err(Error::elsewhere(&request.path)),
        })
    }))
    .await
}

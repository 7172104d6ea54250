//! `DELETE /v2/{organization}/{repo}[/{version}]`, and v1: one release is deleted, or all.

use super::query;
use crate::app::App;
use crate::call::Call;
use crate::delete;
use crate::error::Error;
use crate::http::{Answer, Reply, Request};
use crate::names::{ReleaseName, RepositoryName};
use crate::organization::ReleaseFormat;
use crate::registry::{AppRegistry, BundleImages, Repository};
use crate::telemetry::audit;

/// Deletes what the path names.
///
/// # Errors
/// Those of [`delete::delete`].
pub async fn delete_release(app: &App, request: Request) -> Answer {
    let call = Call::new(app, request.deadline);
    query::only(&request, &[])?;
    let organization = super::organization(app, &request.params)?;
    let name = RepositoryName::parse(request.params.get("repo").unwrap_or_default())?;
    let release = request.params.get("version").map(ReleaseName::parse);
    let release = release.transpose()?;
    let token = super::token(&request)?;
    let format = app.release_format(&organization);
    let from = Repository { organization, name };
    let result = match format {
        ReleaseFormat::AppRegistry => {
            delete::delete::<AppRegistry>(call, &token, from, release).await
        }
        ReleaseFormat::BundleImage => {
            delete::delete::<BundleImages>(call, &token, from, release).await
        }
    };
    let outcome = result.as_ref().map_or_else(Error::id, |_| "done");
    audit::record("delete", token.user().as_deref(), outcome);
    Reply::ok(&result?)
}

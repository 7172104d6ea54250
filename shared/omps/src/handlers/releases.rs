//! `GET /v2/{organization}/{repo}/releases`: what a repository has, newest first.

use super::query;
use crate::app::App;
use crate::call::Call;
use crate::http::{Answer, Reply, Request};
use crate::names::RepositoryName;
use crate::organization::ReleaseFormat;
use crate::registry::{AppRegistry, BundleImages, Repository};
use crate::releases::list;

/// Lists the releases of the repository that the path names, as the caller sees it.
///
/// # Errors
/// Those of listing releases.
pub async fn releases(app: &App, request: Request) -> Answer {
    let call = Call::new(app, request.deadline);
    query::only(&request, &[])?;
    let organization = super::organization(app, &request.params)?;
    let name = RepositoryName::parse(request.params.get("repo").unwrap_or_default())?;
    let token = super::token(&request)?;
    let format = app.release_format(&organization);
    let of = Repository { organization, name };
    let answer = match format {
        ReleaseFormat::AppRegistry => {
            let registry: AppRegistry = call.registry(&of.organization, &token);
            list(call, &registry, of).await?
        }
        ReleaseFormat::BundleImage => {
            let registry: BundleImages = call.registry(&of.organization, &token);
            list(call, &registry, of).await?
        }
    };
    Reply::ok(&answer)
}

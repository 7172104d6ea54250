//! One function per endpoint: a request in, the JSON of its answer out.

use serde_json::json;

use crate::app::App;
use crate::audit;
use crate::delete;
use crate::error::Error;
use crate::health;
use crate::http::{Answer, Reply, Request};
use crate::names::{Nvr, OrganizationName, ReleaseName, RepositoryName};
use crate::push::{self, PushRequest};
use crate::registry::Repository;
use crate::source::Source;
use crate::token::Token;
use crate::upload;
use crate::upstream::Deadline;

/// The operator-courier release whose verdicts are reproduced.
pub const OPERATOR_COURIER: &str = "2.1.11";

/// `POST /v2/{organization}/zipfile[/{version}]`, and v1 with the repository in the path.
///
/// # Errors
/// Those of a push.
pub async fn push_zipfile(app: &App, request: Request) -> Answer {
    let asked = Asked::read(&request)?;
    let zip = upload::zip_of_form(&request.headers, request.body).await?;
    push(app, asked, Source::Zip(zip)).await
}

/// `POST /v2/{organization}/koji/{nvr}[/{version}]`, and v1 with the repository in the path.
///
/// # Errors
/// Those of a push, of Koji and of Greenwave.
pub async fn push_koji(app: &App, request: Request) -> Answer {
    let asked = Asked::read(&request)?;
    let nvr = Nvr::parse(request.params.get("nvr").unwrap_or_default())?;
    push(app, asked, Source::Koji(nvr)).await
}

/// What every request to push says beside where the archive is.
struct Asked {
    organization: OrganizationName,
    repository: Option<RepositoryName>,
    version: Option<String>,
    full_report: bool,
    token: Token,
    deadline: Deadline,
}

impl Asked {
    fn read(request: &Request) -> Result<Self, Error> {
        let repository = request.params.get("repo").map(RepositoryName::parse);
        Ok(Asked {
            organization: organization(request)?,
            repository: repository.transpose()?,
            version: request.params.get("version").map(str::to_owned),
            full_report: wants_full_report(request)?,
            token: token(request)?,
            deadline: request.deadline,
        })
    }
}

async fn push(app: &App, asked: Asked, source: Source) -> Answer {
    let request = PushRequest {
        organization: asked.organization,
        repository: asked.repository,
        version: asked.version,
        source,
        token: asked.token,
        deadline: asked.deadline,
    };
    let receipt = push::push(app, request).await?;
    Ok(receipt.body(asked.full_report).into())
}

/// `POST /v2/{organization}/validate`: the verdict, as a push would reach it.
///
/// # Errors
/// A bad upload, and manifests without a package name. From there on the verdict is the answer.
pub async fn validate(app: &App, request: Request) -> Answer {
    let organization = organization(&request)?;
    let zip = upload::zip_of_form(&request.headers, request.body).await?;
    let verdict = push::validate(app, &organization, zip).await?;
    let (valid, message, validation_info) = match verdict.result {
        Ok(report) => (
            true,
            "The manifests are valid.".to_owned(),
            report.validation_info(),
        ),
        Err(Error::PackageValidation {
            message,
            validation_info,
        }) => (false, message, *validation_info),
        Err(error) => return Err(error),
    };
    Ok(json!({
        "organization": organization.as_str(),
        "repo": verdict.repo.as_str(),
        "extracted_files": verdict.extracted_files,
        "valid": valid,
        "message": message,
        "validation_info": validation_info,
    })
    .into())
}

/// `DELETE /v2/{organization}/{repo}[/{version}]`, and v1.
///
/// # Errors
/// Those of [`delete::delete`].
pub async fn delete_release(app: &App, request: Request) -> Answer {
    let organization = organization(&request)?;
    let name = RepositoryName::parse(request.params.get("repo").unwrap_or_default())?;
    let release = request
        .params
        .get("version")
        .map(ReleaseName::parse)
        .transpose()?;
    let token = token(&request)?;
    let registry = app.registry(
        &app.organization(&organization),
        token.clone(),
        request.deadline,
    );
    let result = delete::delete(&registry, Repository { organization, name }, release).await;
    audit::record("delete", &token, &result);
    Ok(serde_json::to_value(result?).unwrap_or_default().into())
}

/// `GET /v2/health/ping`, and v1. A service that is down makes the status 503, and is no error of this one.
///
/// # Errors
/// None.
pub async fn health(app: &App, request: Request) -> Answer {
    let health = health::check(app, request.deadline).await;
    Ok(Reply {
        status: health.status(),
        ..health.body().into()
    })
}

/// `GET /v2/about`, and v1.
///
/// # Errors
/// None.
pub async fn about(_: Request) -> Answer {
    Ok(json!({"version": env!("CARGO_PKG_VERSION"), "operatorcourier": OPERATOR_COURIER}).into())
}

fn organization(request: &Request) -> Result<OrganizationName, Error> {
    Ok(OrganizationName::parse(
        request.params.get("organization").unwrap_or_default(),
    )?)
}

fn token(request: &Request) -> Result<Token, Error> {
    request
        .token
        .clone()
        .ok_or_else(|| Error::AuthorizationRequired("this endpoint".to_owned()))
}

/// `?report=full` asks for warnings and findings on success, too.
fn wants_full_report(request: &Request) -> Result<bool, Error> {
    let query = request.query.as_deref().unwrap_or_default();
    match query
        .split('&')
        .find_map(|pair| pair.strip_prefix("report="))
    {
        None => Ok(false),
        Some("full") => Ok(true),
        Some(other) => {
            let other: String = other.chars().take(40).collect();
            Err(Error::BadRequest(format!(
                "report={other:?} is not known; wanted report=full"
            )))
        }
    }
}

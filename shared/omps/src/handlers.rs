//! One function per endpoint: a request in, the JSON of its answer out.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::app::App;
use crate::audit;
use crate::delete;
use crate::error::Error;
use crate::form;
use crate::health;
use crate::http::{Answer, Reply, Request};
use crate::ledger::{Claim, Claimed};
use crate::names::{Nvr, OrganizationName, ReleaseName, RepositoryName};
use crate::push::{self, PushRequest, Receipt};
use crate::registry::Repository;
use crate::routes::Params;
use crate::source::Source;
use crate::token::Token;
use crate::uploads::{Landing, UploadError, UploadId, Uploads};
use crate::upstream::Deadline;

/// The operator-courier release whose verdicts are reproduced.
pub const OPERATOR_COURIER: &str = "2.1.11";

/// `POST /v2/{organization}/zipfile[/{version}]`, and v1 with the repository in the path.
///
/// # Errors
/// Those of a push.
pub async fn push_zipfile(app: &App, request: Request) -> Answer {
    let asked = Asked::read(&request)?;
    match &app.uploads {
        Some(uploads) if form::is_json(&request.headers) => {
            push_upload(app, uploads, asked, &request.body).await
        }
        _ => {
            let zip = form::zip_of_form(&request.headers, request.body).await?;
            let full_report = asked.full_report;
            let receipt = push(app, asked, Source::Zip(zip), None).await?;
            Ok(receipt.body(full_report).into())
        }
    }
}

/// What stands in the place of a form when the zip was uploaded before.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ByUpload {
    upload: String,
}

/// Pushes an upload, and with that uses it up.
async fn push_upload(app: &App, uploads: &Uploads, asked: Asked, body: &[u8]) -> Answer {
    let ByUpload { upload } = json_in(body)?;
    let unknown = |upload| UploadError::NotFound(upload);
    let id = UploadId::parse(&upload).ok_or_else(|| unknown(upload.escape_debug().collect()))?;
    let organization = asked.organization.clone();
    let limit = app.config.max_archive_size();
    let zip = uploads.read(&organization, id, limit).await?;
    let key = format!("{organization}/upload/{id}");
    let claim = match app.ledger.claim(key, asked.deadline).await? {
        Claimed::Ours(claim) => claim,
        Claimed::Done(_) => return Err(unknown(upload).into()),
        Claimed::Busy => {
            let message = format!("Upload {id} is being pushed by another request");
            return Err(Error::ServiceUnavailable(message));
        }
    };
    let full_report = asked.full_report;
    match push(app, asked, Source::Zip(zip), Some(&claim)).await {
        Ok(receipt) => {
            claim.done(&receipt.repo, &receipt.version).await;
            uploads.remove(&organization, id).await;
            Ok(receipt.body(full_report).into())
        }
        Err(error) => {
            claim.release().await;
            Err(error)
        }
    }
}

/// `POST /v2/{organization}/uploads`: where to put a zip that is too big for a request.
///
/// # Errors
/// `NotFound` for a service that takes no uploads.
pub async fn uploads(app: &App, request: Request) -> Answer {
    #[derive(Deserialize, Default)]
    #[serde(deny_unknown_fields)]
    struct Wanted {
        size: Option<u64>,
    }
    let organization = organization(&request)?;
    let uploads = app
        .uploads
        .as_ref()
        .ok_or_else(|| Error::NotFound(format!("/v2/{organization}/uploads")))?;
    let wanted: Wanted = match request.body.is_empty() {
        true => Wanted::default(),
        false => json_in(&request.body)?,
    };
    let limit = app.config.max_archive_size();
    let place = uploads.create(&organization, wanted.size, limit).await?;
    Ok(serde_json::to_value(place).unwrap_or_default().into())
}

/// `PUT /v2/{organization}/uploads/{upload}`, before its body is read: where that is to go.
///
/// # Errors
/// `OMPSUploadedFileError` when nothing is expected there.
pub fn landing(app: &App, params: &Params) -> Result<Landing, Error> {
    let param = |name| params.get(name).unwrap_or_default();
    let organization = OrganizationName::parse(param("organization"))?;
    let upload = param("upload");
    let unknown = || UploadError::NotFound(upload.escape_debug().collect());
    match (UploadId::parse(upload), &app.uploads) {
        (Some(id), Some(Uploads::Spool(spool))) => {
            Ok(spool.land(&organization, id, app.config.max_archive_size())?)
        }
        _ => Err(unknown().into()),
    }
}

/// `PUT /v2/{organization}/uploads/{upload}`, whose body has landed.
///
/// # Errors
/// None.
pub async fn put_upload(request: Request) -> Answer {
    Ok(json!({"upload": request.params.get("upload")}).into())
}

/// Reads a body in JSON.
fn json_in<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(body).map_err(|error| {
        Error::BadRequest(format!("the JSON in the body is not as wanted: {error}"))
    })
}

/// `POST /v2/{organization}/koji/{nvr}[/{version}]`, and v1 with the repository in the path.
///
/// # Errors
/// Those of a push, of Koji and of Greenwave.
pub async fn push_koji(app: &App, request: Request) -> Answer {
    let asked = Asked::read(&request)?;
    let nvr = Nvr::parse(request.params.get("nvr").unwrap_or_default())?;
    let full_report = asked.full_report;
    let receipt = push(app, asked, Source::Koji(nvr), None).await?;
    Ok(receipt.body(full_report).into())
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

async fn push(
    app: &App,
    asked: Asked,
    source: Source,
    claim: Option<&Claim>,
) -> Result<Receipt, Error> {
    let request = PushRequest {
        organization: asked.organization,
        repository: asked.repository,
        version: asked.version,
        source,
        token: asked.token,
        deadline: asked.deadline,
        claim,
    };
    push::push(app, request).await
}

/// `POST /v2/{organization}/validate`: the verdict, as a push would reach it.
///
/// # Errors
/// A bad upload, and manifests without a package name. From there on the verdict is the answer.
pub async fn validate(app: &App, request: Request) -> Answer {
    let organization = organization(&request)?;
    let zip = form::zip_of_form(&request.headers, request.body).await?;
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

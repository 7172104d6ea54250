//! `POST /v2/{organization}/zipfile[/{version}]` and `POST /v2/{organization}/koji/{nvr}[/{version}]`, and v1 with the
//! repository in the path: what a request says becomes a push.

use http::HeaderName;

use super::query;
use crate::api::PushUpload;
use crate::app::App;
use crate::call::Call;
use crate::digest::sha256;
use crate::error::Error;
use crate::http::{Answer, Reply, Request, form};
use crate::names::{Nvr, RepositoryName};
use crate::push::{self, Identity, Kind, PushRequest, Pushed};
use crate::source::Source;
use crate::uploads::{UploadError, UploadId};

/// Makes a push that is sent again the same push.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The answer to JSON where no upload can be.
const UPLOADS_NOT_CONFIGURED: &str = "No field \"file\" with a zip in the request: the body is JSON, and this service takes no uploads, because neither upload_dir with public_url nor upload_bucket is configured";
/// The longest key, in characters.
const LONGEST_KEY: usize = 255;

/// Pushes the zip of a form, or an upload that the body names.
///
/// # Errors
/// Those of a push.
pub async fn push_zipfile(app: &App, mut request: Request) -> Answer {
    let body = std::mem::take(&mut request.body);
    let source = match form::is_json(&request.headers) {
        true if app.uploads.is_none() => {
            return Err(Error::ExpectedFile(UPLOADS_NOT_CONFIGURED.to_owned()));
        }
        true => {
            let PushUpload { upload } = super::json_in(&body)?;
            let unknown = || UploadError::NotFound(upload.escape_debug().collect());
            Source::Upload(UploadId::parse(&upload).ok_or_else(unknown)?)
        }
        false => Source::Zip(form::zip_of_form(&request.headers, &body)?),
    };
    push(app, &request, source, async { Ok(()) }).await
}

/// Pushes the archive that a build in Koji made. It waits for the registry, Koji and Greenwave first, and only then for
/// its `worker`.
///
/// # Errors
/// Those of a push, of Koji and of Greenwave.
pub async fn push_koji<W: Send + Sync + 'static>(
    app: &App,
    request: Request,
    worker: impl Future<Output = Result<W, Error>>,
) -> Answer {
    let nvr = Nvr::parse(request.params.get("nvr").unwrap_or_default())?;
    push(app, &request, Source::Build(nvr), worker).await
}

async fn push<W: Send + Sync + 'static>(
    app: &App,
    request: &Request,
    source: Source,
    worker: impl Future<Output = Result<W, Error>>,
) -> Answer {
    query::only(request, &["report", "catalog", "validation", "dry_run"])?;
    let dry_run = query::asks_for(request, "dry_run", "true")?;
    let identity = identity(app, request, &source)?;
    let repository = request.params.get("repo").map(RepositoryName::parse);
    let asked = PushRequest {
        organization: super::organization(app, &request.params)?,
        repository: repository.transpose()?,
        version: request.params.get("version").map(str::to_owned),
        full_report: query::asks_for(request, "report", "full")?,
        with_catalog: query::asks_for(request, "catalog", "true")?,
        validation: query::validation(request)?,
        token: super::token(request)?,
        // A dry run is no push that could come again, and neither uses up its upload.
        identity: identity.filter(|_| !dry_run),
        dry_run,
        source,
    };
    match push::push(Call::new(app, request.deadline), asked, worker).await? {
        Pushed::Now(answer) => Reply::ok(&answer),
        Pushed::Before(answer) => Ok(Reply::replayed(answer)),
    }
}

/// By what a request is known when it comes again: its upload, which is pushed once, or the key that the caller gave it.
fn identity(app: &App, request: &Request, source: &Source) -> Result<Option<Identity>, Error> {
    let organization = super::organization(app, &request.params)?;
    let query = request.query.as_deref().unwrap_or_default();
    let content = sha256(format!("{} {}?{query}", source.name(), request.path).as_bytes());
    let key = idempotency_key(request)?;
    Ok(match (source, key) {
        (Source::Upload(_), _) => Some(Identity {
            kind: Kind::Upload,
            key: format!("{organization}/{}", source.name()),
            content,
        }),
        (_, Some(key)) => {
            // Another caller's key is another key, and neither key nor token is written down.
            let caller = super::token(request)?.header();
            let caller = sha256(caller.as_bytes());
            Some(Identity {
                kind: Kind::Key,
                key: format!(
                    "{organization}/key/{}",
                    sha256(format!("{caller} {key}").as_bytes())
                ),
                content,
            })
        }
        (_, None) => None,
    })
}

fn idempotency_key(request: &Request) -> Result<Option<&str>, Error> {
    let Some(value) = request.headers.get(IDEMPOTENCY_KEY) else {
        return Ok(None);
    };
    let is_valid = |key: &&str| {
        (1..=LONGEST_KEY).contains(&key.len())
            && key.bytes().all(|byte| (b' '..=b'~').contains(&byte))
    };
    match value.to_str().ok().filter(is_valid) {
        Some(key) => Ok(Some(key)),
        None => Err(Error::BadRequest(format!(
            "Idempotency-Key has {} bytes, or a character that is not printable ASCII; it must have 1 to {LONGEST_KEY} printable ASCII characters",
            value.len()
        ))),
    }
}

//! The story of a push: from an archive to a release that clusters can install.

use std::sync::Arc;

use bytes::Bytes;
use omps_operator::manifests::package_name::PackageName;
use omps_operator::report::{Finding, Report, Severity};
use omps_operator::{Limits, Operator};
use serde::Serialize;
use serde_json::json;

use crate::app::App;
use crate::audit;
use crate::error::Error;
use crate::ledger::Claim;
use crate::metrics;
use crate::names::{Nvr, OrganizationName, RepositoryName};
use crate::organization::Organization;
use crate::publish::Publishing;
use crate::registry::{Blob, Registry, RegistryError, Repository};
use crate::release::ReleaseVersion;
use crate::source::Source;
use crate::telemetry;
use crate::token::Token;
use crate::upstream::Deadline;

/// How many versions a push without one may try, when others take them first.
const VERSION_TRIES: usize = 5;

/// What is asked for.
pub struct PushRequest<'a> {
    /// Whose rules apply, and where the release goes.
    pub organization: OrganizationName,
    /// The repository; absent: the one that has the package's name.
    pub repository: Option<RepositoryName>,
    /// The release, as written in the path; absent: the next one.
    pub version: Option<String>,
    /// Where the archive is.
    pub source: Source,
    /// The caller's token.
    pub token: Token,
    /// When it must be done.
    pub deadline: Deadline,
    /// The right to do it, where it may be asked for more than once.
    pub claim: Option<&'a Claim>,
}

/// What came of it.
#[derive(Debug, Serialize)]
pub struct Receipt {
    /// The organization.
    pub organization: OrganizationName,
    /// The repository.
    pub repo: RepositoryName,
    /// The release.
    pub version: String,
    /// The build that made the archive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nvr: Option<Nvr>,
    /// Every file of the archive.
    pub extracted_files: Vec<String>,
    /// What the push left undone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// What the verdict found without refusing.
    #[serde(skip)]
    pub report: Report,
}

/// Makes an archive a release.
///
/// # Errors
/// In the order of the steps; nothing was pushed unless the error says so.
pub async fn push(app: &App, request: PushRequest<'_>) -> Result<Receipt, Error> {
    let token = request.token.clone();
    // In a box: it is large, and part of every handler's future.
    let result = Box::pin(release(app, request)).await;
    audit::record("push", &token, &result);
    if result.is_ok() {
        metrics::count_push();
    }
    result
}

async fn release(app: &App, request: PushRequest<'_>) -> Result<Receipt, Error> {
    telemetry::note("organization", request.organization.as_str());
    let organization = app.organization(&request.organization);
    let nvr = request.source.nvr().cloned();
    if let Some(nvr) = &nvr {
        telemetry::note("nvr", nvr.as_str());
    }
    let zip = request.source.fetch(app, request.deadline).await?;
    let operator = open(app, zip).await?;
    let extracted_files = operator.file_names();

    let name = request
        .repository
        .map_or_else(|| repository_of(operator.package(), &organization), Ok)?;
    let repository = Repository {
        organization: request.organization,
        name,
    };
    telemetry::note("repo", repository.name.as_str());
    let registry = app.registry(&organization, request.token, request.deadline);

    // The verdict costs CPU, the releases cost waiting: both at once. A version that cannot be is told first.
    let (version, prepared, publishing) = tokio::join!(
        choose_version(app, &registry, &repository, request.version.as_deref()),
        prepare(organization.clone(), operator, repository.name.clone()),
        Publishing::of(app, &repository.organization, request.deadline),
    );
    let (version, (report, blob), publishing) = (version?, prepared?, publishing?);

    telemetry::note("digest", blob.digest());
    let publishes = publishing.is_possible();
    let version = push_release(
        &registry,
        &repository,
        publishes,
        version,
        &blob,
        request.claim,
    )
    .await?;
    telemetry::note("version", version.as_str());
    let warnings = publishing
        .publish(app, &registry, &repository, &version, request.deadline)
        .await?;

    let Repository { organization, name } = repository;
    Ok(Receipt {
        organization,
        repo: name,
        version: version.to_string(),
        nvr,
        extracted_files,
        warnings,
        report,
    })
}

/// The verdict on an archive, and nothing else.
#[derive(Debug)]
pub struct Verdict {
    /// The repository that a push would go to.
    pub repo: RepositoryName,
    /// Every file of the archive.
    pub extracted_files: Vec<String>,
    /// What the verdict found without refusing, or why it refuses.
    pub result: Result<Report, Error>,
}

/// Judges an archive as a push would, under the organization's rules.
///
/// # Errors
/// As in a push, up to the package name.
pub async fn validate(
    app: &App,
    organization: &OrganizationName,
    zip: Bytes,
) -> Result<Verdict, Error> {
    let organization = app.organization(organization);
    let operator = open(app, zip).await?;
    let extracted_files = operator.file_names();
    let repo = repository_of(operator.package(), &organization)?;
    let result = prepare(organization, operator, repo.clone()).await;
    let result = result.map(|(report, _)| report);
    Ok(Verdict {
        repo,
        extracted_files,
        result,
    })
}

/// Opens the archive.
async fn open(app: &App, zip: Bytes) -> Result<Operator, Error> {
    let limits = Limits::new(app.config.zipfile_max_uncompressed_size.get());
    on_cpu(move || Ok(Operator::open(&zip, &limits)?)).await
}

/// The repository that has the package's name.
fn repository_of(
    package: &PackageName,
    organization: &Organization,
) -> Result<RepositoryName, Error> {
    let name = organization.rules.package_name(&package.name);
    RepositoryName::parse(&name).map_err(|error| {
        Error::invalid_manifests(format!(
            "{}: packageName cannot be a repository: {error}",
            package.file
        ))
    })
}

/// Applies the organization's rules, reaches the verdict, and packs what it does not refuse.
async fn prepare(
    organization: Arc<Organization>,
    operator: Operator,
    repository: RepositoryName,
) -> Result<(Report, Blob), Error> {
    on_cpu(move || {
        let judged = operator
            .apply(&organization.rules)?
            .judge(repository.as_str())?;
        let (bundle, report) = judged.into_courier_bundle()?;
        Ok((report, Blob::pack(&bundle, &repository)))
    })
    .await
}

/// The version asked for, or the one after the highest: only the latter may move on when it is taken.
enum Version {
    Asked(ReleaseVersion),
    Next(ReleaseVersion),
}

async fn choose_version(
    app: &App,
    registry: &Registry,
    repository: &Repository,
    asked: Option<&str>,
) -> Result<Version, Error> {
    if let Some(asked) = asked {
        return Ok(Version::Asked(ReleaseVersion::parse(asked)?));
    }
    let releases = registry
        .releases(repository)
        .await
        .map_err(|error| Error::listing(repository, &error))?;
    let highest = ReleaseVersion::highest(releases.iter().map(String::as_str));
    Ok(Version::Next(highest.map_or_else(
        || app.config.default_release_version.clone(),
        |highest| highest.next_major(),
    )))
}

/// Pushes, unless an earlier attempt at the same did. Where another push took the next version in the meantime, the one
/// after it is taken; a release that was asked for by name is taken for pushed only when all that it lacks is being
/// public.
async fn push_release(
    registry: &Registry,
    repository: &Repository,
    publishes: bool,
    version: Version,
    blob: &Blob,
    claim: Option<&Claim>,
) -> Result<ReleaseVersion, Error> {
    let is_this = |begun: &&ReleaseVersion| match &version {
        Version::Asked(version) => version == *begun,
        Version::Next(_) => true,
    };
    if let Some(begun) = claim.and_then(Claim::begun).filter(is_this) {
        let held = registry.holds(repository, begun, blob).await;
        if held.map_err(|error| Error::listing(repository, &error))? {
            return Ok(begun.clone());
        }
    }
    match version {
        Version::Asked(version) => {
            push_asked(registry, repository, publishes, &version, blob, claim).await?;
            Ok(version)
        }
        Version::Next(version) => push_next(registry, repository, version, blob, claim).await,
    }
}

/// Pushes a release that was asked for by name.
async fn push_asked(
    registry: &Registry,
    repository: &Repository,
    publishes: bool,
    version: &ReleaseVersion,
    blob: &Blob,
    claim: Option<&Claim>,
) -> Result<(), Error> {
    begin(claim, version).await?;
    let pushed = registry.push(repository, version, blob).await;
    let lacks_publishing = match pushed {
        Err(RegistryError::Exists(_)) if publishes => {
            let held = registry.holds_in_private(repository, version, blob).await;
            held.unwrap_or(false)
        }
        _ => false,
    };
    match lacks_publishing {
        true => Ok(()),
        false => pushed.map_err(|error| Error::pushing(&error)),
    }
}

/// Pushes the next release, or one after it.
async fn push_next(
    registry: &Registry,
    repository: &Repository,
    mut next: ReleaseVersion,
    blob: &Blob,
    claim: Option<&Claim>,
) -> Result<ReleaseVersion, Error> {
    for tries_left in (0..VERSION_TRIES).rev() {
        begin(claim, &next).await?;
        match registry.push(repository, &next, blob).await {
            Err(RegistryError::Exists(_)) if tries_left > 0 => next = next.next_major(),
            Err(error) => return Err(Error::pushing(&error)),
            Ok(()) => break,
        }
    }
    Ok(next)
}

/// Writes down what is about to be pushed, where there is something to write it into.
async fn begin(claim: Option<&Claim>, version: &ReleaseVersion) -> Result<(), Error> {
    match claim {
        Some(claim) => Ok(claim.begin(version).await?),
        None => Ok(()),
    }
}

impl Receipt {
    /// The body of an answer; with `full`, what the verdict found comes along.
    pub fn body(self, full: bool) -> serde_json::Value {
        let mut body = serde_json::to_value(&self).unwrap_or_default();
        if full {
            let warnings: Vec<String> =
                [self.warnings, self.report.messages(Severity::Warning)].concat();
            let findings: Vec<Finding> = self.report.findings;
            body["warnings"] = json!(warnings);
            body["findings"] = json!(findings);
        }
        body
    }
}

/// Runs work that costs CPU where it keeps no other request waiting.
async fn on_cpu<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|panic| Err(Error::Internal(format!("panic: {panic}"))))
}

//! The story of a push: from an archive to a release that clusters can install.
//!
//! A push that may come again (an idempotency key, an upload, an event) is done [`once`]. Its archive is fetched from its
//! [`Source`], opened, changed by the organization's rules, judged and packed; meanwhile [`numbering`] looks for the
//! release's number and [`visibility`] for the right to make it public. [`mod@release`] then reserves the number, pushes,
//! looks whether the content is there, and makes it public. A dry run goes the same way, and only looks where it ends.

mod immutable_tags;
mod numbering;
mod once;
mod release;
mod visibility;

use std::sync::Arc;

use omps_operator::bundle_image::Validation;
use omps_operator::report::ValidationInfo;
use omps_operator::{Change, Limits, Operator, OperatorError, archive, changes};
use serde_json::Value;

use crate::api::{BundleAnswer, PushAnswer};
use crate::call::Call;
use crate::cpu;
use crate::error::Error;
use crate::names::{OrganizationName, RepositoryName};
use crate::organization::{Organization, ReleaseFormat};
use crate::registry::{AppRegistry, BundleImages, Packed, Registry, Repository, image_name};
use crate::source::{Fetched, Source};
use crate::telemetry::{self, audit, metrics};
use crate::token::Token;
use immutable_tags::ImmutableTags;
use numbering::Numbering;
use once::{Begun, Claim};
use release::{Release, Wishes};
use visibility::Visibility;

pub(crate) use once::{Identity, Kind};

/// What is asked for.
pub(crate) struct PushRequest {
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
    /// By what the same request is known when it comes again; absent: it is a new one.
    pub identity: Option<Identity>,
    /// Whether nothing is pushed, and the answer says what a push would do. Such a request has no identity.
    pub dry_run: bool,
    /// Whether the answer lists what the verdict found without refusing.
    pub full_report: bool,
    /// Whether the answer has what a catalog says of the bundles.
    pub with_catalog: bool,
    /// What refuses the operator, where the organization is not stricter.
    pub validation: Validation,
}

/// What came of a push that did not fail.
#[derive(Debug)]
pub(crate) enum Pushed {
    /// The release was pushed for this request.
    Now(Box<PushAnswer>),
    /// The same request was answered with this before.
    Before(Value),
}

/// Makes an archive a release.
///
/// Once the archive is there, the push waits for its `worker`, and has it until the end.
///
/// # Errors
/// In the order of the steps; nothing was pushed unless the error says so.
pub(crate) async fn push<W: Send + Sync + 'static>(
    call: Call<'_>,
    request: PushRequest,
    worker: impl Future<Output = Result<W, Error>>,
) -> Result<Pushed, Error> {
    let mut claim = match once::begin(call, request.identity.as_ref()).await? {
        Begun::Before(answer) => return Ok(Pushed::Before(answer)),
        Begun::Now(claim) => claim,
    };
    // In a box: it is large, and part of every handler's future.
    let result = match call.app.release_format(&request.organization) {
        ReleaseFormat::AppRegistry => {
            Box::pin(story::<AppRegistry, _>(call, &request, &mut claim, worker)).await
        }
        ReleaseFormat::BundleImage => {
            Box::pin(story::<BundleImages, _>(call, &request, &mut claim, worker)).await
        }
    };
    let outcome = result.as_ref().map_or_else(Error::id, |_| "done");
    if request.dry_run {
        tracing::info!(outcome, "dry run: nothing was pushed");
    } else {
        audit::record("push", request.token.user().as_deref(), outcome);
        if result.is_ok() {
            metrics::count_push();
            request.source.use_up(call, &request.organization).await;
        }
    }
    claim.end(&result).await;
    result.map(|answer| Pushed::Now(Box::new(answer)))
}

async fn story<R: Registry, W: Send + Sync + 'static>(
    call: Call<'_>,
    request: &PushRequest,
    claim: &mut Claim,
    worker: impl Future<Output = Result<W, Error>>,
) -> Result<PushAnswer, Error> {
    telemetry::note("organization", request.organization.as_str());
    if request.dry_run {
        telemetry::note("dry_run", true);
    }
    let registry: R = call.registry(&request.organization, &request.token);
    let fetched = fetch(call, &registry, request).await?;
    let release = release(call, &registry, request, claim, fetched);
    cpu::with_worker(worker.await?, release).await
}

/// Makes an archive that is there a release.
async fn release<R: Registry>(
    call: Call<'_>,
    registry: &R,
    request: &PushRequest,
    claim: &mut Claim,
    Fetched { zip, nvr }: Fetched,
) -> Result<PushAnswer, Error> {
    let organization = call.app.organization(&request.organization);
    let operator = open(call, zip).await?;
    let extracted_files = operator.file_names();
    let repository = Repository {
        organization: request.organization.clone(),
        name: match &request.repository {
            Some(name) => name.clone(),
            None => repository_of(&operator, &organization)?,
        },
    };
    telemetry::note("repo", repository.name.as_str());

    // The verdict costs CPU, the rest waits for others: all at once. What is wrong with the version is said first.
    let asked = request.version.as_deref();
    let (numbering, packed, visibility, immutable_tags) = tokio::join!(
        Numbering::find(call, registry, &repository, asked),
        prepare::<R>(
            organization,
            operator,
            repository.name.clone(),
            request.validation,
            request.dry_run
        ),
        Visibility::of(call, &repository.organization),
        ImmutableTags::of(call, &repository.organization),
    );
    let (numbering, (packed, changes)) = (numbering?, packed?);
    let wishes = Wishes {
        visibility: visibility?,
        immutable_tags: immutable_tags?,
    };
    telemetry::note("digest", packed.digest());

    let release = Release::new(call, registry, &repository, &packed, &wishes);
    let (version, contents) = match request.dry_run {
        true => release.foresee(numbering).await?,
        false => release.publish(numbering, claim).await?,
    };
    let info = request.full_report.then(|| packed.validation_info());
    let (mut warnings, mut findings) = (contents.warnings, None);
    if let Some(info) = info {
        warnings.extend(info.warnings);
        findings = Some([info.findings, contents.findings].concat());
    }
    let is_worth_saying = request.full_report || !warnings.is_empty();
    let for_catalog = contents.bundles.as_deref().filter(|_| request.with_catalog);
    Ok(PushAnswer {
        organization: repository.organization,
        repo: repository.name,
        version: version.to_string(),
        nvr,
        extracted_files,
        catalog: for_catalog.and_then(|bundles| packed.catalog(bundles)),
        dry_run: request.dry_run.then_some(true),
        image: contents.image,
        digest: contents.digest,
        bundles: contents.bundles,
        warnings: is_worth_saying.then_some(warnings),
        findings,
        changes,
    })
}

/// Fetches the archive. Before Koji is asked, the registry must know the caller: nobody else makes omps download. In a dry
/// run, nothing else says so.
async fn fetch<R: Registry>(
    call: Call<'_>,
    registry: &R,
    request: &PushRequest,
) -> Result<Fetched, Error> {
    let asked = request.source.nvr();
    if let Some(asked) = asked {
        telemetry::note("nvr", asked.as_str());
    }
    if asked.is_some() || request.dry_run {
        let known = registry.try_token(&request.organization).await;
        known.map_err(|error| Error::pushing(&error))?;
    }
    let fetched = request.source.fetch(call, &request.organization).await?;
    if let Some(nvr) = &fetched.nvr {
        telemetry::note("nvr", nvr.as_str());
    }
    Ok(fetched)
}

/// The verdict on an archive, and nothing else.
pub(crate) struct Verdict {
    /// The repository that a push would go to; nothing where no file says what the package is called.
    pub repo: Option<RepositoryName>,
    /// Every file of the archive.
    pub extracted_files: Vec<String>,
    /// What a push would make of it, or why it would be refused.
    pub result: Result<Preview, Error>,
}

/// What a push would make of an archive.
pub(crate) struct Preview {
    /// What the verdict found without refusing.
    pub validation_info: ValidationInfo,
    /// The bundle images, where the release is one.
    pub bundles: Option<Vec<BundleAnswer>>,
    /// What a catalog says of them, where that is asked for.
    pub catalog: Option<Value>,
}

/// How an archive is to be judged.
#[derive(Default)]
pub(crate) struct Judging {
    /// What refuses the operator, where the organization is not stricter.
    pub validation: Validation,
    /// Whether the answer has what a catalog says of the bundles.
    pub with_catalog: bool,
}

/// Judges an archive as a push does, under the organization's rules.
///
/// # Errors
/// Those of the archive. What is wrong inside it is part of the verdict.
pub(crate) async fn validate(
    call: Call<'_>,
    name: &OrganizationName,
    source: &Source,
    judging: &Judging,
) -> Result<Verdict, Error> {
    let organization = call.app.organization(name);
    let zip = source.fetch(call, name).await?.zip;
    let format = call.app.release_format(name);
    let opened = match open(call, zip.clone()).await {
        Ok(operator) => repository_of(&operator, &organization).map(|repo| (operator, repo)),
        Err(error) => Err(error),
    };
    let (operator, repo) = match opened {
        Ok(opened) => opened,
        // That the package has no name, or none of a repository, is one more thing that the verdict says.
        Err(error @ Error::PackageValidation { .. }) => {
            return Ok(Verdict {
                repo: None,
                extracted_files: file_names(call, zip).await?,
                result: Err(error),
            });
        }
        Err(error) => return Err(error),
    };
    let extracted_files = operator.file_names();
    let repository = Repository {
        organization: name.clone(),
        name: repo,
    };
    let result = match format {
        ReleaseFormat::AppRegistry => {
            preview::<AppRegistry>(call, &repository, operator, judging).await
        }
        ReleaseFormat::BundleImage => {
            preview::<BundleImages>(call, &repository, operator, judging).await
        }
    };
    Ok(Verdict {
        repo: Some(repository.name),
        extracted_files,
        result,
    })
}

async fn preview<R: Registry>(
    call: Call<'_>,
    repository: &Repository,
    operator: Operator,
    judging: &Judging,
) -> Result<Preview, Error> {
    let organization = call.app.organization(&repository.organization);
    let name = repository.name.clone();
    let (packed, _) = prepare::<R>(organization, operator, name, judging.validation, false).await?;
    let place = image_name(call.registry_url::<R>(&repository.organization), repository);
    let bundles = packed.bundles(&place);
    let for_catalog = bundles.as_deref().filter(|_| judging.with_catalog);
    Ok(Preview {
        validation_info: packed.validation_info(),
        catalog: for_catalog.and_then(|bundles| packed.catalog(bundles)),
        bundles,
    })
}

/// The files of an archive that is no operator.
async fn file_names(call: Call<'_>, zip: bytes::Bytes) -> Result<Vec<String>, Error> {
    let limits = Limits::new(call.app.config.zipfile_max_uncompressed_size.get());
    on_cpu(move || Ok(archive::extract(&zip, &limits)?.into_keys().collect())).await
}

/// Opens the archive.
async fn open(call: Call<'_>, zip: bytes::Bytes) -> Result<Operator, Error> {
    let limits = Limits::new(call.app.config.zipfile_max_uncompressed_size.get());
    on_cpu(move || Operator::open(&zip, &limits)).await
}

/// The repository that has the package's name.
fn repository_of(
    operator: &Operator,
    organization: &Organization,
) -> Result<RepositoryName, Error> {
    let package = operator.package();
    let name = organization.rules.package_name(&package.name);
    RepositoryName::parse(&name).map_err(|error| {
        Error::invalid_manifests(format!(
            "{}: packageName cannot be a repository: {error}",
            package.file
        ))
    })
}

/// Applies the organization's rules, reaches the verdict, and packs what it does not refuse: in two steps, so that the
/// second does not begin if nobody waits for it any more. `show`: with what the rules changed.
async fn prepare<R: Registry>(
    organization: Arc<Organization>,
    operator: Operator,
    repository: RepositoryName,
    asked: Validation,
    show: bool,
) -> Result<(R::Packed, Option<Vec<Change>>), Error> {
    // A request cannot loosen its organization.
    let validation = match organization.validation {
        Validation::Normal => asked,
        Validation::Strict => Validation::Strict,
    };
    let apply = move || {
        let before = show.then(|| operator.files().clone());
        let with_json = R::FORMAT == ReleaseFormat::BundleImage;
        let changed = operator.apply(&organization.rules, with_json)?;
        let changes = before.map(|before| changes(&before, changed.files()));
        Ok((changed, changes))
    };
    let (changed, changes) = on_cpu(apply).await?;
    let packed = on_cpu(move || R::pack(changed, &repository, validation)).await?;
    Ok((packed, changes))
}

/// Runs work that costs CPU where it keeps no other request waiting.
async fn on_cpu<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, OperatorError> + Send + 'static,
) -> Result<T, Error> {
    match cpu::run(work).await {
        Ok(result) => Ok(result?),
        Err(panic) => Err(Error::Internal(format!("panic: {panic}"))),
    }
}

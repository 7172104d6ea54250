//! The story of a push: from an archive to a release that clusters can install.
//!
//! A push that may come again (an idempotency key, an upload, an event) is done [`once`]. Its archive is fetched from its
//! [`Source`], opened, changed by the organization's rules, judged and packed; meanwhile [`numbering`] looks for the
//! release's number and [`Visibility`] for the right to make it public. [`mod@release`] then reserves the number, pushes,
//! looks whether the content is there, and makes it public; [`cataloging`] brings it to clusters. A dry run goes the same way, and only looks where it ends.

mod cataloging;
mod immutable_tags;
mod numbering;
mod once;
mod preparing;
mod release;
mod verdict;

use omps_operator::bundle_image::Validation;
use omps_operator::report::Finding;
use serde_json::Value;

use crate::api::PushAnswer;
use crate::call::Call;
use crate::cpu;
use crate::error::Error;
use crate::names::{OrganizationName, RepositoryName};
use crate::organization::ReleaseFormat;
use crate::registry::{AppRegistry, BundleImages, Contents, Packed, Registry, Repository};
use crate::source::{Fetched, Source};
use crate::telemetry::{self, audit, metrics};
use crate::token::Token;
use crate::visibility::Visibility;
use cataloging::Cataloging;
use immutable_tags::ImmutableTags;
use numbering::Numbering;
use once::{Begun, Claim};
use preparing::{open, prepare, repository_of};
use release::{Release, Wishes};

pub(crate) use once::{Identity, Kind};
pub(crate) use verdict::{Judging, validate};

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
    let package = organization.rules.package_name(&operator.package().name);
    let (token, is_rendered) = (Some(&request.token), request.with_catalog);
    let cataloging = Cataloging::of(call, &repository, package, token, is_rendered)?;

    // The verdict costs CPU, the rest waits for others: all at once. What is wrong with the version is said first.
    let asked = request.version.as_deref();
    let (numbering, packed, visibility, immutable_tags, cataloging) = tokio::join!(
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
        cataloging.look(),
    );
    let (numbering, (packed, changes)) = (numbering?, packed?);
    let wishes = Wishes {
        visibility: visibility?,
        immutable_tags: immutable_tags?,
    };
    telemetry::note("digest", packed.digest());

    let release = Release::new(call, registry, &repository, &packed, &wishes, &cataloging);
    let (version, contents, catalog) = match request.dry_run {
        true => {
            let (version, contents) = release.foresee(numbering).await?;
            let catalog = cataloging.foresee(&packed, contents.bundles.as_deref())?;
            (version, contents, catalog)
        }
        false => {
            cataloging.check::<R>(call, &repository, &packed)?;
            let (version, contents) = release.publish(numbering, claim).await?;
            let (released, bundles) = ((&repository, &version), contents.bundles.as_deref());
            let catalog = Box::pin(cataloging.conclude(released, &packed, bundles)).await;
            (version, contents, catalog)
        }
    };
    let (warnings, findings) = said(request.full_report, &packed, &contents);
    Ok(PushAnswer {
        organization: repository.organization,
        repo: repository.name,
        version: version.to_string(),
        nvr,
        extracted_files,
        catalog,
        dry_run: request.dry_run.then_some(true),
        image: contents.image,
        digest: contents.digest,
        bundles: contents.bundles,
        warnings,
        findings,
        changes,
    })
}

/// What an answer says beside what was done: warnings where there are any, and with a full report all that was found.
fn said<P: Packed>(
    full_report: bool,
    packed: &P,
    contents: &Contents,
) -> (Option<Vec<String>>, Option<Vec<Finding>>) {
    let mut warnings = contents.warnings.clone();
    if !full_report {
        return (Some(warnings).filter(|warnings| !warnings.is_empty()), None);
    }
    let info = packed.validation_info();
    warnings.extend(info.warnings);
    let findings = [info.findings, contents.findings.clone()].concat();
    (Some(warnings), Some(findings))
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

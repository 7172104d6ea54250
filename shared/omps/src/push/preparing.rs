//! From an archive's bytes to what a registry takes: all that costs CPU and waits for nobody.

use std::sync::Arc;

use bytes::Bytes;
use omps_operator::bundle_image::Validation;
use omps_operator::{Change, Limits, Operator, OperatorError, changes};

use crate::call::Call;
use crate::cpu;
use crate::error::Error;
use crate::names::RepositoryName;
use crate::organization::{Organization, ReleaseFormat};
use crate::registry::Registry;

/// Opens the archive.
pub(super) async fn open(call: Call<'_>, zip: Bytes) -> Result<Operator, Error> {
    let limits = Limits::new(call.app.config.zipfile_max_uncompressed_size.get());
    on_cpu(move || Operator::open(&zip, &limits)).await
}

/// The repository that has the package's name.
pub(super) fn repository_of(
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
pub(super) async fn prepare<R: Registry>(
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
pub(super) async fn on_cpu<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, OperatorError> + Send + 'static,
) -> Result<T, Error> {
    match cpu::run(work).await {
        Ok(result) => Ok(result?),
        Err(panic) => Err(Error::Internal(format!("panic: {panic}"))),
    }
}

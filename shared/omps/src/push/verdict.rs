//! The verdict on an archive, as a push reaches it, and nothing else.

use bytes::Bytes;
use omps_operator::bundle_image::Validation;
use omps_operator::report::ValidationInfo;
use omps_operator::{Limits, Operator, archive};

use super::cataloging::Cataloging;
use super::preparing::{on_cpu, open, prepare, repository_of};
use crate::api::{BundleAnswer, CatalogAnswer};
use crate::call::Call;
use crate::error::Error;
use crate::names::{OrganizationName, RepositoryName};
use crate::organization::ReleaseFormat;
use crate::registry::{AppRegistry, BundleImages, Packed, Registry, Repository, image_name};
use crate::source::Source;
use crate::token::Token;

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
    /// What would become of the organization's catalog, and what a catalog says of them, where that is asked for.
    pub catalog: Option<Box<CatalogAnswer>>,
}

/// How an archive is to be judged.
#[derive(Default)]
pub(crate) struct Judging {
    /// What refuses the operator, where the organization is not stricter.
    pub validation: Validation,
    /// Whether the answer has what a catalog says of the bundles.
    pub with_catalog: bool,
    /// The caller's token, for reading the organization's catalog.
    pub token: Option<Token>,
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
    let package = organization.rules.package_name(&operator.package().name);
    let (token, is_rendered) = (judging.token.as_ref(), judging.with_catalog);
    let cataloging = Cataloging::of(call, repository, package, token, is_rendered)?;
    let name = repository.name.clone();
    let (packed, _) = prepare::<R>(organization, operator, name, judging.validation, false).await?;
    let place = image_name(call.registry_url::<R>(&repository.organization), repository);
    let bundles = packed.bundles(&place);
    let cataloging = cataloging.look().await;
    Ok(Preview {
        validation_info: packed.validation_info(),
        catalog: cataloging.foresee(&packed, bundles.as_deref())?,
        bundles,
    })
}

/// The files of an archive that is no operator.
async fn file_names(call: Call<'_>, zip: Bytes) -> Result<Vec<String>, Error> {
    let limits = Limits::new(call.app.config.zipfile_max_uncompressed_size.get());
    on_cpu(move || Ok(archive::extract(&zip, &limits)?.into_keys().collect())).await
}

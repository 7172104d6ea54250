//! `GET /v2/{organization}/catalog[/{package}]` and `POST /v2/{organization}/catalog`: what clusters read, one package of it,
//! and bringing it up to date.

use http::HeaderMap;
use http::header::ACCEPT;
use omps_operator::catalog::Package;

use super::query;
use crate::app::App;
use crate::call::Call;
use crate::catalogs::{Catalog, CatalogError, Rebuild};
use crate::error::Error;
use crate::http::{Answer, Reply, Request, Text};
use crate::names::RepositoryName;
use crate::telemetry::audit;

/// What one package can be had as: media type, and what makes it.
const FORMS: [Form; 3] = [
    ("application/jsonl", |package| {
        Ok(String::from_utf8_lossy(&package.bytes()).into_owned())
    }),
    ("application/yaml", |package| {
        package
            .yaml()
            .map_err(|defect| Error::Internal(defect.to_string()))
    }),
    ("text/vnd.mermaid", |package| Ok(package.mermaid())),
];

type Form = (&'static str, fn(&Package) -> Result<String, Error>);

/// Lists the catalog's packages.
///
/// # Errors
/// `NotFound` where the organization keeps no catalog; the registry's.
pub async fn list_catalog(app: &App, request: Request) -> Answer {
    query::only(&request, &[])?;
    let catalog = catalog(app, &request)?;
    let listed = catalog.list().await;
    let listed = listed.map_err(|error| failed(error, &request))?;
    let digest = listed.digest.clone();
    Ok(Reply::ok(&listed)?.tagged(digest.as_deref()))
}

/// Shows one package: JSON lines, YAML, or the upgrade graph.
///
/// # Errors
/// `QuayPackageNotFound` for a package that the catalog does not have; those of [`list_catalog`].
pub async fn show_package(app: &App, request: Request) -> Answer {
    query::only(&request, &[])?;
    let name = RepositoryName::parse(request.params.get("package").unwrap_or_default())?;
    let (media_type, form) = form_of(&request.headers)?;
    let catalog = catalog(app, &request)?;
    let shown = catalog.show(name.as_str()).await;
    let shown = shown.map_err(|error| failed(error, &request))?;
    let shown = shown.ok_or_else(|| {
        Error::QuayPackageNotFound(format!("The catalog {catalog} has no package {name}"))
    })?;
    let text = Text {
        media_type,
        text: form(&shown.package)?,
    };
    Ok(Reply::text(text).tagged(Some(&shown.digest)))
}

/// Does what is pending; with `?package=`, folds that package's releases in; with `?fresh=true`, from nothing.
///
/// # Errors
/// Those of [`list_catalog`].
pub async fn rebuild_catalog(app: &App, request: Request) -> Answer {
    query::only(&request, &["package", "fresh"])?;
    let package = query::value(&request, "package")?;
    let asked = Rebuild {
        package: package.as_deref().map(RepositoryName::parse).transpose()?,
        fresh: query::asks_for(&request, "fresh", "true")?,
    };
    let catalog = catalog(app, &request)?;
    let rebuilt = catalog.rebuild(&asked).await;
    let rebuilt = rebuilt.map_err(|error| failed(error, &request));
    let outcome = rebuilt.as_ref().map_or_else(Error::id, |_| "done");
    audit::record(
        "catalog",
        super::token(&request)?.user().as_deref(),
        outcome,
    );
    Reply::ok(&rebuilt?)
}

fn catalog<'a>(app: &'a App, request: &Request) -> Result<Catalog<'a>, Error> {
    let organization = super::organization(app, &request.params)?;
    let call = Call::new(app, request.deadline);
    let catalog = Catalog::of(call, &organization, &super::token(request)?)?;
    catalog.ok_or_else(|| {
        Error::NotFound(format!(
            "Organization {organization} keeps no catalog: organizations.{organization}.catalog is not configured"
        ))
    })
}

fn failed(error: CatalogError, request: &Request) -> Error {
    let organization = request.params.get("organization").unwrap_or_default();
    error.into_error(organization)
}

/// The form that a request accepts; JSON lines where it accepts everything.
fn form_of(headers: &HeaderMap) -> Result<Form, Error> {
    let accepted = headers
        .get(ACCEPT)
        .map(|value| value.to_str().unwrap_or_default());
    let Some(accepted) = accepted else {
        return Ok(FORMS[0]);
    };
    let mut ranges = accepted
        .split(',')
        .map(|range| range.split(';').next().unwrap_or_default().trim());
    let found = ranges.find_map(|range| match range {
        "*/*" | "application/*" | "application/json" | "" => Some(FORMS[0]),
        range => FORMS
            .into_iter()
            .find(|(media_type, _)| media_type.eq_ignore_ascii_case(range)),
    });
    found.ok_or_else(|| {
        let known = FORMS.map(|(media_type, _)| media_type).join(", ");
        let accepted: String = accepted.chars().take(100).collect();
        Error::BadRequest(format!(
            "Accept: {accepted}: a package can be had as {known}"
        ))
    })
}

//! `POST /v2/{organization}/validate`: the verdict, as a push would reach it. Whatever is wrong inside the zip is the
//! verdict, and no error of the request.

use super::query;
use crate::api::ValidateAnswer;
use crate::app::App;
use crate::call::Call;
use crate::error::{Error, PUSH_FAILED};
use crate::http::{Answer, Reply, Request, form};
use crate::push::{self, Judging};
use crate::source::Source;

/// Judges the zip of a form.
///
/// # Errors
/// What is no form or no zip; with `?fail=true`, manifests that are not valid, too.
pub async fn validate(app: &App, request: Request) -> Answer {
    let call = Call::new(app, request.deadline);
    let organization = super::organization(app, &request.params)?;
    query::only(&request, &["report", "catalog", "validation", "fail"])?;
    let fails = query::asks_for(&request, "fail", "true")?;
    query::asks_for(&request, "report", "full")?; // which a verdict always is
    let judging = Judging {
        validation: query::validation(&request)?,
        with_catalog: query::asks_for(&request, "catalog", "true")?,
        token: request.token.clone(),
    };
    let zip = form::zip_of_form(&request.headers, &request.body)?;
    let verdict = push::validate(call, &organization, &Source::Zip(zip), &judging).await?;
    let (preview, message) = match verdict.result {
        Ok(preview) => (Ok(preview), "The manifests are valid.".to_owned()),
        Err(Error::PackageValidation {
            message,
            validation_info,
        }) => {
            let message = of_validation(message);
            if fails {
                return Err(Error::PackageValidation {
                    message,
                    validation_info,
                });
            }
            (Err(*validation_info), message)
        }
        Err(error) => return Err(error),
    };
    let valid = preview.is_ok();
    let (validation_info, bundles, catalog) = match preview {
        Ok(preview) => (preview.validation_info, preview.bundles, preview.catalog),
        Err(validation_info) => (validation_info, None, None),
    };
    Reply::ok(&ValidateAnswer {
        organization,
        repo: verdict.repo,
        extracted_files: verdict.extracted_files,
        valid,
        message,
        validation_info,
        bundles,
        catalog,
    })
}

/// The message of a refusal without the words that a push puts before it: nothing was to be pushed here.
fn of_validation(message: String) -> String {
    match message.strip_prefix(PUSH_FAILED) {
        Some(rest) => rest.to_owned(),
        None => message,
    }
}

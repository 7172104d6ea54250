//! `POST /v2/{organization}/validate`: the verdict, as a push would reach it.

use crate::api::ValidateAnswer;
use crate::app::App;
use crate::call::Call;
use crate::error::Error;
use crate::http::{Answer, Reply, Request, form};
use crate::push;
use crate::source::Source;

/// Judges the zip of a form.
///
/// # Errors
/// A bad upload, and manifests without a package name. From there on the verdict is the answer.
pub async fn validate(app: &App, request: Request) -> Answer {
    let call = Call::new(app, request.deadline);
    let organization = super::organization(&request)?;
    let zip = form::zip_of_form(&request.headers, request.body).await?;
    let verdict = push::validate(call, &organization, &Source::Zip(zip)).await?;
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
    Reply::ok(&ValidateAnswer {
        organization,
        repo: verdict.repo,
        extracted_files: verdict.extracted_files,
        valid,
        message,
        validation_info,
    })
}

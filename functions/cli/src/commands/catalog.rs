//! `omps catalog`: checking a catalog on this machine, showing the one that the service keeps, and bringing it up to date.

mod check;
mod rebuild;
mod show;

use reqwest::{Method, Url};

use super::wait;
use crate::Failure;
use crate::arguments::{Catalog, Where, Who, Whose};
use crate::service::{Request, Service};
use crate::settings::Settings;

pub(super) fn run(asked: Catalog) -> Result<(), Failure> {
    match asked {
        Catalog::Check(asked) => check::run(&asked),
        Catalog::Show(asked) => wait(show::run(asked)),
        Catalog::Rebuild(asked) => wait(rebuild::run(asked)),
    }
}

/// The service, and a request for the catalog of an organization, or for a part of it.
fn request(
    method: Method,
    (whose, who, place): (&Whose, &Who, &Where),
    package: Option<&str>,
) -> Result<(Service, Request), Failure> {
    let settings = Settings::read()?;
    let service = Service::new(place, &settings)?;
    let organization = settings.organization(whose)?;
    let path = [&*organization, "catalog"].into_iter().chain(package);
    let url: Url = service.url(&path.collect::<Vec<_>>())?;
    let mut request = Request::new(method, url);
    if let Some(token) = settings.token(who)? {
        request = request.by(&token);
    }
    Ok((service, request))
}

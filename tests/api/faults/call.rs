//! The calls that the service makes, and the requests that cause them.

use omps_tests::koji::{Build, HUB, ROOT};
use omps_tests::operator::Operator;
use omps_tests::stand_in::Recorded;
use reqwest::Url;

use omps::config::Config;

use crate::helpers::{Answer, ORGANIZATION, TestApp};

const NVR: &str = "doorbell-operator-container-v1.0.0-1";
const PACKAGES: &str = "/cnr/api/v1/packages";
const PACKAGE: &str = "/cnr/api/v1/packages/testorg/";

/// A service that our service calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    Quay,
    Hub,
    Root,
    Greenwave,
}

/// A call to another service, made for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    /// Pushing a zip: the list of releases.
    Listing,
    /// Pushing a zip with a given version: the push.
    Push,
    /// Pushing a zip to a public organization: making it public.
    Publish,
    /// Pushing a build: `getBuild`.
    Build,
    /// Pushing an older build: `getBuildLogs`.
    Logs,
    /// Pushing a build: its archive.
    Download,
    /// Pushing a build: Greenwave's decision.
    Decision,
    /// Deleting a release: the deletion.
    Delete,
    /// Deleting all releases: the list of releases.
    ListingToDelete,
    /// Deleting all releases: the deletion of one of them.
    DeleteAll,
    /// The health check of a service.
    Health(Service),
}

impl Call {
    pub(crate) const ALL: [Call; 13] = [
        Call::Listing,
        Call::Push,
        Call::Publish,
        Call::Build,
        Call::Logs,
        Call::Download,
        Call::Decision,
        Call::Delete,
        Call::ListingToDelete,
        Call::DeleteAll,
        Call::Health(Service::Quay),
        Call::Health(Service::Hub),
        Call::Health(Service::Greenwave),
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Call::Listing => "push-zipfile: Quay's listing",
            Call::Push => "push-zipfile: the push",
            Call::Publish => "push-zipfile: publishing",
            Call::Build => "push-koji: getBuild",
            Call::Logs => "push-koji: getBuildLogs",
            Call::Download => "push-koji: the download",
            Call::Decision => "push-koji: Greenwave",
            Call::Delete => "delete one: the delete",
            Call::ListingToDelete => "delete all: Quay's listing",
            Call::DeleteAll => "delete all: the delete",
            Call::Health(Service::Quay) => "health: Quay",
            Call::Health(Service::Hub) => "health: Koji",
            Call::Health(_) => "health: Greenwave",
        }
    }

    pub(crate) fn service(self) -> Service {
        match self {
            Call::Build | Call::Logs => Service::Hub,
            Call::Download => Service::Root,
            Call::Decision => Service::Greenwave,
            Call::Health(service) => service,
            _ => Service::Quay,
        }
    }

    /// Whether the request makes no earlier call to the same address. Only then can the address be unreachable for this
    /// call.
    pub(crate) fn is_first(self) -> bool {
        !matches!(self, Call::Publish | Call::Logs | Call::DeleteAll)
    }

    /// Its HTTP request: the method, a prefix of the path, and a text in the body.
    pub(crate) fn request(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Call::Listing | Call::ListingToDelete => ("GET", PACKAGES, ""),
            Call::Push => ("POST", PACKAGE, ""),
            Call::Publish => ("POST", "/api/v1/repository/", "public"),
            Call::Build => ("POST", HUB, "getBuild<"),
            Call::Logs => ("POST", HUB, "getBuildLogs<"),
            Call::Download => ("GET", ROOT, ""),
            Call::Decision => ("POST", "/api/v1.0/decision", ""),
            Call::Delete => ("DELETE", PACKAGE, ""),
            Call::DeleteAll => ("DELETE", "/cnr/api/v1/packages/testorg/larder/2.0.0", ""),
            Call::Health(Service::Quay) => ("GET", "/cnr/version", ""),
            Call::Health(Service::Hub) => ("POST", HUB, "getAPIVersion<"),
            Call::Health(_) => ("GET", "/api/v1.0/about", ""),
        }
    }

    /// The status and id of the error if this call fails.
    pub(crate) fn error(self) -> (u16, &'static str) {
        match self {
            Call::Push => (500, "QuayCourierError"),
            Call::Build | Call::Logs | Call::Download => (500, "KojiError"),
            Call::Decision => (500, "GreenwaveError"),
            Call::Health(_) => (503, ""),
            _ => (500, "QuayPackageError"),
        }
    }

    /// The settings of a service that makes this call.
    pub(crate) fn settings(self) -> &'static str {
        match self {
            Call::Publish => {
                "[Test.organizations.testorg]\npublic = true\noauth_token = \"testorg-oauth-token\""
            }
            _ => "",
        }
    }

    /// The package in the request.
    pub(crate) fn package(self) -> &'static str {
        match self {
            Call::Delete | Call::ListingToDelete | Call::DeleteAll => "larder",
            _ => "doorbell-operator",
        }
    }

    /// The releases that the package has before, the newest first.
    pub(crate) fn releases(self) -> &'static [&'static str] {
        match self {
            Call::Delete | Call::ListingToDelete => &["1.0.0"],
            Call::DeleteAll => &["2.0.0", "1.0.0"],
            _ => &[],
        }
    }

    /// Prepares the stand-ins for the request.
    pub(crate) fn prepare(self, app: &TestApp) {
        for release in self.releases().iter().rev() {
            app.quay.add_release(ORGANIZATION, self.package(), release);
        }
        let zip = Operator::doorbell().zip();
        match self {
            Call::Logs => app.koji.add_build(Build::of_older_operator(NVR, zip)),
            Call::Build | Call::Download | Call::Decision => {
                app.koji.add_build(Build::of_operator(NVR, zip));
            }
            _ => {}
        }
    }

    /// Sends the request.
    pub(crate) async fn make(self, app: &TestApp) -> Answer {
        let zip = Operator::doorbell().zip();
        match self {
            Call::Listing | Call::Publish => app.push_zipfile(&zip).await,
            Call::Push => app.push_zipfile_as("1.0.0", &zip).await,
            Call::Build | Call::Logs | Call::Download | Call::Decision => app.push_koji(NVR).await,
            Call::Delete => app.delete("larder", "1.0.0").await,
            Call::ListingToDelete | Call::DeleteAll => app.delete_all("larder").await,
            Call::Health(_) => app.health().await,
        }
    }

    /// The text of the answer.
    pub(crate) fn message(self, answer: &Answer) -> &str {
        let service = match self {
            Call::Health(Service::Quay) => "quay",
            Call::Health(Service::Hub) => "koji",
            Call::Health(_) => "greenwave",
            _ => return answer.body["message"].as_str().unwrap_or_default(),
        };
        answer.body["services"][service]["details"]
            .as_str()
            .expect("details")
    }
}

impl Service {
    /// The service's URL in the configuration.
    pub(crate) fn url(self, config: &mut Config) -> &mut Url {
        match self {
            Service::Quay => &mut config.quay_url,
            Service::Hub => &mut config.kojihub_url,
            Service::Root => &mut config.kojiroot_url,
            Service::Greenwave => &mut config.greenwave.as_mut().expect("it is asked").url,
        }
    }

    /// The requests that the service received.
    pub(crate) fn requests(self, app: &TestApp) -> Vec<Recorded> {
        match self {
            Service::Quay => app.quay.requests(),
            Service::Hub | Service::Root => app.koji.requests(),
            Service::Greenwave => app.greenwave.requests(),
        }
    }
}

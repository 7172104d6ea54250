//! Releases as bundle images, in front of a registry that is strict about the protocol.

mod bundles;
mod catalogs;
mod delete;
mod dry_run;
mod fault_table;
mod faults;
mod immutable_tags;
mod numbers;
mod push;
mod releases;
mod round_trips;
mod token;
mod verdict;
mod visibility;

use omps::app::App;
use omps_tests::oci::{Kind, Registry, Settings};
use omps_tests::operator::Operator;
use serde_json::Value;

use crate::helpers::{Answer, ORGANIZATION, TestApp};

const NAME: &str = "doorbell-operator";
const CSV: &str = "doorbell-operator.v1.0.0.clusterserviceversion.yaml";

/// An account that may not push.
const READER: &str = "testorg+reader";
const READER_PASSWORD: &str = "READERTOKEN";

/// The service in front of a registry.
struct Setup {
    app: TestApp,
    registry: Registry,
    kind: Kind,
    settings: String,
}

impl Setup {
    /// A Quay, and an organization without rules.
    async fn quay() -> Self {
        Self::with(Kind::Quay, "").await
    }

    /// A registry of that kind, and these lines in the organization's table.
    async fn with(kind: Kind, organization: &str) -> Self {
        Self::with_all(kind, "", organization).await
    }

    /// The same with these lines for the service.
    async fn with_all(kind: Kind, service: &str, organization: &str) -> Self {
        let mut settings = Settings::of(kind, &[ORGANIZATION]);
        let accounts = settings.accounts;
        settings.accounts = accounts.reader(READER, READER_PASSWORD, ORGANIZATION);
        let registry = Registry::start(settings).await.expect("a port");
        let url = registry.url();
        // What is not at `quay_url` is no Quay.
        let registry_url = match kind {
            Kind::Quay => String::new(),
            _ => format!("registry_url = \"{url}\"\n"),
        };
        let settings = format!(
            "release_format = \"bundle-image\"\n{service}\n{registry_url}[Test.organizations.{ORGANIZATION}]\n{organization}"
        );
        let app = launch(kind, &url, &settings).await;
        Self {
            app,
            registry,
            kind,
            settings,
        }
    }

    /// Another process with the same settings, and a ledger of its own.
    async fn another_app(&self) -> TestApp {
        launch(self.kind, &self.registry.url(), &self.settings).await
    }

    /// The tags of a repository, sorted; none when there is no such repository.
    fn tags(&self, name: &str) -> Vec<String> {
        self.registry.tags(ORGANIZATION, name).unwrap_or_default()
    }

    /// The manifest that a tag points to.
    fn manifest(&self, name: &str, tag: &str) -> Value {
        let manifest = self.registry.manifest(ORGANIZATION, name, tag);
        serde_json::from_slice(&manifest.expect("the tag is there")).expect("JSON")
    }

    /// `registry/organization/name@digest`
    fn image(&self, name: &str, digest: &Value) -> String {
        let host = self.registry.url().replace("http://", "");
        let digest = digest.as_str().expect("a digest");
        format!("{host}/{ORGANIZATION}/{name}@{digest}")
    }

    /// How many requests the registry had whose line starts like this.
    fn count(&self, start: &str) -> usize {
        let requests = self.registry.requests();
        let lines = requests
            .iter()
            .map(|request| format!("{} {}", request.method, request.path));
        lines.filter(|line| line.starts_with(start)).count()
    }
}

async fn launch(kind: Kind, registry: &str, settings: &str) -> TestApp {
    TestApp::launch(settings, false, |mut config, aws| {
        if kind == Kind::Quay {
            config.quay_url = registry.parse().expect("a URL");
        }
        App::with_aws(config, aws)
    })
    .await
}

impl Drop for Setup {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(self.registry.surprises(), Vec::<String>::new());
        }
    }
}

/// The digests of an answer's bundles, by tag.
fn digests(answer: &Answer) -> Vec<(&str, &str)> {
    let bundles = answer.body["bundles"].as_array().expect("bundles");
    bundles
        .iter()
        .map(|bundle| {
            let tag = bundle["tag"].as_str().unwrap_or("null");
            (tag, bundle["digest"].as_str().expect("a digest"))
        })
        .collect()
}

/// The doorbell with another description: the same bundle in another content.
fn touched_up_doorbell() -> Operator {
    let file = Operator::doorbell().file(CSV).to_owned();
    Operator::doorbell().with(CSV, &format!("{file}\n# touched up\n"))
}

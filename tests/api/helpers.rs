//! Runs the service with its stand-ins in this process. There is a method for each endpoint.

use std::net::SocketAddr;

use omps::app::App;
use omps::aws::Aws;
use omps::config::Config;
use omps_tests::greenwave::{self, Greenwave};
use omps_tests::koji::Koji;
use omps_tests::multipart;
use omps_tests::quay::accounts::{Accounts, basic, robot_name, robot_password};
use omps_tests::quay::{Fault, Quay, Settings};
use omps_tests::secrets_manager::SecretsManager;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap};
use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::{canary, openapi};

/// The organization that the tests push to.
pub(crate) const ORGANIZATION: &str = "testorg";
/// A robot of it that may pull and not push.
pub(crate) const READER: &str = "testorg+reader";
pub(crate) const READER_PASSWORD: &str = "reader-password";

/// A running service with the stand-ins that it calls. All stop when it is dropped.
pub(crate) struct TestApp {
    pub quay: Quay,
    pub koji: Koji,
    pub greenwave: Greenwave,
    pub secrets: SecretsManager,
    url: String,
    client: reqwest::Client,
    _stop: oneshot::Sender<()>,
}

/// An answer of the service.
#[derive(Debug)]
pub(crate) struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    /// The body; `null` if the answer has none.
    pub body: Value,
}

impl TestApp {
    /// Starts a service for an organization without rules.
    pub(crate) async fn start() -> Self {
        Self::with_settings("").await
    }

    /// Starts a service without Greenwave, with these lines in its section of the configuration.
    pub(crate) async fn with_settings(settings: &str) -> Self {
        Self::launch(settings, false, App::with_aws).await
    }

    /// Starts a service with Greenwave.
    pub(crate) async fn with_greenwave() -> Self {
        Self::launch("", true, App::with_aws).await
    }

    /// Starts a service with these lines in its section of the configuration. `build` can change the configuration
    /// before it creates the application.
    pub(crate) async fn launch(
        settings: &str,
        with_greenwave: bool,
        build: impl FnOnce(Config, Aws) -> App,
    ) -> Self {
        canary::watch_the_log();
        let free = SocketAddr::from(([127, 0, 0, 1], 0));
        let quay = Quay::start(Settings {
            listen: free,
            accounts: Accounts::of_organizations(&[ORGANIZATION]).reader(
                READER,
                READER_PASSWORD,
                ORGANIZATION,
            ),
            ..Settings::default()
        })
        .await
        .expect("a port for Quay");
        let koji = Koji::start(free).await.expect("a port for Koji");
        let greenwave = Greenwave::start(free).await.expect("a port for Greenwave");
        let secrets = SecretsManager::start(free)
            .await
            .expect("a port for Secrets Manager");
        // A service for bundle images says so itself.
        let format = match settings.contains("release_format") {
            true => "",
            false => "release_format = \"app-registry\"",
        };
        let section = format!(
            "[Test]\nquay_url = \"{}\"\nkojihub_url = \"{}\"\nkojiroot_url = \"{}\"\n{}\n{format}\n{settings}",
            quay.url(),
            koji.hub_url(),
            koji.root_url(),
            match with_greenwave {
                false => String::new(),
                true => greenwave_settings(&greenwave.url()),
            },
        );
        let config = Config::from_toml(&section, "Test").expect("a valid configuration");
        let app = build(config, secrets.aws().await);
        let listener = TcpListener::bind(free).await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let (stop, stopped) = oneshot::channel();
        tokio::spawn(omps_server::serve(
            listener,
            app,
            omps_server::Settings::default(),
            async {
                drop(stopped.await);
            },
        ));
        Self {
            quay,
            koji,
            greenwave,
            secrets,
            url,
            client: client(),
            _stop: stop,
        }
    }

    /// Starts a service with these lines in the configuration of [`ORGANIZATION`].
    pub(crate) async fn with_organization(settings: &str) -> Self {
        Self::with_settings(&format!("[Test.organizations.{ORGANIZATION}]\n{settings}")).await
    }

    /// `POST /v2/testorg/zipfile`
    pub(crate) async fn push_zipfile(&self, zip: &[u8]) -> Answer {
        self.upload("/v2/testorg/zipfile", zip).await
    }

    /// `POST /v2/testorg/zipfile/{version}`
    pub(crate) async fn push_zipfile_as(&self, version: &str, zip: &[u8]) -> Answer {
        self.upload(&format!("/v2/testorg/zipfile/{version}"), zip)
            .await
    }

    /// `POST /v1/testorg/{repo}/zipfile`
    pub(crate) async fn push_zipfile_v1(&self, repo: &str, zip: &[u8]) -> Answer {
        self.upload(&format!("/v1/testorg/{repo}/zipfile"), zip)
            .await
    }

    /// `POST /v2/testorg/koji/{nvr}`
    pub(crate) async fn push_koji(&self, nvr: &str) -> Answer {
        self.with_token(Method::POST, &format!("/v2/testorg/koji/{nvr}"))
            .await
    }

    /// `DELETE /v2/testorg/{repo}`
    pub(crate) async fn delete_all(&self, repo: &str) -> Answer {
        self.with_token(Method::DELETE, &format!("/v2/testorg/{repo}"))
            .await
    }

    /// `DELETE /v2/testorg/{repo}/{release}`
    pub(crate) async fn delete(&self, repo: &str, release: &str) -> Answer {
        self.with_token(Method::DELETE, &format!("/v2/testorg/{repo}/{release}"))
            .await
    }

    /// `POST /v2/testorg/validate`, without a token.
    pub(crate) async fn validate(&self, zip: &[u8]) -> Answer {
        let form = multipart::form("file", Some("operator.zip"), zip);
        self.send(
            self.request(Method::POST, "/v2/testorg/validate")
                .header(CONTENT_TYPE, multipart::content_type())
                .body(form),
        )
        .await
    }

    /// `GET /v2/health/ping`, without a token.
    pub(crate) async fn health(&self) -> Answer {
        self.send(self.request(Method::GET, "/v2/health/ping"))
            .await
    }

    /// `GET /v2/about`
    pub(crate) async fn about(&self) -> Answer {
        self.send(self.request(Method::GET, "/v2/about")).await
    }

    /// Uploads a zip with the robot's token.
    pub(crate) async fn upload(&self, path: &str, zip: &[u8]) -> Answer {
        let form = multipart::form("file", Some("operator.zip"), zip);
        self.post_form(path, form).await
    }

    /// Posts a form with the robot's token.
    pub(crate) async fn post_form(&self, path: &str, form: Vec<u8>) -> Answer {
        self.send(
            self.request(Method::POST, path)
                .header(AUTHORIZATION, token())
                .header(CONTENT_TYPE, multipart::content_type())
                .body(form),
        )
        .await
    }

    /// Lists the releases of a repository.
    pub(crate) async fn list_releases(&self, repo: &str) -> Answer {
        self.with_token(Method::GET, &format!("/v2/{ORGANIZATION}/{repo}/releases"))
            .await
    }

    /// Sends a request with the robot's token and without a body.
    pub(crate) async fn with_token(&self, method: Method, path: &str) -> Answer {
        self.send(self.request(method, path).header(AUTHORIZATION, token()))
            .await
    }

    /// A request without a token.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url))
    }

    /// Sends a request. Its answer must be JSON and have a request id.
    pub(crate) async fn send(&self, request: RequestBuilder) -> Answer {
        let request = request.build().expect("a request");
        let (method, path) = (request.method().clone(), request.url().path().to_owned());
        let response = self.client.execute(request).await.expect("an answer");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.bytes().await.expect("a whole body");
        canary::check(&String::from_utf8_lossy(&body));
        let body = match body.is_empty() {
            true => Value::Null,
            false => serde_json::from_slice(&body).expect("a JSON body"),
        };
        let answer = Answer {
            status,
            headers,
            body,
        };
        assert_eq!(answer.header("content-type"), "application/json");
        assert_ne!(answer.header("x-request-id"), "");
        openapi::check(&method, &path, status, "application/json", &answer.body);
        answer
    }

    /// Arms a fault for the next push to Quay.
    pub(crate) fn fail_next_push(&self, fault: Fault) {
        self.quay
            .fail_next(1, "POST", "/cnr/api/v1/packages/testorg", fault);
    }

    /// Arms a fault for the next listing of Quay.
    pub(crate) fn fail_next_listing(&self, fault: Fault) {
        self.quay.fail_next(1, "GET", "/cnr/api/v1/packages", fault);
    }

    /// Quay's releases of a package of [`ORGANIZATION`].
    pub(crate) fn releases(&self, package: &str) -> Vec<String> {
        self.quay.releases(ORGANIZATION, package)
    }

    /// The archive of a release in Quay.
    pub(crate) fn pushed(&self, package: &str, version: &str) -> Vec<u8> {
        self.quay
            .pushed(ORGANIZATION, package, version)
            .expect("the release is there")
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let surprises = [
                self.quay.surprises(),
                self.koji.surprises(),
                self.greenwave.surprises(),
                self.secrets.surprises(),
            ];
            assert_eq!(surprises.concat(), Vec::<String>::new());
            assert_eq!(canary::leaks(), Vec::<String>::new());
        }
    }
}

impl Answer {
    /// The value of a header; empty if it is absent.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// The body of an error without its request id, which must be the same as in the header.
    pub(crate) fn error(mut self) -> Value {
        let fields = self.body.as_object_mut().expect("an object");
        let id = fields.remove("request_id").expect("a request id");
        assert_eq!(id, self.header("x-request-id"));
        self.body
    }

    /// The message of the error.
    pub(crate) fn message(&self) -> &str {
        self.body["message"].as_str().expect("a message")
    }

    /// The status and the error id.
    pub(crate) fn kind(&self) -> (u16, &str) {
        let id = self.body["error"].as_str().unwrap_or_default();
        (self.status, id)
    }
}

/// A client for plain HTTP: reading the system's authorities would cost more than most tests.
fn client() -> reqwest::Client {
    let without_authorities = reqwest::Client::builder().tls_certs_only([]);
    without_authorities.build().expect("a client")
}

fn greenwave_settings(url: &str) -> String {
    let (context, product_version) = (greenwave::CONTEXT, greenwave::PRODUCT_VERSION);
    format!(
        r#"greenwave = {{ url = "{url}", context = "{context}", product_version = "{product_version}" }}"#
    )
}

/// Compares the status and the whole body of an error, except the request id.
pub(crate) fn assert_error(answer: Answer, expected: &Value) {
    assert_eq!(expected["status"], answer.status, "{answer:?}");
    assert_eq!(answer.error(), *expected);
}

/// The token of the organization's robot, as Quay's login returns it.
pub(crate) fn token() -> String {
    basic(&robot_name(ORGANIZATION), &robot_password(ORGANIZATION))
}

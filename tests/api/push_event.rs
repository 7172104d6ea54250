//! Pushes by event, as the function that reads the queue does them: checks the failed messages and the outcomes.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use omps::app::App;
use omps::config::Config;
use omps::deadline::Deadline;
use omps::events::outcome::{Outcome, Outcomes};
use omps::events::worker::{Attributes, Batch, Message, Worker};
use omps::objects::Objects;
use omps_tests::koji::{Build, Fault as KojiFault, Refusal as KojiRefusal, State};
use omps_tests::oci;
use omps_tests::operator::Operator;
use omps_tests::quay::{Fault, Refusal};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::helpers::{ORGANIZATION, TestApp, token};

/// The beginning of the traces of messages; each ends with the id of its message.
const TRACE: &str = "Root=1-67891233-abcdef01234567891234567";
const PACKAGES: &str = "/cnr/api/v1/packages/testorg";

/// A worker with stand-ins, and a folder as its bucket.
struct Queue {
    services: TestApp,
    app: App,
    worker: Worker,
    bucket: TempDir,
    outcomes: UnboundedReceiver<Outcome>,
}

impl Queue {
    async fn new() -> Self {
        let robot = format!("quay_token = \"{}\"", token());
        Self::with_organization(&robot).await
    }

    async fn with_organization(settings: &str) -> Self {
        Self::with_settings("", settings).await
    }

    async fn with_settings(settings: &str, of_organization: &str) -> Self {
        let services = TestApp::start().await;
        let format = match settings.contains("release_format") {
            true => "",
            false => "release_format = \"app-registry\"",
        };
        let section = format!(
            "[Test]\n{settings}\n{format}\nquay_url = \"{}\"\nkojihub_url = \"{}\"\nkojiroot_url = \"{}\"\n\
             [Test.organizations.{ORGANIZATION}]\n{of_organization}\nkoji_packages = [\"doorbell\"]",
            services.quay.url(),
            services.koji.hub_url(),
            services.koji.root_url(),
        );
        let config = Config::from_toml(&section, "Test").expect("a valid configuration");
        let mut app = App::with_aws(config, services.secrets.aws().await);
        let bucket = tempfile::tempdir().expect("a folder");
        let (sender, outcomes) = unbounded_channel();
        app.objects = Objects::Folder(bucket.path().to_owned());
        let worker = Worker {
            outcomes: Outcomes::Channel(sender),
        };
        Queue {
            services,
            app,
            worker,
            bucket,
            outcomes,
        }
    }

    /// Adds a build to Koji.
    fn add_build(&self, nvr: &str, archive: Vec<u8>) {
        let build = Build::of_operator(nvr, archive);
        self.services.koji.add_build(build);
    }

    /// Puts an object into the bucket, and returns the event for it.
    fn put(&self, key: &str, content: &[u8]) -> Value {
        let path: PathBuf = self.bucket.path().join(key);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, content).expect("a file");
        let detail = json!({"bucket": {"name": "uploads"}, "object": {"key": key}});
        json!({"source": "aws.s3", "detail-type": "Object Created", "detail": detail})
    }

    /// Delivers messages with the ids 0, 1, …; returns the ids of those that failed.
    async fn deliver(&self, messages: &[Value]) -> Vec<String> {
        self.deliver_within(messages, Duration::from_secs(60)).await
    }

    async fn deliver_within(&self, messages: &[Value], time: Duration) -> Vec<String> {
        let message = |(id, body): (usize, &Value)| Message {
            id: id.to_string(),
            body: body.to_string(),
            attributes: Attributes {
                trace: Some(format!("{TRACE}{id}")),
            },
        };
        let messages = messages.iter().enumerate().map(message).collect();
        let batch = Batch { messages };
        let response = self
            .worker
            .work(&self.app, &batch, Deadline::after(time))
            .await;
        let failures = response.failures.into_iter();
        failures.map(|failure| failure.id).collect()
    }

    /// The outcomes since the last call: each with its type, and with the id of the error or the release.
    fn outcomes_so_far(&mut self) -> Vec<String> {
        let mut outcomes = Vec::new();
        while let Ok(outcome) = self.outcomes.try_recv() {
            let detail = &outcome.detail;
            let what = detail.get("error").unwrap_or(&detail["version"]).clone();
            let repeated = match detail.get("repeated") {
                Some(_) => ", repeated",
                None => "",
            };
            outcomes.push(format!(
                "{}: {}{repeated}",
                outcome.detail_type(),
                what.as_str().unwrap_or_default()
            ));
        }
        outcomes.sort();
        outcomes
    }

    fn releases(&self) -> Vec<String> {
        self.services.releases("doorbell-operator")
    }
}

fn build(nvr: &str) -> Value {
    json!({"organization": ORGANIZATION, "nvr": nvr})
}

/// The small operator, with content that only this build has.
fn operator_of(build: &str) -> Vec<u8> {
    let csv = "doorbell-operator.v1.0.0.clusterserviceversion.yaml";
    let provider = format!("name: The makers of {build}");
    let operator = Operator::doorbell().edit(csv, "name: The doorbell people", &provider);
    operator.zip()
}

fn state_change(name: &str, new: u64) -> Value {
    let detail = json!({
        "name": name, "version": "1", "release": "1", "epoch": null, "attribute": "state", "old": 0, "new": new,
        "build_id": 1, "owner": "osbs", "instance": "primary",
    });
    json!({"source": "omps.koji", "detail-type": "buildsys.build.state.change", "detail": detail})
}

#[tokio::test]
async fn objects_builds_and_messages_become_releases() {
    let mut queue = Queue::new().await;
    let zip = Operator::doorbell().zip();
    for nvr in ["doorbell-1-1", "doorbell-1-2"] {
        queue.add_build(nvr, zip.clone());
    }
    let object = queue.put("v2/testorg/zipfile/3.0.0/a b.zip", &zip);

    let failed = queue
        .deliver(&[object, state_change("doorbell", 1), build("doorbell-1-2")])
        .await;

    assert_eq!(failed, Vec::<String>::new());
    // The pushes ran one after the other, so each got the next version.
    assert_eq!(queue.releases(), ["5.0.0", "4.0.0", "3.0.0"]);
    let pushes = queue.services.quay.requests();
    let pushes = pushes
        .iter()
        .filter(|request| request.method == "POST" && request.path.starts_with(PACKAGES));
    assert_eq!(pushes.count(), 3);
    let outcome = queue.outcomes.try_recv().expect("an outcome");
    assert_eq!(outcome.detail_type(), "Operator Push Succeeded");
    assert_eq!(
        outcome.detail,
        json!({
            "organization": "testorg",
            "repo": "doorbell-operator",
            "version": "3.0.0",
            "extracted_files": Operator::doorbell().paths(),
            "asked": {
                "organization": "testorg",
                "version": "3.0.0",
                "s3": {"bucket": "uploads", "key": "v2/testorg/zipfile/3.0.0/a b.zip"},
            },
            "request_id": "0",
        })
    );
    assert_eq!(
        queue.outcomes_so_far(),
        [
            "Operator Push Succeeded: 4.0.0",
            "Operator Push Succeeded: 5.0.0"
        ]
    );
}

#[tokio::test]
async fn only_complete_builds_of_named_packages_are_pushed() {
    let mut queue = Queue::new().await;
    let mut messages: Vec<Value> = [0, 2, 3, 4]
        .map(|state| state_change("doorbell", state))
        .into();
    messages.push(state_change("unnamed", 1));

    let failed = queue.deliver(&messages).await;

    assert_eq!((failed, queue.outcomes_so_far()), (Vec::new(), Vec::new()));
    assert_eq!(queue.services.koji.requests().len(), 0);
}

#[tokio::test]
async fn the_trace_of_a_message_is_passed_on_to_every_service() {
    let mut queue = Queue::new().await;
    queue.add_build("doorbell-1-1", Operator::doorbell().zip());

    queue
        .deliver(&[json!("wrong"), build("doorbell-1-1")])
        .await;

    assert_eq!(queue.outcomes_so_far().len(), 2);
    let services = &queue.services;
    let requests = [services.quay.requests(), services.koji.requests()].concat();
    assert!(requests.len() > 4);
    for request in requests {
        let trace = request.headers["x-amzn-trace-id"].to_str();
        assert_eq!(
            trace.expect("text"),
            format!("{TRACE}1"),
            "{}",
            request.path
        );
    }
}

#[tokio::test]
async fn an_event_whose_name_is_not_the_builds_is_refused() {
    let mut queue = Queue::new().await;
    queue.add_build("doorbell-bar-1.0-1", Operator::doorbell().zip());
    let mut forged = state_change("doorbell", 1);
    forged["detail"]["version"] = json!("bar-1.0");

    let failed = queue.deliver(&[forged]).await;

    assert_eq!(failed, Vec::<String>::new());
    assert_eq!(queue.releases(), Vec::<String>::new());
    let outcome = queue.outcomes.try_recv().expect("an outcome");
    assert_eq!(outcome.detail_type(), "Operator Push Failed");
    assert_eq!(
        outcome.detail["message"],
        "Build doorbell-bar-1.0-1 is of package doorbell-bar, and not of doorbell as its event says"
    );
}

#[tokio::test]
async fn a_message_that_spells_an_organization_otherwise_is_refused() {
    let mut queue = Queue::new().await;
    queue.add_build("doorbell-1-1", Operator::doorbell().zip());
    let object = queue.put("v2/TestOrg/zipfile/a.zip", &Operator::doorbell().zip());
    let message = json!({"organization": "TESTORG", "nvr": "doorbell-1-1"});

    let failed = queue.deliver(&[object, message]).await;

    assert_eq!(failed, Vec::<String>::new());
    let failures = ["Operator Push Failed: BadRequest"; 2];
    assert_eq!(queue.outcomes_so_far(), failures);
    assert!(queue.services.quay.requests().is_empty());
}

#[tokio::test]
async fn a_build_by_another_of_its_names_is_the_same_build() {
    let mut queue = Queue::new().await;
    queue.add_build("doorbell-1-1", Operator::doorbell().zip());

    let failed = queue
        .deliver(&[build("doorbell-1-1"), build("9:doorbell-1-1")])
        .await;

    assert_eq!(failed, Vec::<String>::new());
    assert_eq!(queue.releases(), ["1.0.0"]);
    let first = queue.outcomes.try_recv().expect("an outcome");
    let second = queue.outcomes.try_recv().expect("an outcome");
    assert_eq!(second.detail["repeated"], true, "{second:?}");
    assert_eq!(second.detail["asked"]["nvr"], "9:doorbell-1-1");
    for outcome in [first, second] {
        assert_eq!(outcome.detail["nvr"], "doorbell-1-1");
    }
}

#[tokio::test]
async fn only_transient_failures_are_delivered_again_and_nothing_is_published_twice() {
    let mut queue = Queue::new().await;
    for nvr in ["doorbell-1-1", "doorbell-1-2", "doorbell-1-3"] {
        queue.add_build(nvr, operator_of(nvr));
    }
    let batch = [
        build("doorbell-1-1"),
        queue.put("v2/testorg/zipfile/bad.zip", b"no zip"),
        build("doorbell-1-2"),
        queue.put("v2/testorg/zipfile/good.zip", &operator_of("a zip")),
        build("doorbell-1-3"),
    ];
    // The pushes to one organization run in the order of their messages: the first fails at Quay, the third at Koji.
    let crash = Fault::Refuse(Refusal::Crash);
    queue.services.quay.fail_next(1, "POST", PACKAGES, crash);
    let hub = "/kojifiles/packages/doorbell/1/2";
    queue
        .services
        .koji
        .fail_next(3, "GET", hub, KojiFault::CloseBeforeActing);

    let failed = queue.deliver(&batch).await;

    assert_eq!(failed, ["0", "2"]);
    assert_eq!(
        queue.outcomes_so_far(),
        [
            "Operator Push Failed: OMPSUploadedFileError",
            "Operator Push Succeeded: 1.0.0",
            "Operator Push Succeeded: 2.0.0"
        ]
    );
    assert_eq!(queue.releases(), ["2.0.0", "1.0.0"]);

    let failed = queue.deliver(&batch).await;

    assert_eq!(failed, Vec::<String>::new());
    // A message that is delivered again has an outcome again.
    assert_eq!(
        queue.outcomes_so_far(),
        [
            "Operator Push Failed: OMPSUploadedFileError",
            "Operator Push Succeeded: 1.0.0, repeated",
            "Operator Push Succeeded: 2.0.0, repeated",
            "Operator Push Succeeded: 3.0.0",
            "Operator Push Succeeded: 4.0.0"
        ]
    );
    assert_eq!(queue.releases(), ["4.0.0", "3.0.0", "2.0.0", "1.0.0"]);
}

#[tokio::test]
async fn a_message_that_is_unfinished_at_the_deadline_is_delivered_again() {
    let mut queue = Queue::new().await;
    queue.add_build("doorbell-1-1", Operator::doorbell().zip());
    let late = Fault::DelayAfterActing(Duration::from_secs(3));
    queue.services.quay.fail_next(3, "GET", PACKAGES, late);
    let batch = [build("doorbell-1-1"), build("doorbell-1-2")];

    let failed = queue.deliver_within(&batch, Duration::from_secs(1)).await;

    assert_eq!(failed, ["0", "1"]);
    // The interrupted push may still be running, so no other process does it until the claim ends.
    assert_eq!(queue.deliver(&batch[..1]).await, ["0"]);
    assert_eq!(queue.outcomes_so_far(), Vec::<String>::new());
    assert_eq!(queue.releases(), Vec::<String>::new());
}

#[tokio::test]
async fn a_release_whose_push_died_is_found_by_the_next_push() {
    let mut queue = Queue::new().await;
    queue.add_build("doorbell-1-1", Operator::doorbell().zip());
    // Quay stores the release, but the answer is lost.
    queue
        .services
        .quay
        .fail_next(1, "POST", PACKAGES, Fault::CloseAfterActing);
    let shown = format!("{PACKAGES}/doorbell-operator/1.0.0");
    queue
        .services
        .quay
        .fail_next(9, "GET", shown, Fault::CloseBeforeActing);
    let batch = [build("doorbell-1-1")];
    assert_eq!(queue.deliver(&batch).await, ["0"]);
    assert_eq!(queue.releases(), ["1.0.0"]);
    queue.services.quay.forget_faults();

    let failed = queue.deliver(&batch).await;

    assert_eq!(failed, Vec::<String>::new());
    assert_eq!(queue.outcomes_so_far(), ["Operator Push Succeeded: 1.0.0"]);
    assert_eq!(queue.releases(), ["1.0.0"]);
    assert_eq!(queue.deliver(&batch).await, Vec::<String>::new());
    assert_eq!(
        queue.outcomes_so_far(),
        ["Operator Push Succeeded: 1.0.0, repeated"]
    );
}

#[tokio::test]
async fn a_version_that_another_push_took_in_between_is_not_reported_as_ours() {
    let mut queue = Queue::new().await;
    queue.add_build("doorbell-1-1", Operator::doorbell().zip());
    let crash = Fault::Refuse(Refusal::Crash);
    queue.services.quay.fail_next(1, "POST", PACKAGES, crash);
    assert_eq!(queue.deliver(&[build("doorbell-1-1")]).await, ["0"]);
    queue
        .services
        .quay
        .add_release(ORGANIZATION, "doorbell-operator", "1.0.0");

    queue.deliver(&[build("doorbell-1-1")]).await;

    assert_eq!(queue.outcomes_so_far(), ["Operator Push Succeeded: 2.0.0"]);
}

#[tokio::test]
async fn a_push_for_an_organization_without_a_robot_fails() {
    let mut queue = Queue::with_organization("").await;
    let failed = queue.deliver(&[build("doorbell-1-1")]).await;

    assert_eq!(failed, Vec::<String>::new());
    let outcome = queue.outcomes.try_recv().expect("an outcome");
    assert_eq!(
        outcome.detail,
        json!({
            "status": 400,
            "error": "BadRequest",
            "message": "Organization testorg has no quay_token, which pushes by event require",
            "asked": {"organization": "testorg", "nvr": "doorbell-1-1"},
            "request_id": "0",
        })
    );
}

#[tokio::test]
async fn a_wrong_message_has_an_outcome_that_quotes_it() {
    let mut queue = Queue::new().await;
    let failed = queue.deliver(&[json!({"organization": "testorg"})]).await;

    assert_eq!(failed, Vec::<String>::new());
    let outcome = queue.outcomes.try_recv().expect("an outcome");
    assert_eq!(
        outcome.detail,
        json!({
            "status": 400,
            "error": "BadRequest",
            "message": "the message must have either nvr or s3",
            "asked": {"message": "{\"organization\":\"testorg\"}"},
            "request_id": "0",
        })
    );
}

#[tokio::test]
async fn a_replaced_object_is_pushed_by_its_own_event() {
    let mut queue = Queue::new().await;
    let event = queue.put("v2/testorg/zipfile/a.zip", &Operator::doorbell().zip());
    queue.deliver(std::slice::from_ref(&event)).await;
    queue.deliver(std::slice::from_ref(&event)).await;
    assert_eq!(
        queue.outcomes_so_far(),
        [
            "Operator Push Succeeded: 1.0.0",
            "Operator Push Succeeded: 1.0.0, repeated"
        ]
    );

    let event = queue.put("v2/testorg/zipfile/a.zip", &Operator::doorbell().zip());
    queue.deliver(&[event]).await;

    assert_eq!(queue.outcomes_so_far(), ["Operator Push Succeeded: 2.0.0"]);
    let outside =
        json!({"organization": "testorg", "s3": {"bucket": "uploads", "key": "../x.zip"}});
    queue.deliver(&[outside]).await;
    assert_eq!(
        queue.outcomes_so_far(),
        ["Operator Push Failed: OMPSUploadedFileError"]
    );
}

#[tokio::test]
async fn transient_failures_are_delivered_again_and_others_are_not() {
    let reply = |status| Fault::Reply {
        status,
        content_type: "application/json",
        body: "{}".to_owned(),
    };
    let fault = |code| {
        let text = "no".to_owned();
        KojiFault::Refuse(KojiRefusal::Fault { code, text })
    };
    let quay_faults = [
        (Fault::CloseBeforeActing, true),
        (Fault::Refuse(Refusal::Crash), true),
        (reply(429), true),
        (reply(400), false),
        (reply(401), false),
        (reply(409), false),
    ];
    let koji_faults = [
        (KojiFault::CloseBeforeActing, true),
        (fault(1014), true),
        (fault(1), true),
        (fault(1000), false),
    ];
    let mut queue = Queue::new().await;
    for (number, (fault, is_transient)) in quay_faults.into_iter().enumerate() {
        let nvr = format!("doorbell-1-{number}");
        queue.add_build(&nvr, operator_of(&nvr));
        let context = format!("{fault:?}");
        queue.services.quay.fail_next(9, "POST", PACKAGES, fault);

        let failed = queue.deliver(&[build(&nvr)]).await;

        queue.services.quay.forget_faults();
        assert_eq!(failed.len(), usize::from(is_transient), "{context}");
        assert_eq!(
            queue.outcomes_so_far().len(),
            usize::from(!is_transient),
            "{context}"
        );
    }
    for (fault, is_transient) in koji_faults {
        let context = format!("{fault:?}");
        queue.services.koji.fail_next(9, "POST", "/kojihub", fault);

        let failed = queue.deliver(&[build("doorbell-2-1")]).await;

        queue.services.koji.forget_faults();
        assert_eq!(failed.len(), usize::from(is_transient), "{context}");
        assert_eq!(
            queue.outcomes_so_far().len(),
            usize::from(!is_transient),
            "{context}"
        );
    }
}

#[tokio::test]
async fn a_robots_token_that_quay_refuses_is_read_once_more() {
    let mut queue = Queue::with_settings("secrets_prefix = \"omps\"", "").await;
    let secret = json!({"quay_token": token()}).to_string();
    queue.services.secrets.put("omps/testorg", &secret);
    let refusal = Fault::Refuse(Refusal::Abort {
        status: 401,
        error: "that was the old token".to_owned(),
    });
    queue.services.quay.fail_next(1, "GET", "/cnr", refusal);
    let put = queue.put("v2/testorg/zipfile/a.zip", &Operator::doorbell().zip());

    let failed = queue.deliver(&[put]).await;

    assert_eq!(failed, Vec::<String>::new());
    assert_eq!(queue.outcomes_so_far(), ["Operator Push Succeeded: 1.0.0"]);
    assert_eq!(queue.services.secrets.requests().len(), 2);
}

#[tokio::test]
async fn a_build_that_ended_before_one_that_is_released_is_superseded() {
    let mut queue = Queue::new().await;
    let koji = &queue.services.koji;
    let older = Build::of_operator("doorbell-1-1", operator_of("older"));
    koji.add_build(older.completed_at(1_000.0));
    let newer = Build::of_operator("doorbell-1-2", operator_of("newer"));
    koji.add_build(newer.completed_at(2_000.0));
    assert!(queue.deliver(&[build("doorbell-1-2")]).await.is_empty());

    let failed = queue.deliver(&[build("doorbell-1-1")]).await;

    assert!(failed.is_empty(), "{failed:?}");
    assert_eq!(
        queue.outcomes.try_recv().expect("one").detail["nvr"],
        "doorbell-1-2"
    );
    let outcome = queue.outcomes.try_recv().expect("another");
    assert_eq!(outcome.detail_type(), "Operator Push Superseded");
    assert_eq!(outcome.detail["nvr"], "doorbell-1-1");
    assert_eq!(outcome.detail["superseded_by"], "doorbell-1-2");
    assert_eq!(queue.releases(), ["1.0.0"]);

    // A version in the message overrules the order.
    let asked = json!({"organization": ORGANIZATION, "nvr": "doorbell-1-1", "version": "0.9.0"});
    assert!(queue.deliver(&[asked]).await.is_empty());
    assert_eq!(queue.outcomes_so_far(), ["Operator Push Succeeded: 0.9.0"]);
}

#[tokio::test]
async fn a_release_that_was_deleted_comes_back_when_its_push_is_forced() {
    let mut queue = Queue::new().await;
    queue.add_build("doorbell-1-1", Operator::doorbell().zip());
    let asked =
        |force: bool| json!({"organization": ORGANIZATION, "nvr": "doorbell-1-1", "force": force});
    queue.deliver(&[asked(false)]).await;
    queue.services.delete("doorbell-operator", "1.0.0").await;
    queue.deliver(&[asked(false)]).await;
    assert!(queue.releases().is_empty());

    queue.deliver(&[asked(true)]).await;

    assert_eq!(queue.releases(), ["1.0.0"]);
    assert_eq!(
        queue.outcomes_so_far(),
        [
            "Operator Push Succeeded: 1.0.0",
            "Operator Push Succeeded: 1.0.0",
            "Operator Push Succeeded: 1.0.0, repeated"
        ]
    );
}

#[tokio::test]
async fn a_build_that_koji_still_shows_as_building_comes_back() {
    let mut queue = Queue::new().await;
    let behind = Build::of_image("doorbell-1-1").in_state(State::Building);
    queue.services.koji.add_build(behind);

    let failed = queue.deliver(&[build("doorbell-1-1")]).await;

    assert_eq!(failed, ["0"]);
    assert!(queue.outcomes_so_far().is_empty());
}

#[tokio::test]
async fn an_object_becomes_bundle_images_and_reaches_the_catalog() {
    let settings = oci::Settings::of(oci::Kind::DockerRegistry, &[ORGANIZATION]);
    let registry = oci::Registry::start(settings).await.expect("a port");
    let settings = format!(
        "release_format = \"bundle-image\"\nregistry_url = \"{}\"",
        registry.url()
    );
    let organization = format!("quay_token = \"{}\"\ncatalog = {{}}", token());
    let mut queue = Queue::with_settings(&settings, &organization).await;
    let object = queue.put("v2/testorg/zipfile/a.zip", &Operator::doorbell().zip());

    let failed = queue.deliver(&[object]).await;

    assert_eq!(failed, Vec::<String>::new());
    let outcome = queue.outcomes.try_recv().expect("an outcome");
    assert_eq!(outcome.detail["version"], "1.0.0", "{outcome:?}");
    assert_eq!(outcome.detail["catalog"]["updated"], true);
    let heads = json!({"alpha": "doorbell-operator.v1.0.0"});
    assert_eq!(outcome.detail["catalog"]["heads"], heads);
    let tags = registry.tags(ORGANIZATION, "doorbell-operator");
    assert_eq!(tags, Some(vec!["1.0.0".to_owned()]));
}

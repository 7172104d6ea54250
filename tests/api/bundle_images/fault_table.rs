//! Every fault at every call to an OCI registry: checks the answer, what the registry holds then, and that the same request
//! again makes exactly one release.
//!
//! `cargo test -p omps-tests --test api fault_table -- --nocapture` prints the table.

use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use omps_tests::oci::{Fault, Kind, Registry, Settings};
use omps_tests::operator::Operator;

use super::Setup;
use crate::faults::trouble::Trouble;
use crate::helpers::{Answer, ORGANIZATION};

const NAME: &str = "larder-operator";
/// How many cases run at the same time.
const AT_ONCE: usize = 40;
/// The time after which a request counts as hanging.
const HANG: Duration = Duration::from_secs(20);

/// A call to the registry, made for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    Ping,
    Token,
    Tags,
    Look,
    LookForBlob,
    BeginUpload,
    Upload,
    PutBundle,
    ReadBundle,
    PutRelease,
    ReadRelease,
    LookToDelete,
    TagsToDelete,
    Delete,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    /// As for the other services.
    Trouble(Trouble),
    /// This status, with a body that is no JSON.
    Status(u16),
}

/// A call with a fault, each time (or only the first).
#[derive(Clone, Copy, Debug)]
struct Case {
    call: Call,
    what: What,
    once: bool,
}

/// How a case ended.
struct Outcome {
    case: Case,
    answer: Answer,
    again: Answer,
    time: Duration,
    tags: Vec<String>,
    wrong: Vec<String>,
}

impl Call {
    const ALL: [Call; 14] = [
        Call::Ping,
        Call::Token,
        Call::Tags,
        Call::Look,
        Call::LookForBlob,
        Call::BeginUpload,
        Call::Upload,
        Call::PutBundle,
        Call::ReadBundle,
        Call::PutRelease,
        Call::ReadRelease,
        Call::LookToDelete,
        Call::TagsToDelete,
        Call::Delete,
    ];

    /// Its HTTP request: the method and a prefix of the path.
    fn request(self) -> (&'static str, String) {
        let (method, rest) = match self {
            Call::Ping => return ("GET", "/v2/".to_owned()),
            Call::Token => return ("GET", "/v2/auth".to_owned()),
            Call::Tags | Call::TagsToDelete => ("GET", "tags/list"),
            Call::Look => ("GET", "manifests/0.5.1"),
            Call::LookForBlob => ("HEAD", "blobs/"),
            Call::BeginUpload => ("POST", "blobs/uploads/"),
            Call::Upload => ("PUT", "blobs/uploads/"),
            Call::PutBundle => ("PUT", "manifests/0.5.1"),
            Call::ReadBundle => ("HEAD", "manifests/0.5.1"),
            Call::PutRelease => ("PUT", "manifests/1.0.0"),
            Call::ReadRelease => ("HEAD", "manifests/1.0.0"),
            Call::LookToDelete => ("GET", "manifests/1.0.0"),
            Call::Delete => ("DELETE", "manifests/1.0.0"),
        };
        (method, format!("/v2/{ORGANIZATION}/{NAME}/{rest}"))
    }

    /// A registry that gets this call: to Quay, a blob is sent together with `POST`.
    fn kind(self) -> Kind {
        match self {
            Call::Upload => Kind::DockerRegistry,
            _ => Kind::Quay,
        }
    }

    fn deletes(self) -> bool {
        matches!(self, Call::LookToDelete | Call::TagsToDelete | Call::Delete)
    }

    /// Whether the request changes what the registry holds.
    fn writes(self) -> bool {
        matches!(self, Call::PutBundle | Call::PutRelease | Call::Delete)
    }

    async fn make(self, setup: &Setup) -> Answer {
        let zip = Operator::larder().zip();
        match self {
            Call::Ping => setup.app.health().await,
            Call::Tags => setup.app.push_zipfile(&zip).await,
            Call::TagsToDelete => setup.app.delete_all(NAME).await,
            Call::LookToDelete | Call::Delete => setup.app.delete(NAME, "1.0.0").await,
            _ => setup.app.push_zipfile_as("1.0.0", &zip).await,
        }
    }
}

impl What {
    const STATUSES: [u16; 4] = [401, 403, 404, 503];

    fn name(self) -> String {
        match self {
            What::Trouble(trouble) => trouble.name().to_owned(),
            What::Status(status) => format!("{status} in HTML"),
        }
    }

    fn fault(self, elsewhere: &str) -> Option<Fault> {
        match self {
            What::Trouble(trouble) => trouble.fault(elsewhere),
            What::Status(status) => Some(Fault::Reply {
                status,
                content_type: "text/html",
                body: "<html>A proxy's page</html>".to_owned(),
            }),
        }
    }

    fn is_slow(self) -> bool {
        matches!(
            self,
            What::Trouble(Trouble::SlowBefore | Trouble::SlowAfter)
        )
    }

    fn takes_effect(self) -> bool {
        match self {
            What::Trouble(trouble) => trouble.takes_effect() || trouble == Trouble::Mislabelled,
            What::Status(_) => false,
        }
    }

    fn is_temporary(self) -> bool {
        match self {
            What::Trouble(trouble) => trouble.is_temporary() && trouble != Trouble::ResetBefore,
            What::Status(_) => false,
        }
    }
}

impl Case {
    /// Each call with each fault. What a retry can overcome also occurs once only.
    fn all() -> Vec<Case> {
        let troubles = Trouble::ALL.into_iter().map(What::Trouble);
        let statuses = What::STATUSES.into_iter().map(What::Status);
        let all: Vec<What> = troubles
            .chain(statuses)
            .filter(|what| what.fault("").is_some() && *what != What::Trouble(Trouble::BadGateway))
            .collect();
        let of = |call: Call| {
            let all = all.clone().into_iter();
            all.flat_map(move |what| [false, true].map(|once| Case { call, what, once }))
        };
        let cases = Call::ALL.into_iter().flat_map(of);
        cases
            .filter(|case| !case.once || case.what.is_temporary())
            .collect()
    }

    async fn run(self) -> Outcome {
        let timeout = if self.what.is_slow() { 2 } else { 10 };
        let service = format!("request_timeout = {timeout}");
        let setup = Setup::with_all(self.call.kind(), &service, "").await;
        let elsewhere = Registry::start(Settings::quay(&[])).await.expect("a port");
        if self.call.deletes() {
            let zip = Operator::larder().zip();
            assert_eq!(setup.app.push_zipfile_as("1.0.0", &zip).await.status, 200);
        }
        let (method, path) = self.call.request();
        let fault = self.what.fault(&elsewhere.url()).expect("a fault");
        let count = self.once.then_some(1);
        setup.registry.fail(count, method, path, "", fault);

        let started = Instant::now();
        let answer = tokio::time::timeout(HANG, self.call.make(&setup)).await;
        let answer = answer.unwrap_or_else(|_| panic!("{self:?} hangs"));
        let time = started.elapsed();
        let tags = setup.tags(NAME);
        let is_unmet = setup.registry.unmet_faults() > 0;
        setup.registry.forget_faults();
        let again = match self.call {
            // What the health check found is remembered for a while.
            Call::Ping => setup.another_app().await.health().await,
            call => call.make(&setup).await,
        };

        let mut wrong = Vec::new();
        if is_unmet && !self.once {
            wrong.push("the call was not made".to_owned());
        }
        wrong.extend(self.wrong_answer(&answer));
        wrong.extend(self.wrong_state(&answer, &tags));
        wrong.extend(self.wrong_repetition(&setup, &answer, &again));
        if !elsewhere.requests().is_empty() {
            wrong.push("another host was asked".to_owned());
        }
        Outcome {
            case: self,
            answer,
            again,
            time,
            tags,
            wrong,
        }
    }

    /// The answer is a success, or names what was wrong in the terms of the API.
    fn wrong_answer(self, answer: &Answer) -> Option<String> {
        let is_right = match answer.kind() {
            (200, _) => true,
            (403, "QuayAuthorizationError") => {
                matches!(self.what, What::Status(401 | 403))
            }
            (500, "QuayCourierError") => !self.call.deletes(),
            (500, "QuayPackageError") => true,
            _ => false,
        };
        // The type of a manifest is part of it.
        let is_ignored = match self.what {
            What::Trouble(Trouble::Mislabelled) => self.call != Call::LookToDelete,
            // Nobody says what stands in a 200 to a ping, but for a page of HTML.
            What::Trouble(Trouble::Unfinished) => self.call == Call::Ping,
            _ => false,
        };
        let should_succeed = self.once || is_ignored;
        if self.call == Call::Ping {
            let works = answer.body["services"]["quay"]["ok"] == true;
            return (works != should_succeed).then(|| format!("the registry works: {works}"));
        }
        if should_succeed && answer.status != 200 {
            return Some("wanted 200".to_owned());
        }
        (!is_right).then(|| "an answer that this fault does not explain".to_owned())
    }

    /// A success is one, and a failure has left no release, or may have.
    fn wrong_state(self, answer: &Answer, tags: &[String]) -> Option<String> {
        let is_there = tags.iter().any(|tag| tag == "1.0.0");
        let wanted = match (self.call, answer.status) {
            (Call::Ping, _) => false,
            (call, 200) => !call.deletes(),
            // The call was made, though nobody knows how it ended; or it was the one that finds that out.
            (call, _) if call.writes() && self.what.takes_effect() => return None,
            (Call::ReadRelease, _) => return None,
            (call, _) => call.deletes(),
        };
        (is_there != wanted).then(|| format!("release there: {is_there}"))
    }

    /// The same request again, with no fault, ends as if there had been none.
    fn wrong_repetition(self, setup: &Setup, answer: &Answer, again: &Answer) -> Option<String> {
        let tags = setup.tags(NAME);
        let done = answer.status == 200;
        let (wanted, statuses): (&[&str], &[u16]) = match self.call {
            Call::Ping => {
                let works = again.body["services"]["quay"]["ok"] == true;
                return (!works).then(|| "the registry does not work again".to_owned());
            }
            // One that was deleted is not found.
            call if call.deletes() => {
                (&["0.4.0", "0.5.1"], if done { &[404] } else { &[200, 404] })
            }
            Call::Tags if done => (&["0.4.0", "0.5.1", "1.0.0", "2.0.0"], &[200]),
            _ => (
                &["0.4.0", "0.5.1", "1.0.0"],
                if done { &[500] } else { &[200] },
            ),
        };
        let is_right = tags == wanted && statuses.contains(&again.status);
        (!is_right).then(|| format!("the same again: {} with {tags:?}", again.status))
    }
}

impl Outcome {
    fn row(&self) -> String {
        let Case { call, what, once } = self.case;
        let (status, id) = self.answer.kind();
        let message = match call {
            Call::Ping => self.answer.body["services"]["quay"]["details"].as_str(),
            _ => self.answer.body["message"].as_str(),
        };
        format!(
            "| {call:?} | {}{} | {status} | {id} | {:.2} | {} | {} | {} |",
            what.name(),
            if once { ", once" } else { "" },
            self.time.as_secs_f32(),
            self.tags.join(" "),
            self.again.status,
            message.unwrap_or_default(),
        )
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_at_every_call_to_a_registry_leaves_what_the_same_request_finishes() {
    let outcomes = stream::iter(Case::all()).map(Case::run);
    let outcomes: Vec<Outcome> = outcomes.buffered(AT_ONCE).collect().await;

    println!("| call | fault | status | id | seconds | tags then | again | message |");
    println!("|---|---|---|---|---|---|---|---|");
    for outcome in &outcomes {
        println!("{}", outcome.row());
    }
    let wrong = outcomes.iter().filter(|outcome| !outcome.wrong.is_empty());
    let wrong: Vec<String> = wrong
        .map(|outcome| format!("{} {}", outcome.row(), outcome.wrong.join("; ")))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn a_registry_that_refuses_connections_is_named_by_every_request() {
    let mut setup = Setup::quay().await;
    let zip = Operator::larder().zip();
    setup.registry.stop().await;

    for (answer, id) in [
        (setup.app.push_zipfile(&zip).await, "QuayPackageError"),
        (
            setup.app.push_zipfile_as("1.0.0", &zip).await,
            "QuayCourierError",
        ),
        (setup.app.delete(NAME, "1.0.0").await, "QuayPackageError"),
        (setup.app.delete_all(NAME).await, "QuayPackageError"),
    ] {
        assert_eq!(answer.kind(), (500, id), "{answer:?}");
    }
    assert_eq!(setup.app.health().await.status, 503);
}

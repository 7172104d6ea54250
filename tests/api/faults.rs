//! Every fault at every call to another service: checks the answer to the client, and how often the service was called.
//!
//! `cargo test -p omps-tests --test api faults -- --nocapture` prints the table.

mod call;
mod setting;
pub(crate) mod trouble;

use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};

use crate::helpers::{Answer, TestApp};
use call::Call;
use setting::Setting;
use trouble::Trouble;

/// How many cases run at the same time.
const AT_ONCE: usize = 16;
/// The time after which a request counts as hanging.
const HANG: Duration = Duration::from_secs(15);

/// A call that has trouble: only the first time (`once`), or always.
#[derive(Clone, Copy, Debug)]
struct Case {
    call: Call,
    trouble: Trouble,
    once: bool,
}

/// The result of a case.
struct Outcome {
    case: Case,
    answer: Answer,
    tries: usize,
    time: Duration,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_at_every_call_is_reported_and_nothing_is_done_twice() {
    let outcomes = stream::iter(cases()).map(Case::run);
    let outcomes: Vec<Outcome> = outcomes.buffered(AT_ONCE).collect().await;

    println!("| call | fault | status | id | tries | seconds | message |");
    println!("|---|---|---|---|---|---|---|");
    for outcome in &outcomes {
        println!("{}", outcome.row());
    }
    let wrong: Vec<String> = outcomes.iter().filter_map(Outcome::wrong).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Each call with each trouble that is possible for it. A trouble that a retry can overcome also occurs once only.
fn cases() -> impl Iterator<Item = Case> {
    let of = |call: Call| {
        let troubles = Trouble::ALL.into_iter();
        troubles.flat_map(move |trouble| {
            [false, true].map(|once| Case {
                call,
                trouble,
                once,
            })
        })
    };
    let cases = Call::ALL.into_iter().flat_map(of);
    cases.filter(|case| {
        let can_be = !case.trouble.blocks_every_request() || case.call.is_first();
        can_be && (!case.once || case.trouble.is_temporary())
    })
}

impl Case {
    async fn run(self) -> Outcome {
        let setting = Setting::start(self).await;
        let started = Instant::now();
        let answer = tokio::time::timeout(HANG, self.call.make(&setting.app)).await;
        let answer = answer.unwrap_or_else(|_| panic!("{self:?} hangs"));
        let time = started.elapsed();
        self.check_effect(&setting.app, &answer);
        Outcome {
            case: self,
            tries: setting.tries(),
            answer,
            time,
        }
    }

    /// The expected status, error id and number of tries.
    fn wanted(self) -> (u16, &'static str, RangeInclusive<usize>) {
        let Case { call, trouble, .. } = self;
        let (status, id) = call.error();
        let exactly = |tries| tries..=tries;
        // If a package is not listed, a push looks it up before, and it looks up the release after.
        let look_ups = if call == Call::Listing { 2 } else { 0 };
        match trouble {
            Trouble::Mislabelled | Trouble::TrustedAuthority => (200, "", exactly(1 + look_ups)),
            // The release did not exist before the push, and it exists after it.
            _ if call == Call::Push && trouble.takes_effect() && !self.once => (200, "", 2..=3),
            _ if self.once => (200, "", exactly(2 + look_ups)),
            // The look-ups before and after have the same trouble.
            _ if call == Call::Push && trouble.is_tls() => (status, id, exactly(3 + 3 + 3)),
            // The service takes any content as the archive.
            Trouble::Page | Trouble::Unfinished | Trouble::Endless if call == Call::Download => {
                (400, "OMPSUploadedFileError", exactly(1))
            }
            Trouble::Crash if call == Call::Publish => (status, id, exactly(3)),
            Trouble::Refused => (status, id, exactly(0)),
            // Each try waits for half of the remaining time: how many there are depends on how busy the machine is. That there
            // is a second one shows a trouble that occurs once.
            Trouble::SlowBefore | Trouble::SlowAfter => (status, id, 1..=3),
            _ if trouble.is_temporary() || trouble.blocks_every_request() => {
                (status, id, exactly(3))
            }
            _ => (status, id, exactly(1)),
        }
    }

    /// Checks that Quay has exactly the expected releases, so that no answer reports a success that did not happen.
    fn check_effect(self, app: &TestApp, answer: &Answer) {
        let done = answer.status == 200;
        let acted = done || self.trouble.takes_effect();
        let wanted: &[&str] = match self.call {
            Call::Health(_) => &[],
            Call::Publish => &["1.0.0"],
            Call::ListingToDelete if !done => &["1.0.0"],
            Call::Delete if !acted => &["1.0.0"],
            Call::DeleteAll if !acted => &["2.0.0"],
            Call::ListingToDelete | Call::Delete | Call::DeleteAll => &[],
            _ if done => &["1.0.0"],
            _ => &[],
        };
        let package = self.call.package();
        assert_eq!(app.releases(package), wanted, "{self:?}: {answer:?}");
        if self.call == Call::Publish && done {
            let public = app.quay.is_public("testorg", package);
            assert_eq!(public, Some(true), "{self:?}: {answer:?}");
        }
    }
}

impl Outcome {
    fn row(&self) -> String {
        let Case {
            call,
            trouble,
            once,
        } = self.case;
        let (status, id) = self.answer.kind();
        format!(
            "| {} | {}{} | {status} | {id} | {} | {:.2} | {} |",
            call.name(),
            trouble.name(),
            if once { ", once" } else { "" },
            self.tries,
            self.time.as_secs_f32(),
            call.message(&self.answer),
        )
    }

    /// The row of the table and the expectation, if they differ.
    fn wrong(&self) -> Option<String> {
        let (status, id) = self.answer.kind();
        let wanted = self.case.wanted();
        let (wanted_status, wanted_id, tries) = &wanted;
        let is_as_wanted =
            (status, id) == (*wanted_status, *wanted_id) && tries.contains(&self.tries);
        (!is_as_wanted).then(|| format!("{} wanted {wanted:?}", self.row()))
    }
}

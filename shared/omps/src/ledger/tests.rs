//! Tests every transition of the state machine and prints them as a table. A random test applies steps, crashes and
//! clock changes in any order.

use serde_json::json;

use super::pending::Queue;
use super::*;

const NOW: Millis = 1_000_000;
const LATER: Millis = NOW + 60_000;

fn entry(state: State, held_until: Millis) -> Entry {
    Entry {
        revision: 7,
        state,
        holder: "before".to_owned(),
        owner: "request-a".to_owned(),
        held_until,
        content: "content-a".to_owned(),
        begun: None,
        outcome: Some(json!("outcome")),
        pending: Vec::new(),
        changed_at: NOW - 1_000_000,
        forgotten_at: Millis::MAX,
    }
}

fn claim(subject: Subject, owner: &str, content: &str) -> Claim {
    Claim {
        subject,
        holder: "next".to_owned(),
        owner: owner.to_owned(),
        until: LATER,
        content: content.to_owned(),
        refuted: None,
        forgotten_at: Millis::MAX,
    }
}

fn note(holder: &str, note: Note) -> Step {
    Step::Note {
        holder: holder.to_owned(),
        note,
    }
}

/// The result of a step, in words.
fn outcome(entry: Option<&Entry>, step: &Step) -> String {
    match take(entry, step, NOW) {
        Ok((next, granted)) => {
            let held = if next.held_until > NOW {
                "held"
            } else {
                "not held"
            };
            format!("{:?}, {held}: {:?}", next.state, granted.before)
        }
        Err(refusal) => format!("{refusal:?}"),
    }
}

/// Checks and prints a table whose rows have a name, an entry, a step, and the expected result.
fn check(title: &str, rows: Vec<(&str, Option<Entry>, Step, &str)>) {
    println!("\n{title}");
    for (name, entry, step, wanted) in rows {
        let found = outcome(entry.as_ref(), &step);
        println!("  {name:<58} {found}");
        assert_eq!(found, wanted, "{title}: {name}");
    }
}

#[test]
fn a_release_is_claimed_by_one_push_at_a_time() {
    let by = |owner: &str, content: &str| Step::Claim(claim(Subject::Release, owner, content));
    let (mine, other) = (by("request-a", "content-a"), by("", "content-b"));
    let (same_content, gone) = (by("", "content-a"), {
        let mut claim = claim(Subject::Release, "", "content-b");
        claim.refuted = Some(6);
        Step::Claim(claim)
    });
    let lost = {
        let mut claim = claim(Subject::Release, "", "content-b");
        claim.refuted = Some(7);
        Step::Claim(claim)
    };
    let held = |state| Some(entry(state, LATER));
    let run_out = |state| Some(entry(state, NOW));
    let busy = format!("Busy {{ until: {LATER} }}");
    let conflict = "Conflict { outcome: Some(String(\"outcome\")), revision: 7, changed_at: 0 }";
    let rows = vec![
        ("no entry", None, other.clone(), "Reserved, held: Nothing"),
        (
            "free",
            run_out(State::Free),
            other.clone(),
            "Reserved, held: Nothing",
        ),
        (
            "reserved by another push",
            held(State::Reserved),
            other.clone(),
            &busy,
        ),
        (
            "reserved by this request",
            held(State::Reserved),
            mine.clone(),
            "Reserved, held: Unclear",
        ),
        (
            "reserved, run out",
            run_out(State::Reserved),
            other.clone(),
            "Reserved, held: Unclear",
        ),
        (
            "pushed, not public yet",
            held(State::Pushed),
            other.clone(),
            &busy,
        ),
        (
            "pushed by this request",
            held(State::Pushed),
            mine.clone(),
            "Pushed, held: Pushed",
        ),
        (
            "pushed, run out, same content",
            run_out(State::Pushed),
            same_content.clone(),
            "Pushed, held: Pushed",
        ),
        (
            "pushed, run out, other content",
            run_out(State::Pushed),
            other.clone(),
            conflict,
        ),
        ("done", run_out(State::Done), other.clone(), conflict),
        (
            "done, same content",
            run_out(State::Done),
            same_content,
            conflict,
        ),
        (
            "done by this request",
            run_out(State::Done),
            mine,
            "Pushed, held: Pushed",
        ),
        (
            "done, the registry lost what an entry before said",
            run_out(State::Done),
            gone,
            conflict,
        ),
        (
            "done, the registry lost what this very entry says",
            run_out(State::Done),
            lost,
            "Reserved, held: Unclear",
        ),
        ("deleting", held(State::Deleting), other.clone(), &busy),
        (
            "deleting, run out",
            run_out(State::Deleting),
            other,
            "Reserved, held: Unclear",
        ),
    ];
    check("a push claims a release", rows);
}

#[test]
fn a_bundles_tag_is_shared_by_those_who_have_its_content() {
    let by = |content: &str| Step::Claim(claim(Subject::Bundle, "", content));
    let gone = |content: &str| {
        let mut claim = claim(Subject::Bundle, "", content);
        claim.refuted = Some(7);
        Step::Claim(claim)
    };
    let conflict = "Conflict { outcome: Some(String(\"outcome\")), revision: 7, changed_at: 0 }";
    let shared = "Replay(Some(String(\"outcome\")))";
    let rows = vec![
        ("no entry", None, by("content-a"), "Reserved, held: Nothing"),
        (
            "being written",
            Some(entry(State::Reserved, LATER)),
            by("content-a"),
            shared,
        ),
        (
            "being written, another content",
            Some(entry(State::Reserved, LATER)),
            by("content-b"),
            "Busy { until: 1060000 }",
        ),
        (
            "interrupted",
            Some(entry(State::Reserved, NOW)),
            by("content-b"),
            "Reserved, held: Unclear",
        ),
        (
            "written",
            Some(entry(State::Done, 0)),
            by("content-a"),
            shared,
        ),
        (
            "written, another content",
            Some(entry(State::Done, 0)),
            by("content-b"),
            conflict,
        ),
        (
            "written long ago and gone, another content",
            Some(entry(State::Done, 0)),
            gone("content-b"),
            "Reserved, held: Unclear",
        ),
    ];
    check("a bundle's tag is claimed", rows);
}

#[test]
fn a_repeated_request_gets_the_first_answer() {
    let by = |content: &str| Step::Claim(claim(Subject::Request, "", content));
    let rows = vec![
        ("no entry", None, by("content-a"), "Reserved, held: Nothing"),
        (
            "running",
            Some(entry(State::Reserved, LATER)),
            by("content-a"),
            "Busy { until: 1060000 }",
        ),
        (
            "interrupted",
            Some(entry(State::Reserved, NOW)),
            by("content-a"),
            "Reserved, held: Unclear",
        ),
        (
            "interrupted, another request",
            Some(entry(State::Reserved, NOW)),
            by("content-b"),
            "Conflict { outcome: Some(String(\"outcome\")), revision: 7, changed_at: 0 }",
        ),
        (
            "answered",
            Some(entry(State::Done, 0)),
            by("content-a"),
            "Replay(Some(String(\"outcome\")))",
        ),
        (
            "answered, another request",
            Some(entry(State::Done, 0)),
            by("content-b"),
            "Conflict { outcome: Some(String(\"outcome\")), revision: 7, changed_at: 0 }",
        ),
    ];
    check("a request is claimed", rows);
}

#[test]
fn builds_of_a_package_take_turns() {
    let by = || Step::Claim(claim(Subject::Newest, "", "content-b"));
    let rows = vec![
        ("no entry", None, by(), "Reserved, held: Nothing"),
        (
            "another build's turn",
            Some(entry(State::Reserved, LATER)),
            by(),
            "Busy { until: 1060000 }",
        ),
        (
            "another build's turn, run out",
            Some(entry(State::Reserved, NOW)),
            by(),
            "Reserved, held: Outcome(Some(String(\"outcome\")))",
        ),
        (
            "a build was released",
            Some(entry(State::Done, 0)),
            by(),
            "Reserved, held: Outcome(Some(String(\"outcome\")))",
        ),
    ];
    check("a build claims its package", rows);
}

#[test]
fn writers_of_a_catalog_take_turns() {
    let by = || Step::Claim(claim(Subject::Catalog, "", ""));
    let outcome = "Reserved, held: Outcome(Some(String(\"outcome\")))";
    let rows = vec![
        ("no entry", None, by(), "Reserved, held: Nothing"),
        (
            "only work is pending",
            Some(entry(State::Free, 0)),
            by(),
            "Reserved, held: Nothing",
        ),
        (
            "another writer's turn",
            Some(entry(State::Reserved, LATER)),
            by(),
            "Busy { until: 1060000 }",
        ),
        (
            "another writer's turn, run out",
            Some(entry(State::Reserved, NOW)),
            by(),
            outcome,
        ),
        ("up to date", Some(entry(State::Done, 0)), by(), outcome),
    ];
    check("a writer claims a catalog", rows);
}

#[test]
fn work_is_pending_until_it_is_settled_whoever_asks_for_it_meanwhile() {
    let queue = |item: &str| {
        Step::Queue(Queue {
            items: vec![json!(item)],
            forgotten_at: LATER,
        })
    };
    let next = |entry: Option<&Entry>, step: &Step| take(entry, step, NOW).unwrap().0;
    let asked = next(None, &queue("a"));
    let held = next(Some(&asked), &Step::Claim(claim(Subject::Catalog, "", "")));
    let twice = next(Some(&next(Some(&held), &queue("b"))), &queue("a"));
    let settled = Note::Settled {
        done: vec![json!("a"), json!("c")],
        outcome: json!("digest"),
    };

    let settled = next(Some(&twice), &note("next", settled));

    assert_eq!(
        (asked.state, asked.pending),
        (State::Free, vec![json!("a")])
    );
    assert_eq!(
        (held.state, held.pending),
        (State::Reserved, vec![json!("a")])
    );
    assert_eq!(
        (twice.state, twice.holder.as_str()),
        (State::Reserved, "next")
    );
    assert_eq!(twice.pending, [json!("a"), json!("b")]);
    assert_eq!((settled.state, settled.held_until), (State::Done, 0));
    assert_eq!(
        (settled.pending, settled.outcome),
        (vec![json!("b")], Some(json!("digest")))
    );
}

#[test]
fn work_has_a_bound_and_a_writer_that_was_taken_over_settles_nothing() {
    let items: Vec<_> = (0..1_000).map(|number| json!(number)).collect();
    let full = Step::Queue(Queue {
        items,
        forgotten_at: LATER,
    });
    let full = take(None, &full, NOW).unwrap().0;
    let more = Step::Queue(Queue {
        items: vec![json!("more")],
        forgotten_at: LATER,
    });
    let settled = Note::Settled {
        done: Vec::new(),
        outcome: json!("digest"),
    };

    assert_eq!(take(Some(&full), &more, NOW).unwrap_err(), Refusal::Full);
    let other = note("somebody", settled);
    assert_eq!(take(Some(&full), &other, NOW).unwrap_err(), Refusal::Lost);
}

#[test]
fn a_release_is_deleted_only_while_nobody_pushes_it() {
    let delete = || Step::Delete(claim(Subject::Release, "", ""));
    let busy = "Busy { until: 1060000 }";
    let deleting = "Deleting, held: Nothing";
    let rows = vec![
        ("no entry", None, delete(), deleting),
        ("free", Some(entry(State::Free, 0)), delete(), deleting),
        (
            "reserved",
            Some(entry(State::Reserved, LATER)),
            delete(),
            busy,
        ),
        (
            "reserved, run out",
            Some(entry(State::Reserved, NOW)),
            delete(),
            deleting,
        ),
        ("pushed", Some(entry(State::Pushed, LATER)), delete(), busy),
        ("done", Some(entry(State::Done, 0)), delete(), deleting),
        (
            "deleting",
            Some(entry(State::Deleting, LATER)),
            delete(),
            busy,
        ),
    ];
    check("a release is claimed for deleting", rows);
}

#[test]
fn only_the_holder_records_progress_and_only_the_next_steps() {
    let held = |state| Some(entry(state, LATER));
    let by_holder = |what| note("before", what);
    let rows = vec![
        (
            "begun",
            held(State::Reserved),
            by_holder(Note::Begun("1.0.0".to_owned())),
            "Reserved, held: Nothing",
        ),
        (
            "pushed",
            held(State::Reserved),
            by_holder(Note::Pushed),
            "Pushed, held: Nothing",
        ),
        (
            "done",
            held(State::Reserved),
            by_holder(Note::Done(None)),
            "Done, not held: Nothing",
        ),
        (
            "done, once public",
            held(State::Pushed),
            by_holder(Note::Done(None)),
            "Done, not held: Nothing",
        ),
        (
            "given up, nothing sent",
            held(State::Reserved),
            by_holder(Note::GivenUp(Trace::None)),
            "Free, not held: Nothing",
        ),
        (
            "given up, unclear",
            held(State::Reserved),
            by_holder(Note::GivenUp(Trace::Unclear)),
            "Reserved, not held: Nothing",
        ),
        (
            "given up, pushed",
            held(State::Pushed),
            by_holder(Note::GivenUp(Trace::Unclear)),
            "Pushed, not held: Nothing",
        ),
        (
            "deleted",
            held(State::Deleting),
            by_holder(Note::Deleted),
            "Free, not held: Nothing",
        ),
        (
            "not deleted",
            held(State::Deleting),
            by_holder(Note::GivenUp(Trace::Unclear)),
            "Deleting, not held: Nothing",
        ),
        (
            "pushed twice",
            held(State::Pushed),
            by_holder(Note::Pushed),
            "Lost",
        ),
        (
            "begun when pushed",
            held(State::Pushed),
            by_holder(Note::Begun(String::new())),
            "Lost",
        ),
        (
            "deleted when reserved",
            held(State::Reserved),
            by_holder(Note::Deleted),
            "Lost",
        ),
        (
            "done when free",
            held(State::Free),
            by_holder(Note::Done(None)),
            "Lost",
        ),
        (
            "given up when done",
            held(State::Done),
            by_holder(Note::GivenUp(Trace::None)),
            "Lost",
        ),
        ("no entry", None, by_holder(Note::Pushed), "Lost"),
        (
            "somebody else's",
            held(State::Reserved),
            note("other", Note::Pushed),
            "Lost",
        ),
    ];
    check("the holder notes", rows);
}

#[test]
fn an_entry_whose_time_is_over_is_free() {
    let forgotten = Entry {
        forgotten_at: NOW,
        ..entry(State::Done, 0)
    };
    let step = Step::Claim(claim(Subject::Request, "", "content-b"));

    let (next, granted) = take(Some(&forgotten), &step, NOW).unwrap();

    assert_eq!(granted.before, Before::Nothing);
    assert_eq!((next.revision, next.outcome), (8, None));
}

/// A registry that accepts any content at any time, as OCI registries do, and pushes that may die between any two
/// steps.
mod any_order {
    use super::*;

    /// The next step of a process that pushes one content.
    #[derive(Clone)]
    enum Process {
        Claims,
        Sends { holder: String, sends: bool },
        Notes { holder: String },
        Ended,
    }

    struct World {
        now: Millis,
        entry: Option<Entry>,
        /// The content that the registry has for the release, and every content that it ever received.
        registry: Option<String>,
        written: Vec<String>,
        answers: Vec<String>,
        random: fastrand::Rng,
    }

    impl World {
        fn apply(&mut self, step: &Step) -> Result<Granted, Refusal> {
            let (next, granted) = take(self.entry.as_ref(), step, self.now)?;
            self.entry = Some(next);
            Ok(granted)
        }

        /// Runs one step of a process that pushes `content`.
        fn step(&mut self, process: &Process, content: &str, number: usize) -> Process {
            match process {
                Process::Claims => self.claims(content, number),
                Process::Sends { holder, sends } => {
                    // A claim lasts longer than its push, so a holder never sends after its claim has ended.
                    let is_held = self.entry.as_ref().is_some_and(|entry| {
                        entry.holder == *holder && entry.held_until > self.now
                    });
                    if !is_held {
                        return Process::Ended;
                    }
                    if *sends {
                        self.registry = Some(content.to_owned());
                        self.written.push(content.to_owned());
                    }
                    Process::Notes {
                        holder: holder.clone(),
                    }
                }
                Process::Notes { holder } => {
                    // The content is read back, then recorded, then the request is answered.
                    if self.registry.as_deref() == Some(content)
                        && self.apply(&note(holder, Note::Done(None))).is_ok()
                    {
                        self.answers.push(content.to_owned());
                    }
                    Process::Ended
                }
                Process::Ended => Process::Claims, // a retry
            }
        }

        fn claims(&mut self, content: &str, number: usize) -> Process {
            let holder = format!("{number}-{}", self.random.u64(..));
            let wish = Claim {
                subject: Subject::Release,
                holder: holder.clone(),
                owner: String::new(),
                until: self.now + 40_000,
                content: content.to_owned(),
                refuted: None,
                forgotten_at: Millis::MAX,
            };
            let Ok(granted) = self.apply(&Step::Claim(wish)) else {
                return Process::Ended;
            };
            match (granted.before, self.registry.as_deref()) {
                // If the state is unclear, the process asks the registry.
                (Before::Unclear, Some(there)) if there != content => {
                    let _settled = self.apply(&note(&holder, Note::Done(None)));
                    Process::Ended
                }
                (Before::Unclear, Some(_)) => Process::Sends {
                    holder,
                    sends: false,
                },
                _ => Process::Sends {
                    holder,
                    sends: true,
                },
            }
        }
    }

    #[test]
    fn a_release_never_has_two_contents_and_every_answer_is_true() {
        for seed in 0..2_000 {
            let mut world = World {
                now: NOW,
                entry: None,
                registry: None,
                written: Vec::new(),
                answers: Vec::new(),
                random: fastrand::Rng::with_seed(seed),
            };
            let contents = ["a", "b", "c", "a"];
            let mut processes = vec![Process::Claims; contents.len()];
            for _ in 0..200 {
                let number = world.random.usize(..contents.len());
                match world.random.u8(..20) {
                    // A process dies, and another process starts.
                    0 => processes[number] = Process::Claims,
                    // The clock is set forward.
                    1 => world.now += world.random.u64(..120_000),
                    _ => {
                        let before = processes[number].clone();
                        processes[number] = world.step(&before, contents[number], number);
                    }
                }
            }
            world.written.dedup();
            assert!(world.written.len() <= 1, "seed {seed}: {:?}", world.written);
            for answer in &world.answers {
                assert_eq!(Some(answer), world.registry.as_ref(), "seed {seed}");
            }
        }
    }
}

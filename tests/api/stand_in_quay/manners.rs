//! Behaviour of a real Quay that most tests do not need, each kind separately.

use std::time::{Duration, UNIX_EPOCH};

use base64::{Engine, engine::general_purpose::STANDARD};
use omps_tests::quay::accounts::basic;
use omps_tests::quay::{Manners, Quay, Settings};
use reqwest::Method;
use serde_json::{Value, json};

use super::recording::{gzip, recorded_accounts};
use super::send;

pub(crate) const PACKAGE: &str = "/cnr/api/v1/packages/testorg/pkg";
const LISTING: &str = "/cnr/api/v1/packages?namespace=testorg";
const REPOSITORY: &str = "/api/v1/repository/testorg/pkg";
pub(crate) const ROBOT: &str = "creator robot";
const OWNER_TOKEN: &str = "Bearer testorgoauthtoken";
/// Longer than the time between two requests in one process.
const LONG_WINDOW: Duration = Duration::from_secs(1);
pub(crate) const MOMENT: Duration = Duration::from_millis(10);
/// How often a test checks for an expected state before it fails.
pub(crate) const MOMENTS: usize = 1_000;

pub(crate) async fn quay_with(manners: Manners) -> Quay {
    let accounts = recorded_accounts();
    let settings = Settings {
        accounts: accounts.reader("testorg+reader", "readerpw", "testorg"),
        manners,
        ..Settings::default()
    };
    Quay::start(settings).await.expect("a port")
}

/// The status and the body of an answer.
async fn ask(quay: &Quay, method: Method, path: &str, caller: &str) -> (u16, String) {
    let answer = send(&quay.url(), method, path, caller, None).await;
    let answer = answer.expect("a reply");
    let status = answer.status().as_u16();
    (status, answer.text().await.expect("text"))
}

async fn push(quay: &Quay, path: &str, caller: &str, release: &str, content: &str) -> u16 {
    push_to(&quay.url(), path, caller, release, content).await
}

pub(crate) async fn push_to(
    quay_url: &str,
    path: &str,
    caller: &str,
    release: &str,
    content: &str,
) -> u16 {
    let body = body(release, content, "private");
    let answer = send(quay_url, Method::POST, path, caller, Some(body)).await;
    answer.expect("a reply").status().as_u16()
}

/// The body of a push; the visibility counts for a new package.
fn body(release: &str, content: &str, visibility: &str) -> String {
    json!({
        "release": release,
        "media_type": "helm",
        "blob": STANDARD.encode(gzip(content.as_bytes())),
        "visibility": visibility,
    })
    .to_string()
}

/// Waits until a push has checked for its release: it has created the repository, and is in its window.
async fn looked(quay: &Quay) {
    while quay.is_public("testorg", "pkg").is_none() {
        tokio::time::sleep(MOMENT).await;
    }
    tokio::time::sleep(MOMENT).await;
}

#[tokio::test]
async fn two_overlapping_pushes_both_succeed_and_the_later_content_stays() {
    let quay = quay_with(Manners {
        push_window: Some(LONG_WINDOW),
        ..Manners::default()
    })
    .await;
    let later = async {
        looked(&quay).await;
        push(&quay, PACKAGE, ROBOT, "1.0.0", "later").await
    };

    let answers = tokio::join!(push(&quay, PACKAGE, ROBOT, "1.0.0", "earlier"), later);

    assert_eq!(answers, (200, 200));
    assert_eq!(quay.releases("testorg", "pkg"), ["1.0.0"]);
    let pushed = quay.pushed("testorg", "pkg", "1.0.0");
    assert_eq!(pushed, Some(gzip(b"later")));
    assert_eq!(push(&quay, PACKAGE, ROBOT, "1.0.0", "too late").await, 409);
}

#[tokio::test]
async fn a_push_is_atomic_by_default() {
    let quay = quay_with(Manners::default()).await;
    let one = |content| push(&quay, PACKAGE, ROBOT, "1.0.0", content);

    let answers = tokio::join!(one("1"), one("2"), one("3"), one("4"));

    let mut answers = [answers.0, answers.1, answers.2, answers.3];
    answers.sort_unstable();
    assert_eq!(answers, [200, 409, 409, 409]);
}

#[tokio::test]
async fn a_push_in_its_window_is_finished_although_the_client_has_left() {
    let quay = quay_with(Manners {
        push_window: Some(LONG_WINDOW),
        ..Manners::default()
    })
    .await;

    tokio::select! {
        status = push(&quay, PACKAGE, ROBOT, "1.0.0", "left alone") => panic!("answered {status}"),
        () = looked(&quay) => {}
    }

    for _ in 0..MOMENTS {
        if quay.releases("testorg", "pkg") == ["1.0.0"] {
            return;
        }
        tokio::time::sleep(MOMENT).await;
    }
    panic!("the push was not finished");
}

#[tokio::test]
async fn an_authenticated_listing_is_cut_and_an_anonymous_one_is_not() {
    for (packages, listing_limit, empty) in [(104, 100, 3), (54, 50, 0)] {
        let quay = quay_with(Manners {
            listing_limit,
            ..Manners::default()
        })
        .await;
        for index in 0..packages {
            let path = format!("/cnr/api/v1/packages/testorg/p{index:03}");
            let (release, status) = match index < empty {
                // Quay creates the package before it checks the release.
                true => ("bad", 422),
                false => ("1.0.0", 200),
            };
            let body = Some(body(release, "", "public"));
            let pushed = send(&quay.url(), Method::POST, &path, ROBOT, body).await;
            assert_eq!(pushed.expect("a reply").status(), status);
        }
        for (caller, places) in [
            (ROBOT, listing_limit),
            ("org owner", listing_limit),
            ("anonymous", packages),
        ] {
            let (_, listing) = ask(&quay, Method::GET, LISTING, caller).await;
            let listing: Vec<Value> = serde_json::from_str(&listing).expect("a list");

            let context = format!("{caller}, {listing_limit} places, {empty} empty packages");
            assert_eq!(listing.len(), places - empty, "{context}");
            let last = listing.last().expect("a package");
            assert_eq!(last["name"], format!("testorg/p{:03}", places - 1));
        }
        let beyond = format!("/cnr/api/v1/packages/testorg/p{:03}", packages - 1);
        let (_, shown) = ask(&quay, Method::GET, &beyond, ROBOT).await;
        assert!(shown.contains(r#""release":"1.0.0""#), "{shown}");
    }
}

#[tokio::test]
async fn the_front_refuses_requests_over_the_rate_of_one_token() {
    let quay = quay_with(Manners {
        requests_a_second: Some(30),
        clock: || UNIX_EPOCH,
        ..Manners::default()
    })
    .await;
    for (caller, expected) in [(ROBOT, 6), ("org owner", 6), ("anonymous", 10)] {
        let mut answered = Vec::new();
        for _ in 0..10 {
            answered.push(ask(&quay, Method::GET, LISTING, caller).await);
        }

        let allowed = answered.iter().take_while(|(status, _)| *status == 200);
        assert_eq!(allowed.count(), expected, "{caller}");
        for (status, page) in &answered[expected..] {
            assert_eq!(*status, 429, "{caller}");
            assert!(page.contains("<title>429 Too Many Requests</title>"));
        }
    }
    assert_eq!(quay.requests().len(), 30, "what is refused is logged, too");
}

#[tokio::test]
async fn a_release_can_be_deleted_only_once_in_a_second() {
    for (deletes_by_second, again) in [(true, 500), (false, 200)] {
        let quay = quay_with(Manners {
            deletes_by_second,
            clock: || UNIX_EPOCH,
            ..Manners::default()
        })
        .await;
        let delete = async |release| {
            let path = format!("{PACKAGE}/{release}/helm");
            ask(&quay, Method::DELETE, &path, ROBOT).await.0
        };
        for release in ["1.0.0", "2.0.0"] {
            assert_eq!(push(&quay, PACKAGE, ROBOT, release, "").await, 200);
        }
        assert_eq!(delete("1.0.0").await, 200);
        assert_eq!(push(&quay, PACKAGE, ROBOT, "1.0.0", "").await, 200);

        let answers = (delete("1.0.0").await, delete("2.0.0").await);

        assert_eq!(answers, (again, 200), "by second: {deletes_by_second}");
        let left = quay.releases("testorg", "pkg").len();
        assert_eq!(left, usize::from(deletes_by_second));
    }
}

#[tokio::test]
async fn the_visibility_of_a_repository_is_shown_to_its_readers() {
    let quay = quay_with(Manners::default()).await;
    let show = async |path, caller| ask(&quay, Method::GET, path, caller).await;
    let is_public = |body: &str| {
        let shown: Value = serde_json::from_str(body).expect("JSON");
        shown["is_public"].as_bool()
    };
    let (status, missing) = show(REPOSITORY, OWNER_TOKEN).await;
    assert_eq!((status, missing.contains("not_found")), (404, true));
    assert_eq!(push(&quay, PACKAGE, ROBOT, "1.0.0", "").await, 200);

    let (status, private) = show(REPOSITORY, OWNER_TOKEN).await;
    assert_eq!((status, is_public(&private)), (200, Some(false)));
    for caller in ["anonymous", ROBOT, "Bearer zzz"] {
        let (status, hidden) = show(REPOSITORY, caller).await;
        assert_eq!((status, is_public(&hidden)), (401, None), "{caller}");
    }

    let public = Some(json!({"visibility": "public"}).to_string());
    let path = format!("{REPOSITORY}/changevisibility");
    let published = send(&quay.url(), Method::POST, &path, OWNER_TOKEN, public).await;
    assert_eq!(published.expect("a reply").status(), 200);
    for caller in [OWNER_TOKEN, "anonymous", ROBOT] {
        let (status, public) = show(REPOSITORY, caller).await;
        assert_eq!((status, is_public(&public)), (200, Some(true)), "{caller}");
    }
}

#[tokio::test]
async fn a_reader_sees_every_package_and_pushes_none() {
    let quay = quay_with(Manners::default()).await;
    let reader = basic("testorg+reader", "readerpw");
    assert_eq!(push(&quay, PACKAGE, ROBOT, "1.0.0", "").await, 200);

    let (status, shown) = ask(&quay, Method::GET, PACKAGE, &reader).await;

    assert_eq!(status, 200, "{shown}");
    assert_eq!(push(&quay, PACKAGE, &reader, "2.0.0", "").await, 403);
    assert_eq!(push(&quay, PACKAGE, &reader, "1.0.0", "").await, 403);
    let elsewhere = "/cnr/api/v1/packages/testorg/new";
    assert_eq!(push(&quay, elsewhere, &reader, "1.0.0", "").await, 403);
}

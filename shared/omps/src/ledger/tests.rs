//! One holder at a time, and nothing forgotten between them.

use super::*;

fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(5))
}

async fn claim(ledger: &Arc<Ledger>) -> Claimed {
    ledger.claim("org/n-v-r".to_owned(), soon()).await.unwrap()
}

async fn ours(ledger: &Arc<Ledger>) -> Claim {
    match claim(ledger).await {
        Claimed::Ours(claim) => claim,
        Claimed::Busy => panic!("busy"),
        Claimed::Done(done) => panic!("{done:?}"),
    }
}

fn version(text: &str) -> ReleaseVersion {
    ReleaseVersion::parse(text).unwrap()
}

#[tokio::test]
async fn an_entry_has_one_holder_at_a_time() {
    let ledger = Arc::new(Ledger::in_memory());
    let first = ours(&ledger).await;
    assert!(matches!(claim(&ledger).await, Claimed::Busy));
    let other = ledger.claim("org/other".to_owned(), soon()).await;
    assert!(matches!(other, Ok(Claimed::Ours(_))));

    first.release().await;

    ours(&ledger).await;
    let late = first.begin(&version("1.0.0")).await;
    assert!(matches!(late, Err(LedgerError::Lost)));
}

#[tokio::test]
async fn what_was_begun_is_known_to_the_next_holder() {
    let ledger = Arc::new(Ledger::in_memory());
    let first = ours(&ledger).await;
    assert_eq!(first.begun(), None);
    first.begin(&version("1.0.0")).await.unwrap();
    first.begin(&version("2.0.0")).await.unwrap();
    first.release().await;

    let second = ours(&ledger).await;
    second.release().await;
    let third = ours(&ledger).await;

    assert_eq!(second.begun(), Some(&version("2.0.0")));
    assert_eq!(third.begun(), Some(&version("2.0.0")));
}

#[tokio::test]
async fn what_is_done_stays_done() {
    let ledger = Arc::new(Ledger::in_memory());
    let claimed = ours(&ledger).await;
    let repo = RepositoryName::parse("larder").unwrap();
    claimed.done(&repo, "1.0.0").await;
    claimed.release().await;

    let Claimed::Done(done) = claim(&ledger).await else {
        panic!("not done");
    };
    assert_eq!((&*done.repo, &*done.version), ("larder", "1.0.0"));
}

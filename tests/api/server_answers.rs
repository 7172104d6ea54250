//! Answers that clients do not read.

use std::time::Duration;

use omps_server::Settings;
use omps_tests::operator::Operator;
use tokio::io::AsyncReadExt;

use crate::raw_server::{Server, eventually, push, push_of, reply, validation};

/// Bytes of the answer, at least.
const LARGE: usize = 200_000;

/// The bytes of a validation whose answer is large: it lists every file.
fn large() -> Vec<u8> {
    let name = "n".repeat(200);
    let files = (0..LARGE / 200).map(|number| format!("docs/{name}{number}.txt"));
    let operator = files.fold(Operator::doorbell(), |operator, path| {
        operator.with(&path, "")
    });
    validation(&operator.zip())
}

#[tokio::test]
async fn answers_that_nobody_reads_take_their_bytes_from_one_budget() {
    let server = Server::start(Settings {
        answer_budget: LARGE * 3,
        ..Settings::default()
    })
    .await;
    let large = large();

    let unread = server.send(&large).await;
    let is_full = || async { server.ask(&large).await.status == 503 };
    eventually(is_full).await;

    let refused = server.ask(&large).await;
    assert_eq!(refused.kind(), (503, "ServiceUnavailable"));
    assert!(refused.asks_to_retry());
    assert_eq!(server.ask(&push("1.0.0")).await.kind(), (200, ""));
    let read = reply(unread).await;
    assert_eq!(read.kind(), (200, ""));
    assert!(read.body.to_string().len() > LARGE);
    let is_free = || async { server.ask(&large).await.status == 200 };
    eventually(is_free).await;
}

#[tokio::test]
async fn the_answer_to_a_push_is_sent_although_nothing_is_left() {
    let server = Server::start(Settings {
        answer_budget: 1,
        ..Settings::default()
    })
    .await;
    let name = "n".repeat(200);
    let files = (0..200).map(|number| format!("docs/{name}{number}.txt"));
    let operator = files.fold(Operator::doorbell(), |operator, path| {
        operator.with(&path, "")
    });
    let small = Operator::doorbell().zip();

    let pushed = server.ask(&push_of(&operator.zip())).await;

    assert_eq!(pushed.kind(), (200, ""));
    assert!(pushed.body.to_string().len() > 40_000);
    assert_eq!(server.ask(&validation(&operator.zip())).await.status, 503);
    assert_eq!(server.ask(&validation(&small)).await.kind(), (200, ""));
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_disconnected() {
    let server = Server::start(Settings {
        pause_timeout: Duration::from_millis(500),
        answer_budget: LARGE * 3,
        ..Settings::default()
    })
    .await;
    let large = large();

    let mut unread = server.send(&large).await;

    // It holds the budget first, and does not for ever.
    let is_full = || async { server.ask(&large).await.status == 503 };
    eventually(is_full).await;
    let is_free = || async { server.ask(&large).await.status == 200 };
    eventually(is_free).await;
    let mut rest = Vec::new();
    drop(unread.read_to_end(&mut rest).await);
    assert!(rest.len() < LARGE, "{} bytes came", rest.len());
}

#[tokio::test]
async fn a_client_that_reads_slowly_gets_all_of_its_answer() {
    let server = Server::start(Settings {
        pause_timeout: Duration::from_secs(1),
        ..Settings::default()
    })
    .await;

    let mut stream = server.send(&large()).await;
    let mut answer = Vec::new();
    let mut piece = vec![0; 4 << 10];
    loop {
        let read = stream.read(&mut piece).await.expect("the answer goes on");
        if read == 0 {
            break;
        }
        answer.extend_from_slice(&piece[..read]);
        tokio::time::sleep(Duration::from_millis(25)).await;
    }

    assert!(answer.ends_with(b"}"), "{} bytes came", answer.len());
    assert!(answer.len() > LARGE);
}

//! One connection, from its first byte to its end.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use omps::error::Error;
use omps::http::refuse;
use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::Settings;
use crate::answers::{self, MAX_HEAD, Response};
use crate::connections::Place;
use crate::socket::{Socket, Stage, Watch};

/// Bytes that are read and dropped after an answer that came before its request was read, so that the client reads the answer.
const MAX_DROPPED: usize = 64 << 20;
/// The longest time for that, and the longest pause.
const DROPPING: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_secs(5);

/// How a connection ended.
enum End {
    /// hyper is done with it.
    Done(hyper::Result<()>),
    /// The client made no progress.
    Late,
}

/// Serves the requests of a connection with `answer`, until it ends or `stopping` is cancelled.
pub(crate) async fn serve<F>(
    stream: TcpStream,
    place: &Place,
    settings: &Settings,
    stopping: CancellationToken,
    answer: impl Fn(Request<Incoming>) -> F,
) where
    F: Future<Output = Response>,
{
    let watch = Watch::begin();
    let service = service_fn(|request| {
        watch.seen().stage = Stage::Request;
        let answering = answer(request);
        let watch = &watch;
        Box::pin(async move {
            let response = answering.await;
            watch.seen().stage = Stage::Answer;
            Ok::<_, Infallible>(response)
        })
    });
    // The system would take over megabytes of each answer that nobody reads.
    drop(SockRef::from(&stream).set_send_buffer_size(settings.send_buffer));
    let socket = TokioIo::new(Socket::new(stream, watch.clone()));
    let mut connection = http().serve_connection(socket, service);
    let mut stopped = pin!(stopping.cancelled());
    let mut is_stopping = false;
    let mut timer = pin!(sleep_until(Instant::now()));
    let end = poll_fn(|cx| {
        if !is_stopping && stopped.as_mut().poll(cx).is_ready() {
            is_stopping = true;
            Pin::new(&mut connection).graceful_shutdown();
        }
        if let Poll::Ready(done) = connection.poll_without_shutdown(cx) {
            return Poll::Ready(End::Done(done));
        }
        poll_late(timer.as_mut(), &watch, place, settings, cx).map(|()| End::Late)
    });
    let end = end.await;
    let stream = connection.into_parts().io.into_inner().into_stream();
    finish(stream, settings, &watch, &end).await;
}

fn http() -> http1::Builder {
    let mut http = http1::Builder::new();
    http.header_read_timeout(None)
        .max_buf_size(MAX_HEAD)
        .max_header_size(MAX_HEAD);
    http
}

/// Waits until the client should have made progress and has not.
fn poll_late(
    mut timer: Pin<&mut Sleep>,
    watch: &Watch,
    place: &Place,
    settings: &Settings,
    cx: &mut Context<'_>,
) -> Poll<()> {
    loop {
        let Some(deadline) = watch.seen().deadline(settings, place.is_scarce()) else {
            return Poll::Pending;
        };
        let now = Instant::now();
        if deadline <= now {
            return Poll::Ready(());
        }
        // By then, there may be more connections.
        let next = deadline.min(now + settings.crowded_idle_timeout);
        timer.as_mut().reset(next);
        ready!(timer.as_mut().poll(cx));
    }
}

/// Answers what was no request, and closes the connection in such a way that the client gets its answer.
async fn finish(stream: TcpStream, settings: &Settings, watch: &Watch, end: &End) {
    let (stage, withheld) = {
        let seen = watch.seen();
        (seen.stage, seen.withheld)
    };
    let refusal = match (end, withheld) {
        (End::Done(Err(error)), Some(status)) => unreadable(status, error),
        (End::Done(Err(error)), None) if error.is_parse() && stage != Stage::Request => {
            unreadable(StatusCode::BAD_REQUEST, error)
        }
        (End::Done(Ok(())), _) => return linger(stream, MAX_DROPPED).await,
        (End::Late, _) if matches!(stage, Stage::Head { .. }) => Error::RequestTimeout(format!(
            "the head of the request did not arrive within {} seconds",
            settings.head_timeout.as_secs_f32()
        )),
        // The client is silent, has left, or does not take its answer.
        _ => return,
    };
    reply(stream, refusal, settings).await;
}

/// Answers a connection without a request that could be answered, and closes it.
pub(crate) async fn reply(mut stream: TcpStream, refusal: Error, settings: &Settings) {
    let answer = answers::as_bytes(refuse(None, "", refusal));
    let written = timeout(settings.pause_timeout, stream.write_all(&answer)).await;
    if matches!(written, Ok(Ok(()))) {
        linger(stream, MAX_HEAD).await;
    }
}

fn unreadable(status: StatusCode, error: &hyper::Error) -> Error {
    let problem = match status {
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => {
            format!(
                "The head of the request has more than 100 headers, or more than {MAX_HEAD} bytes"
            )
        }
        StatusCode::URI_TOO_LONG => "The address of the request is too long".to_owned(),
        _ => format!("The head of the request is not HTTP/1.1: {error}"),
    };
    Error::Unreadable { status, problem }
}

/// Closes a connection: sends what there is, then drops what the client still sends. Were it closed at once, the client could
/// lose the answer.
async fn linger(mut stream: TcpStream, most: usize) {
    if stream.shutdown().await.is_err() {
        return;
    }
    let deadline = Instant::now() + DROPPING;
    let (mut dropped, mut buffer) = (0, vec![0; 16 << 10]);
    while dropped < most {
        let pause = deadline.min(Instant::now() + PAUSE);
        match timeout_at(pause, stream.read(&mut buffer)).await {
            Ok(Ok(bytes)) if bytes > 0 => dropped += bytes,
            _ => return,
        }
    }
}

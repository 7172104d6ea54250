//! The socket under hyper: it sees which part of a request is on its way, how fast bytes are taken, and which answers are
//! hyper's own.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use hyper::StatusCode;
use omps::http::REQUEST_ID;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::Settings;
use crate::pace::Pace;

/// Bytes of an answer of hyper's own, at most: it has three short headers.
const LONGEST_AUTOMATIC: usize = 512;

/// Which part of a request is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// None: the connection is new, or its last request is answered.
    Idle { since: Instant, is_new: bool },
    /// The head.
    Head { since: Instant },
    /// The head is there. The service times the body, and its own work.
    Request,
    /// The answer is there, and is being sent.
    Answer,
}

/// What the socket has seen.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) stage: Stage,
    /// Bytes that the client has to take, if there are any.
    sending: Option<Pace>,
    /// The status of an answer of hyper's own, which was not sent.
    pub(crate) withheld: Option<StatusCode>,
}

impl Seen {
    /// The time by which something must happen, unless the service is at work. Idle connections must make room earlier if
    /// there are many connections.
    pub(crate) fn deadline(&self, settings: &Settings, is_crowded: bool) -> Option<Instant> {
        let idle_timeout = match is_crowded {
            true => settings.crowded_idle_timeout.min(settings.idle_timeout),
            false => settings.idle_timeout,
        };
        let of_stage = match self.stage {
            Stage::Idle {
                since,
                is_new: true,
            }
            | Stage::Head { since } => Some(since + settings.head_timeout),
            Stage::Idle { since, .. } => Some(since + idle_timeout),
            Stage::Request | Stage::Answer => None,
        };
        let of_sending = self.sending.map(|pace| pace.deadline(settings));
        of_stage.into_iter().chain(of_sending).min()
    }
}

/// What the socket and the connection's task share.
#[derive(Debug, Clone)]
pub(crate) struct Watch(Arc<Mutex<Seen>>);

impl Watch {
    pub(crate) fn begin() -> Self {
        Watch(Arc::new(Mutex::new(Seen {
            stage: Stage::Idle {
                since: Instant::now(),
                is_new: true,
            },
            sending: None,
            withheld: None,
        })))
    }

    pub(crate) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A socket that is watched.
pub(crate) struct Socket {
    stream: TcpStream,
    watch: Watch,
}

impl Socket {
    pub(crate) fn new(stream: TcpStream, watch: Watch) -> Self {
        Socket { stream, watch }
    }

    pub(crate) fn into_stream(self) -> TcpStream {
        self.stream
    }

    /// Writes with `write`, unless the bytes are an answer of hyper's own.
    fn write_unless_automatic(
        &mut self,
        bufs: &[IoSlice<'_>],
        write: impl FnOnce(Pin<&mut TcpStream>) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        let first = bufs.iter().find(|buf| !buf.is_empty());
        if let Some(status) = first.and_then(|bytes| automatic(bytes)) {
            self.watch.seen().withheld = Some(status);
            return Poll::Ready(Ok(bufs.iter().map(|buf| buf.len()).sum()));
        }
        let mut seen = self.watch.seen();
        let pace = seen.sending.get_or_insert_with(Pace::begin);
        let written = write(Pin::new(&mut self.stream));
        if let Poll::Ready(Ok(bytes)) = &written {
            pace.moved(*bytes);
        }
        written
    }
}

/// The status of an answer that hyper has made for a head that it could not read. It is the only answer without a request id,
/// and has no body.
fn automatic(bytes: &[u8]) -> Option<StatusCode> {
    // The rest of a long answer is not looked through again and again.
    if bytes.len() > LONGEST_AUTOMATIC {
        return None;
    }
    let head = std::str::from_utf8(bytes).ok()?.strip_suffix("\r\n\r\n")?;
    let (_, rest) = head.strip_prefix("HTTP/1.")?.split_once(' ')?;
    let status = rest
        .get(..3)?
        .parse()
        .ok()
        .filter(StatusCode::is_client_error)?;
    (!head.contains(REQUEST_ID.as_str())).then_some(status)
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if buf.filled().len() > before {
            let mut seen = self.watch.seen();
            if let Stage::Idle { .. } = seen.stage {
                let since = Instant::now();
                seen.stage = Stage::Head { since };
            }
        }
        read
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.write_unless_automatic(&[IoSlice::new(buf)], |stream| stream.poll_write(cx, buf))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.write_unless_automatic(bufs, |stream| stream.poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// hyper flushes when it has written all that it has.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        if flushed.is_ready() {
            let mut seen = self.watch.seen();
            seen.sending = None;
            if seen.stage == Stage::Answer {
                seen.stage = Stage::Idle {
                    since: Instant::now(),
                    is_new: false,
                };
            }
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_hypers_own_are_known_by_what_they_lack() {
        let of = |text: &str| automatic(text.as_bytes()).map(|status| status.as_u16());
        let own = "HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
        assert_eq!(of(own), Some(431));
        for ours in [
            "HTTP/1.1 404 Not Found\r\nx-request-id: 1\r\ncontent-length: 9\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 100 Continue\r\n\r\n",
            "HTTP/1.1 400 Bad Request\r\ncontent-length: 2\r\n\r\n{}",
        ] {
            assert_eq!(of(ours), None, "{ours}");
        }
    }
}

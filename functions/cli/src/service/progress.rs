//! A body that moves a progress bar as it is sent.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use indicatif::{ProgressBar, ProgressStyle};

use crate::output;

/// Bytes that are sent between two moves of the bar.
const STEP: usize = 64 << 10;

/// A body and its bar.
pub(super) struct Counted {
    rest: Bytes,
    bar: ProgressBar,
}

impl Counted {
    pub(super) fn new(bytes: Bytes) -> Self {
        let bar = bar(bytes.len() as u64);
        Counted { rest: bytes, bar }
    }
}

/// A bar on the standard error; a hidden one where nobody watches.
fn bar(length: u64) -> ProgressBar {
    if !output::is_watched() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:30} {bytes}/{total_bytes} {bytes_per_sec}");
    let bar = ProgressBar::new(length);
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

impl Body for Counted {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.rest.is_empty() {
            self.bar.finish_and_clear();
            return Poll::Ready(None);
        }
        let length = self.rest.len().min(STEP);
        let step = self.rest.split_to(length);
        self.bar.inc(length as u64);
        Poll::Ready(Some(Ok(Frame::data(step))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}

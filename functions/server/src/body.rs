//! Request bodies: read up to a limit, from clients that keep sending.

use std::time::Duration;

use axum::body::{Body, Bytes};
use http_body_util::BodyExt;
use omps::error::Error;
use tokio::time::{Instant, timeout, timeout_at};

/// Time between two pieces of a body.
const PAUSE_TIMEOUT: Duration = Duration::from_secs(10);
/// Time for a whole body.
const BODY_TIMEOUT: Duration = Duration::from_secs(60);
/// Bytes over the limit that are read and dropped, so that the client gets to read why.
const DROPPED: usize = 64 << 20;

/// Reads a body of at most `limit` bytes.
pub async fn read(mut body: Body, limit: usize) -> Result<Bytes, Error> {
    let deadline = Instant::now() + BODY_TIMEOUT;
    let (mut read, mut dropped) = (Vec::new(), 0);
    loop {
        let frame = timeout_at(deadline, timeout(PAUSE_TIMEOUT, body.frame())).await;
        let Ok(Ok(frame)) = frame else {
            return Err(Error::BadRequest(
                "the request body did not come in time".to_owned(),
            ));
        };
        let Some(frame) = frame else { break };
        let frame = frame
            .map_err(|error| Error::BadRequest(format!("the request body broke off: {error}")))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if dropped > 0 || read.len() + data.len() > limit {
            dropped += data.len();
            read = Vec::new();
            if dropped > DROPPED {
                break;
            }
        } else {
            read.extend_from_slice(&data);
        }
    }
    if dropped > 0 {
        Err(Error::TooLarge { limit })
    } else {
        Ok(read.into())
    }
}

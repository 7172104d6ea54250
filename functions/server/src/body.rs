//! Request bodies: read up to a limit, from clients that keep sending.

use crate::Settings;
use axum::body::{Body, Bytes};
use http_body_util::BodyExt;
use omps::error::Error;
use tokio::time::{Instant, timeout, timeout_at};

/// Bytes over the limit that are read and dropped, so that the client gets to read why.
const DROPPED: usize = 64 << 20;

/// Reads a body of at most `limit` bytes.
pub async fn read(mut body: Body, limit: usize, settings: &Settings) -> Result<Bytes, Error> {
    let deadline = Instant::now() + settings.body_timeout;
    let (mut read, mut dropped) = (Vec::new(), 0);
    loop {
        let frame = timeout_at(deadline, timeout(settings.pause_timeout, body.frame())).await;
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

//! A release's content as App Registry takes it: a gzipped tar with one top directory, in base64, in JSON.

use std::collections::{BTreeSet, VecDeque};
use std::convert::Infallible;
use std::io::{self, Write};
use std::pin::Pin;
use std::task::{Context, Poll};

use base64::engine::general_purpose::STANDARD as BASE64;
use base64::write::EncoderWriter;
use bytes::Bytes;
use flate2::{Compression, GzBuilder};
use http_body::{Frame, SizeHint};
use omps_operator::courier_bundle::CourierBundle;
use omps_operator::report::{Report, ValidationInfo};
use sha2::{Digest, Sha256};
use tar::{Builder, EntryType, Header};

use crate::digest::hex;
use crate::names::RepositoryName;
use crate::registry::Packed;
use crate::release::ReleaseVersion;

/// The tar in base64: the same files give the same bytes, whenever and wherever they are packed.
#[derive(Debug, Clone)]
pub struct Blob {
    base64: Bytes,
    digest: String,
    report: Report,
}

impl Blob {
    /// Packs files under a top directory of the repository's name: sorted, without owner, mode and time of their own.
    pub fn pack(bundle: &CourierBundle, repository: &RepositoryName, report: Report) -> Self {
        // Room for what does not compress: memory that is not written costs nothing, a copy while growing does.
        let size: usize = bundle.values().map(Vec::len).sum();
        let mut base64 = Vec::with_capacity(size / 2 * 3);
        #[expect(
            clippy::expect_used,
            reason = "a Vec takes every write, and paths were bounded when they were read"
        )]
        let digest =
            write(bundle, repository.as_str(), &mut base64).expect("memory can be written");
        Blob {
            base64: base64.into(),
            digest,
            report,
        }
    }

    /// The JSON of a push, without a copy of the content.
    pub(super) fn request_body(&self, version: &ReleaseVersion) -> Chunks {
        // Neither a version nor base64 has anything that JSON would escape.
        let start = format!(r#"{{"release":"{version}","media_type":"helm","blob":""#);
        Chunks(
            [
                start.into(),
                self.base64.clone(),
                Bytes::from_static(br#""}"#),
            ]
            .into(),
        )
    }
}

impl Blob {
    /// Whether this is what it was pushed as, in base64.
    pub(super) fn is(&self, base64: &str) -> bool {
        self.base64 == base64.as_bytes()
    }
}

impl Packed for Blob {
    /// SHA-256 of the tar in hexadecimal.
    fn digest(&self) -> &str {
        &self.digest
    }

    fn validation_info(&self) -> ValidationInfo {
        self.report.validation_info()
    }
}

/// Hashes what is written through it.
struct Hashing<W> {
    inner: W,
    hash: Sha256,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hash.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// A body of known size in several pieces.
pub(super) struct Chunks(VecDeque<Bytes>);

impl http_body::Body for Chunks {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.pop_front().map(|chunk| Ok(Frame::data(chunk))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.iter().map(|chunk| chunk.len() as u64).sum())
    }
}

/// Writes the tar, and returns its digest.
fn write(bundle: &CourierBundle, top: &str, base64: &mut Vec<u8>) -> io::Result<String> {
    let encoder = EncoderWriter::new(base64, &BASE64);
    let gzip = GzBuilder::new()
        .mtime(0)
        .write(encoder, Compression::default());
    let mut tar = Builder::new(Hashing {
        inner: gzip,
        hash: Sha256::new(),
    });
    directory(&mut tar, top)?;
    let mut made = BTreeSet::new();
    for (path, bytes) in bundle {
        for (end, _) in path.match_indices('/') {
            if made.insert(&path[..end]) {
                directory(&mut tar, &format!("{top}/{}", &path[..end]))?;
            }
        }
        let mut header = header(EntryType::Regular, 0o644);
        header.set_size(bytes.len() as u64);
        tar.append_data(&mut header, format!("{top}/{path}"), bytes.as_slice())?;
    }
    let Hashing { inner, hash } = tar.into_inner()?;
    inner.finish()?.finish()?;
    Ok(hex(&hash.finalize()))
}

fn directory(tar: &mut Builder<impl Write>, path: &str) -> io::Result<()> {
    tar.append_data(
        &mut header(EntryType::Directory, 0o755),
        format!("{path}/"),
        io::empty(),
    )
}

fn header(kind: EntryType, mode: u32) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_size(0);
    header
}

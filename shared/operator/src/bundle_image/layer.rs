//! The one layer of a bundle image: the same files give the same bytes, wherever and whenever it is made.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read, Write};
use std::sync::Arc;

use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};
use sha2::{Digest, Sha256};
use tar::{Builder, EntryType, Header};

use super::image::hex_digest;

/// A layer as a registry takes it.
#[derive(Debug)]
pub(crate) struct Layer {
    /// The gzip'd tar.
    pub(crate) bytes: Vec<u8>,
    /// The digest of the tar before compression.
    pub(crate) diff_id: String,
}

/// Bytes of a name that a USTAR header has room for; a longer one gets a record of its own before the entry.
const MAX_NAME: usize = 100;

/// Packs files into a layer: USTAR, sorted, owner 0, time 0, gzip without name and time.
///
/// # Errors
/// A path that tar cannot hold, which a path out of an archive never is.
pub(crate) fn pack(files: &BTreeMap<String, Arc<[u8]>>) -> io::Result<Layer> {
    let gzip = GzBuilder::new()
        .mtime(0)
        .write(Vec::new(), Compression::default());
    let mut tar = Builder::new(Hashing {
        gzip,
        hash: Sha256::new(),
    });
    let directories = directories(files);
    let paths: BTreeSet<&str> = files
        .keys()
        .map(String::as_str)
        .chain(directories)
        .collect();
    for path in paths {
        let content = files.get(path).map_or(&[][..], |bytes| bytes);
        append(&mut tar, path, content)?;
    }
    let Hashing { gzip, hash } = tar.into_inner()?;
    Ok(Layer {
        bytes: gzip.finish()?,
        diff_id: hex_digest(&hash.finalize()),
    })
}

/// The tar of a layer of at most `limit` bytes; a longer one ends behind the limit.
pub(crate) fn unzipped(bytes: &[u8], limit: u64) -> io::Result<Vec<u8>> {
    let mut tar = Vec::new();
    let unzipped = MultiGzDecoder::new(bytes);
    unzipped
        .take(limit.saturating_add(1))
        .read_to_end(&mut tar)?;
    Ok(tar)
}

/// The files of a layer whose tar has at most `limit` bytes.
///
/// # Errors
/// What is no gzip'd tar, too large, or no plain file or directory.
pub(crate) fn files(bytes: &[u8], limit: u64) -> io::Result<BTreeMap<String, Vec<u8>>> {
    let tar = unzipped(bytes, limit)?;
    if tar.len() as u64 > limit {
        return Err(io::Error::other(format!("it has more than {limit} bytes")));
    }
    let mut files = BTreeMap::new();
    for entry in tar::Archive::new(tar.as_slice()).entries()? {
        let mut entry = entry?;
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let kind = entry.header().entry_type();
        if kind.is_dir() {
            continue;
        }
        if !kind.is_file() {
            return Err(io::Error::other(format!("{path:?} is no plain file")));
        }
        let mut content = Vec::new();
        entry.read_to_end(&mut content)?;
        files.insert(path, content);
    }
    Ok(files)
}

/// Every directory above the files, with a slash at the end.
fn directories(files: &BTreeMap<String, Arc<[u8]>>) -> impl Iterator<Item = &str> {
    files
        .keys()
        .flat_map(|path| path.match_indices('/').map(|(at, _)| &path[..=at]))
}

fn append(tar: &mut Builder<impl Write>, path: &str, content: &[u8]) -> io::Result<()> {
    let is_directory = path.ends_with('/');
    let mut header = Header::new_ustar();
    header.set_entry_type(if is_directory {
        EntryType::Directory
    } else {
        EntryType::Regular
    });
    header.set_mode(if is_directory { 0o755 } else { 0o644 });
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_size(content.len() as u64);
    if path.len() > MAX_NAME && header.set_path(path).is_err() {
        tar.append_pax_extensions([("path", path.as_bytes())])?;
        // What a reader of USTAR alone sees.
        let end = path.floor_char_boundary(MAX_NAME);
        header.set_path(&path[..end])?;
    } else {
        header.set_path(path)?;
    }
    header.set_cksum();
    tar.append(&header, content)
}

/// Hashes what is compressed.
struct Hashing {
    gzip: GzEncoder<Vec<u8>>,
    hash: Sha256,
}

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.gzip.write(bytes)?;
        self.hash.update(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.gzip.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(paths: &[&str]) -> BTreeMap<String, Arc<[u8]>> {
        let files = paths.iter();
        files
            .map(|path| ((*path).to_owned(), path.as_bytes().into()))
            .collect()
    }

    #[test]
    fn entries_are_sorted_with_their_directories_and_fixed_owner_mode_and_time() {
        let packed = pack(&files(&[
            "metadata/annotations.yaml",
            "manifests/b.yaml",
            "manifests/a.yaml",
        ]))
        .unwrap();
        let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(packed.bytes.as_slice()));
        let mut listed = Vec::new();
        for entry in tar.entries().unwrap() {
            let header = entry.unwrap().header().clone();
            assert_eq!(
                (
                    header.uid().unwrap(),
                    header.gid().unwrap(),
                    header.mtime().unwrap()
                ),
                (0, 0, 0)
            );
            assert_eq!(
                (header.username().unwrap(), header.groupname().unwrap()),
                (Some(""), Some(""))
            );
            assert!(header.as_ustar().is_some());
            listed.push((
                header.path().unwrap().display().to_string(),
                header.mode().unwrap(),
            ));
        }
        let wanted = [
            ("manifests/", 0o755),
            ("manifests/a.yaml", 0o644),
            ("manifests/b.yaml", 0o644),
            ("metadata/", 0o755),
            ("metadata/annotations.yaml", 0o644),
        ];
        assert_eq!(listed, wanted.map(|(path, mode)| (path.to_owned(), mode)));
        // Flags, time: neither a name nor a moment.
        assert_eq!(packed.bytes[3..8], [0; 5]);
    }

    /// Another compressor would give every bundle a new digest, and pushes of old versions would meet other content
    /// under their tags.
    #[test]
    fn the_digests_of_a_known_layer_never_change() {
        let packed = pack(&files(&["manifests/a.yaml", "metadata/annotations.yaml"])).unwrap();
        assert_eq!(
            hex_digest(&Sha256::digest(&packed.bytes)),
            "sha256:d164593299da601f611e7f69c8f425d94ec117c52ad5902ba7ce0b2bb49b1d54"
        );
        assert_eq!(
            packed.diff_id,
            "sha256:fdabc95844f93e8805fc4e8133253ccc06cd4d4da4c3d3a76e96e9a93b082cf3"
        );
    }

    #[test]
    fn long_names_come_back_whole() {
        let path = format!("manifests/{}.yaml", "n".repeat(240));
        let packed = pack(&files(&[&path])).unwrap();
        let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(packed.bytes.as_slice()));
        let mut listed = Vec::new();
        for entry in tar.entries().unwrap() {
            let mut entry = entry.unwrap();
            let mut content = String::new();
            entry.read_to_string(&mut content).unwrap();
            listed.push((entry.path().unwrap().display().to_string(), content));
        }
        assert_eq!(
            listed,
            [
                ("manifests/".to_owned(), String::new()),
                (path.clone(), path)
            ]
        );
    }
}

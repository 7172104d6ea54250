//! Files of this machine. A directory or a zip becomes the bytes of a zip; the same files always give the same bytes.

use std::fs::{self, File};
use std::io::{self, Cursor, Read, Write};
use std::path::{Path, PathBuf};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

/// Bytes that are read at most: more than a service takes.
const MAX_SIZE: u64 = 256 << 20;
/// Files of a directory: as many as a zip may have.
const MAX_FILES: usize = 10_000;

/// What cannot be made a zip.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FolderError {
    #[error("cannot read {}: {error}", .path.display())]
    Unreadable { path: PathBuf, error: io::Error },
    #[error("{} is neither a file nor a directory; a link could lead out of what is pushed, so put the file itself there", .0.display())]
    Special(PathBuf),
    #[error("{} has a name that is not UTF-8", .0.display())]
    Name(PathBuf),
    #[error("{} has no files; names that begin with a dot do not count", .0.display())]
    Empty(PathBuf),
    #[error("{} has more than {MAX_FILES} files: is it the right directory?", .0.display())]
    ManyFiles(PathBuf),
    #[error("{} has more than {MAX_SIZE} bytes: is it the right one?", .0.display())]
    Large(PathBuf),
    #[error("cannot zip: {0}")]
    Zip(#[from] zip::result::ZipError),
    #[error("cannot zip: {0}")]
    Write(#[from] io::Error),
}

/// The zip at `path`, or a zip of the directory there.
///
/// # Errors
/// [`FolderError`] names the path.
pub(crate) fn zip_of(path: &Path) -> Result<Vec<u8>, FolderError> {
    let is_directory = fs::metadata(path).map_err(unreadable(path))?.is_dir();
    match is_directory {
        true => zip_directory(path),
        false => {
            let mut room = MAX_SIZE;
            read(path, path, &mut room)
        }
    }
}

fn unreadable(path: &Path) -> impl FnOnce(io::Error) -> FolderError {
    move |error| FolderError::Unreadable {
        path: path.to_owned(),
        error,
    }
}

fn read(path: &Path, root: &Path, room: &mut u64) -> Result<Vec<u8>, FolderError> {
    let file = File::open(path).map_err(unreadable(path))?;
    let mut bytes = Vec::new();
    let mut limited = file.take(*room + 1);
    limited.read_to_end(&mut bytes).map_err(unreadable(path))?;
    *room = room
        .checked_sub(bytes.len() as u64)
        .ok_or_else(|| FolderError::Large(root.to_owned()))?;
    Ok(bytes)
}

/// The file at `path`, or all files of the directory there, with their paths in it.
///
/// # Errors
/// [`FolderError`] names the path.
pub(crate) fn files_of(path: &Path) -> Result<Vec<(String, Vec<u8>)>, FolderError> {
    let mut room = MAX_SIZE;
    if !fs::metadata(path).map_err(unreadable(path))?.is_dir() {
        let name = path.to_string_lossy().into_owned();
        return Ok(vec![(name, read(path, path, &mut room)?)]);
    }
    let read = |name: String| {
        let content = read(&path.join(&name), path, &mut room)?;
        Ok((name, content))
    };
    names_in(path)?.into_iter().map(read).collect()
}

/// The paths of all files below a directory, sorted.
fn names_in(root: &Path) -> Result<Vec<String>, FolderError> {
    let mut files = Vec::new();
    list(root, root, "", &mut files)?;
    if files.is_empty() {
        return Err(FolderError::Empty(root.to_owned()));
    }
    files.sort();
    Ok(files)
}

fn zip_directory(root: &Path) -> Result<Vec<u8>, FolderError> {
    let files = files_of(root)?;
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644);
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        writer.start_file(name, options)?;
        writer.write_all(&content)?;
    }
    Ok(writer.finish()?.into_inner())
}

/// Lists the files below `directory` by their paths with `/`. Names that begin with a dot are of tools: `.git`, `.DS_Store`.
fn list(
    root: &Path,
    directory: &Path,
    prefix: &str,
    files: &mut Vec<String>,
) -> Result<(), FolderError> {
    for entry in fs::read_dir(directory).map_err(unreadable(directory))? {
        let entry = entry.map_err(unreadable(directory))?;
        let path = entry.path();
        let name = entry.file_name();
        let name = name
            .to_str()
            .ok_or_else(|| FolderError::Name(path.clone()))?;
        if name.starts_with('.') {
            continue;
        }
        let name = format!("{prefix}{name}");
        let kind = entry.file_type().map_err(unreadable(&path))?;
        if kind.is_dir() {
            list(root, &path, &format!("{name}/"), files)?;
        } else if kind.is_file() {
            files.push(name);
        } else {
            return Err(FolderError::Special(path));
        }
        if files.len() > MAX_FILES {
            return Err(FolderError::ManyFiles(root.to_owned()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_files_give_the_same_zip_whenever_and_in_whatever_order_they_were_written() {
        let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for (folder, names) in [
            (&first, ["b.yaml", "a/c.yaml"]),
            (&second, ["a/c.yaml", "b.yaml"]),
        ] {
            fs::create_dir(folder.path().join("a")).unwrap();
            for name in names {
                fs::write(folder.path().join(name), name).unwrap();
            }
        }
        fs::create_dir(second.path().join(".git")).unwrap();
        fs::write(second.path().join(".git/config"), "x").unwrap();

        let zips = [&first, &second].map(|folder| zip_of(folder.path()).unwrap());

        assert_eq!(zips[0], zips[1]);
        let names: Vec<String> = zip::ZipArchive::new(Cursor::new(&zips[0]))
            .unwrap()
            .file_names()
            .map(|name| name.unwrap().into_owned())
            .collect();
        assert_eq!(names, ["a/c.yaml", "b.yaml"]);
    }

    #[test]
    fn a_link_is_refused_since_it_could_lead_out() {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join("a.yaml")).unwrap();

        let error = zip_of(folder.path()).unwrap_err().to_string();

        assert!(
            error.contains("a.yaml is neither a file nor a directory"),
            "{error}"
        );
    }

    #[test]
    fn a_directory_without_files_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(zip_of(folder.path()), Err(FolderError::Empty(_))));
    }
}

//! Uploads in a directory: they are stored, only their organization can read them, and they expire.

use std::fs::{self, File};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use super::*;

const LIMIT: usize = 100;

struct TestUploads {
    directory: tempfile::TempDir,
    uploads: Uploads,
    organization: OrganizationName,
}

impl TestUploads {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let url = "https://omps.test/base/".parse().unwrap();
        TestUploads {
            uploads: Uploads::Directory(Directory::new(directory.path().join("uploads"), url)),
            directory,
            organization: OrganizationName::parse("org").unwrap(),
        }
    }

    async fn create(&self, size: Option<u64>) -> Result<CreatedUpload, UploadError> {
        self.uploads.create(&self.organization, size, LIMIT).await
    }

    async fn put(&self, id: UploadId, content: &[u8]) -> Result<(), UploadError> {
        let Uploads::Directory(directory) = &self.uploads else {
            panic!("no directory");
        };
        let mut arrival = directory.receive(&self.organization, id, LIMIT)?;
        arrival.write(content).await?;
        arrival.finish().await
    }

    async fn read(&self, id: UploadId) -> Result<Bytes, UploadError> {
        self.uploads.read(&self.organization, id, LIMIT).await
    }

    /// Starts to put a zip.
    fn receive(&self, id: UploadId) -> Result<Arrival, UploadError> {
        let Uploads::Directory(directory) = &self.uploads else {
            panic!("no directory");
        };
        directory.receive(&self.organization, id, LIMIT)
    }

    fn folder(&self) -> PathBuf {
        self.directory.path().join("uploads/org")
    }

    fn files(&self) -> Vec<PathBuf> {
        let files = fs::read_dir(self.folder()).unwrap();
        files.map(|file| file.unwrap().path()).collect()
    }

    fn age(&self, age: Duration) {
        for file in self.files() {
            let file = File::options().append(true).open(file).unwrap();
            file.set_modified(SystemTime::now() - age).unwrap();
        }
    }
}

fn is_gone<T>(result: &Result<T, UploadError>) -> bool {
    matches!(result, Err(UploadError::NotFound(_)))
}

#[tokio::test]
async fn what_was_put_can_be_read_until_it_is_removed() {
    let test = TestUploads::new();
    let place = test.create(None).await.unwrap();
    let id = place.id;
    assert_eq!(
        place.url,
        format!("https://omps.test/base/v2/org/uploads/{id}")
    );
    assert!(is_gone(&test.read(id).await));

    test.put(id, b"zip").await.unwrap();

    assert_eq!(test.read(id).await.unwrap(), "zip");
    let other = OrganizationName::parse("other").unwrap();
    assert!(is_gone(&test.uploads.read(&other, id, LIMIT).await));
    test.uploads.remove(&test.organization, id).await;
    assert!(is_gone(&test.read(id).await));
    assert!(is_gone(&test.put(id, b"zip").await));
    assert!(!test.folder().exists());
}

#[tokio::test]
async fn an_upload_that_was_not_created_is_refused() {
    let test = TestUploads::new();
    test.create(None).await.unwrap();
    assert!(is_gone(&test.put(UploadId::new(), b"zip").await));
    assert_eq!(test.files().len(), 1);
}

#[tokio::test]
async fn a_url_expires_after_an_hour_and_an_upload_after_a_day() {
    let test = TestUploads::new();
    let (empty, full) = (
        test.create(None).await.unwrap(),
        test.create(None).await.unwrap(),
    );
    test.put(full.id, b"zip").await.unwrap();

    test.age(Duration::from_secs(23 * 60 * 60));
    assert!(is_gone(&test.put(empty.id, b"zip").await));
    assert_eq!(test.read(full.id).await.unwrap(), "zip");
    test.create(None).await.unwrap();
    assert_eq!(test.files().len(), 3);

    test.age(Duration::from_secs(25 * 60 * 60));
    assert!(is_gone(&test.read(full.id).await));
    test.create(None).await.unwrap();
    assert_eq!(test.files().len(), 1);
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_nothing() {
    let test = TestUploads::new();
    let place = test.create(None).await.unwrap();
    let Uploads::Directory(directory) = &test.uploads else {
        panic!("no directory");
    };
    let mut arrival = directory
        .receive(&test.organization, place.id, LIMIT)
        .unwrap();
    arrival.write(b"half").await.unwrap();
    drop(arrival);
    assert!(is_gone(&test.read(place.id).await));
    assert_eq!(test.files().len(), 1);
}

#[tokio::test]
async fn the_number_of_waiting_uploads_is_limited() {
    let test = TestUploads::new();
    let create = async |name: &str| {
        let organization = OrganizationName::parse(name).unwrap();
        let created = test.uploads.create(&organization, None, LIMIT).await;
        created.map_err(|error| error.to_string())
    };
    for _ in 0..50 {
        create("org").await.unwrap();
    }
    let problem = create("org").await.unwrap_err();
    assert!(
        problem.contains("organization org are waiting"),
        "{problem}"
    );
    for _ in 0..50 {
        create("other").await.unwrap();
    }
    let problem = create("third").await.unwrap_err();
    assert!(problem.starts_with("Too many uploads are"), "{problem}");
    test.age(Duration::from_secs(2 * 60 * 60));
    create("third").await.unwrap();
    assert!(!test.folder().exists(), "its places have expired");
}

#[tokio::test]
async fn one_zip_at_a_time_arrives_for_an_upload() {
    let test = TestUploads::new();
    let id = test.create(None).await.unwrap().id;
    let mut first = test.receive(id).unwrap();

    let second = test.receive(id).map(drop);

    assert!(matches!(second, Err(UploadError::Unavailable(_))));
    first.write(b"first").await.unwrap();
    first.finish().await.unwrap();
    assert_eq!(test.read(id).await.unwrap(), "first");
    test.put(id, b"again").await.unwrap();
    assert_eq!(test.read(id).await.unwrap(), "again");
}

#[tokio::test]
async fn a_zip_whose_upload_was_removed_meanwhile_is_not_kept() {
    let test = TestUploads::new();
    let id = test.create(None).await.unwrap().id;
    let mut arrival = test.receive(id).unwrap();
    arrival.write(b"late").await.unwrap();
    test.uploads.remove(&test.organization, id).await;

    let finished = arrival.finish().await;

    assert!(is_gone(&finished));
    assert!(is_gone(&test.read(id).await));
    assert_eq!(test.files(), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn an_upload_does_not_expire_while_its_zip_arrives() {
    let test = TestUploads::new();
    let id = test.create(None).await.unwrap().id;
    let mut arrival = test.receive(id).unwrap();
    let marker = File::options()
        .append(true)
        .open(test.folder().join(format!("{id}.place")));
    let long_ago = SystemTime::now() - Duration::from_secs(2 * 60 * 60);
    marker.unwrap().set_modified(long_ago).unwrap();

    test.create(None).await.unwrap();

    arrival.write(b"zip").await.unwrap();
    arrival.finish().await.unwrap();
    assert_eq!(test.read(id).await.unwrap(), "zip");
}

#[tokio::test]
async fn the_bytes_of_zips_count_also_while_they_arrive() {
    let test = TestUploads::new();
    let id = test.create(None).await.unwrap().id;
    // All space is taken, but for less than one zip.
    let taken = File::create(test.folder().join(UploadId::new().to_string())).unwrap();
    taken.set_len(100 * LIMIT as u64 - 150).unwrap();

    let first = test.receive(id).unwrap();
    let other = test.create(None).await.unwrap().id;
    let second = test.receive(other).map(drop).unwrap_err().to_string();
    drop(first);

    assert!(second.contains("take up all space"), "{second}");
    test.put(other, b"zip").await.unwrap();
    assert_eq!(test.read(other).await.unwrap(), "zip");
}

#[tokio::test]
async fn a_full_disk_is_a_reason() {
    let test = TestUploads::new();
    let id = test.create(None).await.unwrap().id;
    let mut arrival = test.receive(id).unwrap();
    arrival.write_to_a_full_disk();

    let written = arrival.write(&[0; 64]).await;
    let finished = match written {
        Ok(()) => arrival.finish().await,
        error => error,
    };

    let problem = finished.unwrap_err().to_string();
    assert_eq!(problem, "The disk for uploads is full");
    assert!(is_gone(&test.read(id).await));
}

#[tokio::test]
async fn s3_takes_a_zip_only_with_its_size() {
    let test = TestUploads::new();
    let uploads = Uploads::Bucket(Bucket::new("uploads".to_owned(), Arc::default()));

    let unknown = uploads.create(&test.organization, None, LIMIT).await;

    let limit = LIMIT;
    assert!(matches!(unknown, Err(UploadError::SizeMissing { limit: most }) if most == limit));
}

#[tokio::test]
async fn an_upload_is_limited_to_the_announced_size() {
    let test = TestUploads::new();
    let limit = |place: &CreatedUpload| {
        let Uploads::Directory(directory) = &test.uploads else {
            panic!("no directory");
        };
        directory
            .receive(&test.organization, place.id, LIMIT)
            .unwrap()
            .limit
    };
    assert_eq!(limit(&test.create(Some(7)).await.unwrap()), 7);
    assert_eq!(limit(&test.create(None).await.unwrap()), LIMIT);
    let huge = test.create(Some(101)).await;
    assert!(matches!(
        huge,
        Err(UploadError::TooLarge {
            size: 101,
            limit: LIMIT
        })
    ));
}

#[test]
fn no_id_is_left_in_a_text() {
    let (one, other) = (UploadId::new(), UploadId::new());
    assert_eq!(without_ids(&format!("{one}, é{other}!")), "…, é…!");
    assert_eq!(without_ids("no id: é"), "no id: é");
}

#[test]
fn only_the_form_that_the_service_writes_is_an_id() {
    let id = UploadId::new();
    assert_eq!(UploadId::parse(&id.to_string()), Some(id));
    for text in [
        "",
        "..",
        "../../etc/passwd",
        &id.to_string().to_uppercase(),
        &format!("{{{id}}}"),
        &id.0.simple().to_string(),
    ] {
        assert_eq!(UploadId::parse(text), None, "{text}");
    }
}

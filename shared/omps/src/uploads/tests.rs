//! The spool: places that are kept, found by their owners only, and swept.

use std::fs::{self, File};
use std::path::PathBuf;
use std::time::SystemTime;

use super::*;

const LIMIT: usize = 100;

struct Spooled {
    directory: tempfile::TempDir,
    uploads: Uploads,
    organization: OrganizationName,
}

impl Spooled {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let url = "https://omps.test/base/".parse().unwrap();
        Spooled {
            uploads: Uploads::Spool(Spool::new(directory.path().join("uploads"), url)),
            directory,
            organization: OrganizationName::parse("org").unwrap(),
        }
    }

    async fn create(&self, size: Option<u64>) -> Result<Place, UploadError> {
        self.uploads.create(&self.organization, size, LIMIT).await
    }

    async fn put(&self, id: UploadId, content: &[u8]) -> Result<(), UploadError> {
        let Uploads::Spool(spool) = &self.uploads else {
            panic!("no spool");
        };
        let mut arrival = spool.receive(&self.organization, id, LIMIT)?;
        arrival.write(content).await?;
        arrival.finish().await
    }

    async fn read(&self, id: UploadId) -> Result<Bytes, UploadError> {
        self.uploads.read(&self.organization, id, LIMIT).await
    }

    fn files(&self) -> Vec<PathBuf> {
        let files = fs::read_dir(self.directory.path().join("uploads/org")).unwrap();
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
    let spooled = Spooled::new();
    let place = spooled.create(None).await.unwrap();
    let id = place.id;
    assert_eq!(
        place.url,
        format!("https://omps.test/base/v2/org/uploads/{id}")
    );
    assert!(is_gone(&spooled.read(id).await));

    spooled.put(id, b"zip").await.unwrap();

    assert_eq!(spooled.read(id).await.unwrap(), "zip");
    let other = OrganizationName::parse("other").unwrap();
    assert!(is_gone(&spooled.uploads.read(&other, id, LIMIT).await));
    spooled.uploads.remove(&spooled.organization, id).await;
    assert!(is_gone(&spooled.read(id).await));
    assert!(is_gone(&spooled.put(id, b"zip").await));
    assert_eq!(spooled.files(), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn nothing_is_put_where_nothing_is_expected() {
    let spooled = Spooled::new();
    spooled.create(None).await.unwrap();
    assert!(is_gone(&spooled.put(UploadId::new(), b"zip").await));
    assert_eq!(spooled.files().len(), 1);
}

#[tokio::test]
async fn a_place_waits_an_hour_and_an_upload_a_day() {
    let spooled = Spooled::new();
    let (empty, full) = (
        spooled.create(None).await.unwrap(),
        spooled.create(None).await.unwrap(),
    );
    spooled.put(full.id, b"zip").await.unwrap();

    spooled.age(Duration::from_secs(23 * 60 * 60));
    assert!(is_gone(&spooled.put(empty.id, b"zip").await));
    assert_eq!(spooled.read(full.id).await.unwrap(), "zip");
    spooled.create(None).await.unwrap();
    assert_eq!(spooled.files().len(), 3);

    spooled.age(Duration::from_secs(25 * 60 * 60));
    assert!(is_gone(&spooled.read(full.id).await));
    spooled.create(None).await.unwrap();
    assert_eq!(spooled.files().len(), 1);
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_nothing() {
    let spooled = Spooled::new();
    let place = spooled.create(None).await.unwrap();
    let Uploads::Spool(spool) = &spooled.uploads else {
        panic!("no spool");
    };
    let mut arrival = spool
        .receive(&spooled.organization, place.id, LIMIT)
        .unwrap();
    arrival.write(b"half").await.unwrap();
    drop(arrival);
    assert!(is_gone(&spooled.read(place.id).await));
    assert_eq!(spooled.files().len(), 1);
}

#[tokio::test]
async fn as_many_uploads_wait_as_there_is_room_for() {
    let spooled = Spooled::new();
    for _ in 0..100 {
        spooled.create(None).await.unwrap();
    }
    let full = spooled.create(None).await;
    assert!(matches!(full, Err(UploadError::Unavailable(_))));
    spooled.age(Duration::from_secs(2 * 60 * 60));
    spooled.create(None).await.unwrap();
}

#[tokio::test]
async fn more_than_was_promised_is_too_much() {
    let spooled = Spooled::new();
    let limit = |place: &Place| {
        let Uploads::Spool(spool) = &spooled.uploads else {
            panic!("no spool");
        };
        spool
            .receive(&spooled.organization, place.id, LIMIT)
            .unwrap()
            .limit
    };
    assert_eq!(limit(&spooled.create(Some(7)).await.unwrap()), 7);
    assert_eq!(limit(&spooled.create(None).await.unwrap()), LIMIT);
    let huge = spooled.create(Some(101)).await;
    assert!(matches!(
        huge,
        Err(UploadError::TooLarge {
            size: 101,
            limit: LIMIT
        })
    ));
}

#[test]
fn only_an_id_as_it_was_given_is_one() {
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

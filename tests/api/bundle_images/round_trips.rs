//! How many requests a release needs, counted at the registry.

use omps_tests::oci::Kind;
use omps_tests::operator::Operator;

use super::Setup;

/// Of an operator with two bundles, by method and a part of the path.
const REQUESTS: [(&str, &str, usize, usize); 7] = [
    ("GET", "tags/list", 1, 1),
    // The first push looks at three tags; a later one first finds out which of the three numbers there is a release.
    ("GET", "manifests/", 3, 6),
    ("HEAD", "blobs/", 4, 2),
    ("POST", "blobs/uploads/", 4, 0),
    ("PUT", "blobs/uploads/", 4, 0),
    ("PUT", "manifests/", 3, 1),
    ("HEAD", "manifests/", 3, 1),
];

#[tokio::test]
async fn a_release_needs_as_few_requests_as_the_module_says() {
    let setup = Setup::with(Kind::DockerRegistry, "").await;
    let zip = Operator::larder().zip();

    setup.app.push_zipfile(&zip).await;
    let first = counts(&setup, 0);
    let before = setup.registry.requests().len();
    setup.app.push_zipfile(&zip).await;
    let later = counts(&setup, before);

    assert_eq!(first, REQUESTS.map(|(.., first, _)| first));
    assert_eq!(later, REQUESTS.map(|(.., later)| later));
    let all: usize = first.iter().chain(&later).sum();
    let challenge = 1;
    assert_eq!(setup.registry.requests().len(), all + challenge);
}

fn counts(setup: &Setup, from: usize) -> [usize; 7] {
    let requests = &setup.registry.requests()[from..];
    REQUESTS.map(|(method, part, ..)| {
        let same = requests
            .iter()
            .filter(|request| request.method == method && request.path.contains(part));
        same.count()
    })
}

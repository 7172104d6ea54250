//! `GET /`, `GET /docs` and `GET /v2/openapi.json`. What the pages do in a browser is tested by `tests/tools/page.py`.

use omps::openapi;
use reqwest::Method;

use crate::helpers::TestApp;

#[tokio::test]
async fn the_pages_allow_their_own_script_and_style_and_nothing_else() {
    let app = TestApp::start().await;
    for path in ["/", "/docs"] {
        let response = app
            .request(Method::GET, path)
            .send()
            .await
            .expect("an answer");

        assert_eq!(response.status(), 200);
        let header = |name: &str| response.headers()[name].to_str().expect("text").to_owned();
        assert_eq!(header("content-type"), "text/html; charset=utf-8");
        assert_eq!(header("x-content-type-options"), "nosniff");
        let policy = header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; style-src 'sha256-"),
            "{policy}"
        );
        assert!(!policy.contains("unsafe"), "{policy}");
        let text = response.text().await.expect("a text");
        // A name of what is drawn, which nobody fetches.
        let text = text.replace("http://www.w3.org/2000/svg", "");
        assert!(!text.contains("@style@") && !text.contains("@script@"));
        assert!(
            !text.contains("http://") && !text.contains("https://"),
            "{path} asks elsewhere"
        );
    }
}

#[tokio::test]
async fn the_document_is_served() {
    let app = TestApp::start().await;

    let answer = app.send(app.request(Method::GET, "/v2/openapi.json")).await;

    assert_eq!(answer.status, 200);
    assert_eq!(answer.body, openapi::document());
}

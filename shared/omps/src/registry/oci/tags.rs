//! The tags of a repository, page by page to the end.

use http::HeaderMap;
use reqwest::header::LINK;
use reqwest::{StatusCode, Url};
use serde::Deserialize;

use super::error::OciError;
use super::names::{ImageRepository, Tag};
use super::{OciRegistry, malformed};
use crate::upstream::ANSWER_LIMIT;

/// Tags that are asked for at a time: Quay gives no more, docker-registry 2.8.2 gives all.
const PAGE: usize = 100;
/// Tags that are read of one repository. Who has more needs another way to list them.
const TAGS_LIMIT: usize = 100_000;

#[derive(Deserialize)]
struct Page {
    /// `null`, empty or absent where there are none.
    tags: Option<Vec<String>>,
}

impl OciRegistry {
    /// All tags of a repository, in no order; none when it does not exist.
    ///
    /// # Errors
    /// [`OciError::Hidden`] when the repository is not there or not for the caller.
    pub async fn tags(&self, repository: &ImageRepository) -> Result<Vec<Tag>, OciError> {
        let mut tags = Vec::new();
        let mut next = Some(self.first_page(repository));
        while let Some(url) = next.take() {
            let request = || self.upstream.client().get(url.clone());
            let response = self.look(repository, ANSWER_LIMIT, request).await?;
            if response.status != StatusCode::OK {
                return match OciError::of(&response) {
                    OciError::NotFound(_) if tags.is_empty() => Ok(tags),
                    error => Err(error),
                };
            }
            let page: Page = serde_json::from_slice(&response.body)
                .map_err(|error| malformed(&format!("its list of tags: {error}")))?;
            let listed = page.tags.unwrap_or_default();
            // A page without tags and with a next page would never end.
            if !listed.is_empty() {
                next = next_page(&response.headers, &url)?;
            }
            // What is no tag by the specification cannot be one of ours.
            tags.extend(listed.iter().filter_map(|tag| Tag::parse(tag).ok()));
            if tags.len() > TAGS_LIMIT {
                return Err(malformed(&format!(
                    "more than {TAGS_LIMIT} tags of {repository}"
                )));
            }
        }
        Ok(tags)
    }

    fn first_page(&self, repository: &ImageRepository) -> Url {
        let mut url = self.endpoint.url(&format!("/v2/{repository}/tags/list"));
        url.set_query(Some(&format!("n={PAGE}")));
        url
    }
}

/// The next page as `Link: <url>; rel="next"` names it: the same path of the same registry, with another query.
fn next_page(headers: &HeaderMap, page: &Url) -> Result<Option<Url>, OciError> {
    let Some(link) = headers.get(LINK) else {
        return Ok(None);
    };
    let link = link
        .to_str()
        .map_err(|_| malformed("a Link that is not ASCII"))?;
    let target = link
        .split_once('<')
        .and_then(|(_, rest)| rest.split_once('>'));
    let Some((target, parameters)) = target else {
        return Err(malformed("a Link without a URL in angle brackets"));
    };
    if !parameters.replace(['"', ' '], "").contains("rel=next") {
        return Ok(None);
    }
    let url = page
        .join(target)
        .map_err(|_| malformed("a Link to what is no URL"))?;
    match url.origin() == page.origin() && url.path() == page.path() && url != *page {
        true => Ok(Some(url)),
        false => Err(malformed(
            "a Link that leads to no next page of the same list",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_to_the_next_page_and_nowhere_else() {
        let page = Url::parse("https://quay.io/v2/org/name/tags/list?n=100").unwrap();
        let next = "https://quay.io/v2/org/name/tags/list?n=100&last=b";
        let error = "the registry's answer breaks the protocol: a Link";
        for (link, expected) in [
            ("</v2/org/name/tags/list?n=100&last=b>; rel=\"next\"", next),
            (
                "<https://quay.io/v2/org/name/tags/list?n=100&last=b>;rel=next",
                next,
            ),
            ("<?n=100&last=b>; rel=\"next\"", next),
            ("</v2/org/name/tags/list?last=b>; rel=\"prev\"", "no more"),
            (
                "<https://evil.example/v2/org/name/tags/list?last=b>; rel=\"next\"",
                error,
            ),
            (
                "<http://quay.io/v2/org/name/tags/list?last=b>; rel=\"next\"",
                error,
            ),
            ("</v2/org/other/tags/list?last=b>; rel=\"next\"", error),
            ("</v2/org/name/tags/list?n=100>; rel=\"next\"", error),
            ("nonsense", error),
        ] {
            let headers = HeaderMap::from_iter([(LINK, link.parse().unwrap())]);
            let found = match next_page(&headers, &page) {
                Ok(Some(url)) => url.to_string(),
                Ok(None) => "no more".to_owned(),
                Err(error) => error.to_string(),
            };
            assert!(found.starts_with(expected), "{link}: {found}");
        }
    }
}

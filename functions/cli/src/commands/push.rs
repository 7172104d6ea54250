//! `omps push` and `omps push-koji`: one push, sent until it is answered.

use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, StatusCode, Url};
use serde_json::json;
use uuid::Uuid;

use super::succeeded;
use crate::arguments::{AnswerForm, How, Push, PushKoji};
use crate::output::{self, Escaped, GOOD, STRONG, WARNING, diff, eprint, json as json_output};
use crate::report::Change;
use crate::service::{Answer, Body, Request, Service};
use crate::settings::Settings;
use crate::{Failure, folder};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Bytes of a zip that fits into a request of `max_content_length`, whose default is 2 MiB, with the form around it.
const FITS: usize = (2 << 20) - 4_096;

/// Everything that one push needs.
struct Pushing {
    service: Service,
    organization: String,
    token: HeaderValue,
    key: HeaderValue,
    how: How,
}

pub(super) async fn run(asked: Push) -> Result<(), Failure> {
    let pushing = Pushing::new(asked.how)?;
    let answer = match (&asked.upload, &asked.path) {
        (Some(upload), _) => pushing.push_upload(upload).await?,
        (None, Some(path)) => {
            let zip = folder::zip_of(path).map_err(|error| Failure::Usage(error.to_string()))?;
            pushing.push_zip(zip.into()).await?
        }
        (None, None) => return Err(Failure::Usage("nothing to push".to_owned())),
    };
    pushing.tell(answer)
}

pub(super) async fn run_koji(asked: PushKoji) -> Result<(), Failure> {
    let pushing = Pushing::new(asked.how)?;
    let url = pushing.url(&["koji", &asked.nvr])?;
    let answer = pushing.send(pushing.request(url, Body::Nothing)).await?;
    pushing.tell(answer)
}

impl Pushing {
    fn new(how: How) -> Result<Self, Failure> {
        let settings = Settings::read()?;
        let key = how.idempotency_key.clone();
        let key = key.unwrap_or_else(|| Uuid::new_v4().to_string());
        let key = HeaderValue::from_str(&key).map_err(|_| {
            Failure::Usage("the key has characters that are not printable".to_owned())
        })?;
        Ok(Pushing {
            organization: settings.organization(&how.whose)?,
            token: settings.required_token(&how.who)?,
            service: Service::new(&how.place, &settings)?,
            key,
            how,
        })
    }

    /// The address of a push, with version and query.
    fn url(&self, route: &[&str]) -> Result<Url, Failure> {
        let version = self.how.version.iter().map(String::as_str);
        let organization = [self.organization.as_str()].into_iter();
        let segments: Vec<&str> = organization
            .chain(route.iter().copied())
            .chain(version)
            .collect();
        let mut url = self.service.url(&segments)?;
        let mut query = vec![("report", "full")];
        if self.how.dry_run {
            query.push(("dry_run", "true"));
        }
        if self.how.strict {
            query.push(("validation", "strict"));
        }
        url.query_pairs_mut().extend_pairs(query);
        Ok(url)
    }

    fn request(&self, url: Url, body: Body) -> Request {
        let mut request = Request::new(Method::POST, url).by(&self.token);
        request.body = body;
        request
    }

    /// Sends a push with its key. Nothing is remembered of a dry run.
    async fn send(&self, request: Request) -> Result<Answer, Failure> {
        let key = self.key.to_str().unwrap_or_default();
        self.send_as(request, &format!("--idempotency-key {key}"))
            .await
    }

    /// Sends a push that comes again with the option `again`.
    async fn send_as(&self, mut request: Request, again: &str) -> Result<Answer, Failure> {
        if !self.how.dry_run {
            request.headers.insert(IDEMPOTENCY_KEY, self.key.clone());
        }
        let sent = self.service.send_until_answered(&request).await;
        if !self.how.dry_run
            && sent
                .as_ref()
                .map_or_else(|none| none.may_have_arrived, is_unclear)
        {
            eprint(&format!(
                "{WARNING}warning{WARNING:#}: the push may have become a release; {} repeats it without a second one\n",
                Escaped(again)
            ));
        }
        sent.map_err(|unanswered| Failure::Service(unanswered.problem))
    }

    async fn push_zip(&self, zip: Bytes) -> Result<Answer, Failure> {
        if zip.len() <= FITS {
            let answer = self.push_form(&zip).await?;
            if answer.status != StatusCode::PAYLOAD_TOO_LARGE {
                return Ok(answer);
            }
        }
        match self.upload(&zip).await? {
            Some(upload) => self.push_upload(&upload).await,
            // A service without uploads may still take large requests.
            None => self.push_form(&zip).await,
        }
    }

    async fn push_form(&self, zip: &Bytes) -> Result<Answer, Failure> {
        let boundary = Uuid::new_v4().simple();
        let mut form = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"manifests.zip\"\r\nContent-Type: application/zip\r\n\r\n"
        )
        .into_bytes();
        form.extend_from_slice(zip);
        form.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
        let mut request = self.request(self.url(&["zipfile"])?, Body::Watched(form.into()));
        let kind = format!("multipart/form-data; boundary={boundary}");
        set(&mut request.headers, CONTENT_TYPE, &kind);
        self.send(request).await
    }

    /// Puts a zip where the service takes it from, and answers its id; nothing where the service has no such place.
    async fn upload(&self, zip: &Bytes) -> Result<Option<String>, Failure> {
        let url = self.service.url(&[&self.organization, "uploads"])?;
        let size = json!({"size": zip.len()}).to_string();
        let mut request = self.request(url, Body::Whole(size.into()));
        set(&mut request.headers, CONTENT_TYPE, "application/json");
        let answer = self.service.send(&request).await?;
        if answer.status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let answer = succeeded(answer, self.how.place.output)?;
        let (upload, place) = (answer.text("upload"), answer.text("url"));
        let place = Url::parse(place).map_err(|_| {
            Failure::Service("the service's answer has no address for the upload".to_owned())
        })?;
        // Whoever has this address may put the zip: the token is not for it.
        let mut put = Request::new(Method::PUT, place);
        put.body = Body::Watched(zip.clone());
        let answer = self.service.send(&put).await?;
        if !answer.status.is_success() {
            return Err(Failure::Service(format!(
                "the zip could not be uploaded: {}",
                answer.problem()
            )));
        }
        eprint(&format!(
            "uploaded; if this is interrupted, go on with --upload {}\n",
            Escaped(upload)
        ));
        Ok(Some(upload.to_owned()))
    }

    async fn push_upload(&self, upload: &str) -> Result<Answer, Failure> {
        let body = json!({"upload": upload}).to_string();
        let mut request = self.request(self.url(&["zipfile"])?, Body::Whole(body.into()));
        set(&mut request.headers, CONTENT_TYPE, "application/json");
        // The service knows the push of an upload by the upload.
        self.send_as(request, &format!("--upload {upload}")).await
    }

    /// Writes what became of the push.
    fn tell(&self, answer: Answer) -> Result<(), Failure> {
        let form = self.how.place.output;
        let answer = succeeded(answer, form)?;
        if self.how.dry_run && answer.body["dry_run"] != true {
            return Err(Failure::Service(
                "the service does not say that it was a dry run: look whether there is a new release".to_owned(),
            ));
        }
        output::print(&match form {
            AnswerForm::Json => json_output::text(&answer.body),
            AnswerForm::Text => for_people(&answer),
        })?;
        Ok(())
    }
}

/// Whether a push that was answered like this may have become a release, or may still become one. That the number is taken is
/// a 500 as well, in words of OMPS's days, and clear.
fn is_unclear(answer: &Answer) -> bool {
    let is_taken = answer.text("message").contains("package exists already");
    answer.text("error") == "IdempotencyKeyInUse" || answer.status.is_server_error() && !is_taken
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

fn for_people(answer: &Answer) -> String {
    let mut text = String::new();
    let changes = answer.body["changes"].clone();
    if let Ok(changes) = serde_json::from_value::<Vec<Change>>(changes) {
        text += &diff::text(&changes);
    }
    for warning in answer.body["warnings"].as_array().into_iter().flatten() {
        let warning = warning.as_str().unwrap_or_default();
        text += &format!("{WARNING}warning{WARNING:#}: {}\n", Escaped(warning));
    }
    let done = match (answer.body["dry_run"] == true, answer.is_replayed()) {
        (true, _) => "valid, not pushed",
        (false, true) => "pushed before",
        (false, false) => "pushed",
    };
    text += &format!(
        "{GOOD}{done}{GOOD:#}: {}/{} {STRONG}{}{STRONG:#}\n",
        Escaped(answer.text("organization")),
        Escaped(answer.text("repo")),
        Escaped(answer.text("version")),
    );
    for bundle in answer.body["bundles"].as_array().into_iter().flatten() {
        let of = |key: &str| bundle[key].as_str().unwrap_or("-").to_owned();
        text += &format!("  {}  {}\n", Escaped(&of("version")), Escaped(&of("image")));
    }
    text + &output::catalog::text(&answer.body["catalog"])
}

//! `omps login`: a token, from what Docker or Podman keep or from Quay itself. It is printed, and kept only if asked for.

use std::io::Read;

use serde_json::{Value, json};

use crate::arguments::Login;
use crate::output::{self, Escaped, eprint};
use crate::{Failure, credentials, service, settings};

pub(super) async fn run(asked: Login) -> Result<(), Failure> {
    let token = match &asked.username {
        None => credentials::token(&asked.registry)?,
        Some(username) => ask_quay(&asked, username).await?,
    };
    match asked.save {
        false => output::print(&format!("{}\n", Escaped(&token)))?,
        true => {
            let path = settings::save_token(&token)?;
            eprint(&format!(
                "the token is in {}\n",
                Escaped(&path.display().to_string())
            ));
        }
    }
    Ok(())
}

/// Logs in to Quay's App Registry, as its own client does.
async fn ask_quay(asked: &Login, username: &str) -> Result<String, Failure> {
    let mut password = String::new();
    std::io::stdin()
        .read_to_string(&mut password)
        .map_err(|error| Failure::Usage(format!("cannot read the password: {error}")))?;
    let password = password.trim_end_matches(['\r', '\n']);
    let address = match asked.registry.contains("://") {
        true => asked.registry.clone(),
        false => format!("https://{}", asked.registry),
    };
    let mut url = service::base(&address)?;
    url.set_path("/cnr/api/v1/users/login");
    let failed = |error: reqwest::Error| {
        Failure::Service(format!(
            "{address} cannot be reached: {}",
            service::causes(&error.without_url())
        ))
    };
    let response = service::client(asked.timeout)?
        .post(url)
        .json(&json!({"user": {"username": username, "password": password}}))
        .send()
        .await
        .map_err(failed)?;
    let status = response.status();
    let answer: Value = response.json().await.unwrap_or_default();
    match (status.is_success(), answer["token"].as_str()) {
        (true, Some(token)) => Ok(token.to_owned()),
        _ => {
            let reason = answer["error"]["message"]
                .as_str()
                .unwrap_or("no reason given");
            Err(Failure::Service(format!(
                "{address} refused the login ({status}): {reason}"
            )))
        }
    }
}

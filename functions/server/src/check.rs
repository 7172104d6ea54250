//! `--check-config`: what the start would check, without a start; with `--online`, services and tokens, too.

use std::net::ToSocketAddrs;
use std::path::Path;

use omps::app::App;
use omps::check;
use omps::config::Config;
use omps_server::Settings;

use crate::{METRICS_LISTEN, metrics_address};

/// Checks the configuration of the environment, and prints what is right and what is not.
///
/// # Errors
/// All problems, one a line.
pub(crate) async fn check_config(address: &str, online: bool) -> Result<(), String> {
    let mut settings = Settings::from_env();
    let mut problems: Vec<String> = settings.as_ref().err().cloned().into_iter().collect();
    problems.extend(check_address("OMPS_LISTEN", address).err());
    if let Some(address) = metrics_address() {
        problems.extend(check_address(METRICS_LISTEN, &address).err());
    }
    let config = match Config::from_env() {
        Ok(config) => config,
        Err(error) => {
            problems.push(error.to_string());
            return Err(problems.join("\nomps-server: "));
        }
    };
    if let Ok(settings) = &mut settings {
        problems.extend(settings.fit(config.max_content_length.get()).err());
    }
    problems.extend(check_directory("data_dir", config.data_dir.as_deref()).err());
    problems.extend(check_directory("upload_dir", config.upload_dir.as_deref()).err());
    for (name, setting) in config.without_needed_token() {
        println!(
            "warning: organization {name} has {setting} = true and no oauth_token: its repositories stay as they are"
        );
    }
    let summary = config.summary();
    let mut app = App::new(config);
    problems.extend(app.trust_ca_file().err().map(|error| error.to_string()));
    if online && problems.is_empty() {
        for checked in check::online(&app).await {
            match checked.result {
                Ok(()) => println!("ok: {}", checked.what),
                Err(problem) => problems.push(format!("{}: {problem}", checked.what)),
            }
        }
    }
    match problems.is_empty() {
        true => {
            println!("the configuration is valid: {summary}");
            Ok(())
        }
        false => Err(problems.join("\nomps-server: ")),
    }
}

/// Checks that an address can be listened on, without doing so: the service may be running.
fn check_address(variable: &str, address: &str) -> Result<(), String> {
    let resolved = address.to_socket_addrs();
    match resolved.map(|mut addresses| addresses.next()) {
        Ok(Some(_)) => Ok(()),
        Ok(None) => Err(format!(
            "{variable} {address:?} is no address of this machine"
        )),
        Err(error) => Err(format!(
            "{variable} {address:?} is not an address and port such as 127.0.0.1:8080: {error}"
        )),
    }
}

fn check_directory(key: &str, path: Option<&Path>) -> Result<(), String> {
    match path {
        Some(path) if path.exists() && !path.is_dir() => {
            Err(format!("{key} {}: not a directory", path.display()))
        }
        _ => Ok(()),
    }
}

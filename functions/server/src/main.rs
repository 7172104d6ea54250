//! `omps-server`: starts the service, checks a configuration, or checks a running service.

mod check;

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use lexopt::{Arg, Parser};
use omps::app::App;
use omps::config::from_omps;
use omps_server::{Settings, serve_metrics};
use reqwest::StatusCode;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

const HELP: &str = "\
omps-server: pushes operator manifests to Quay

Usage: omps-server [--check-config [--online] | --from-omps FILE | --healthcheck | --version | --help]

Without an option the service starts. It is configured by the environment:
  OMPS_LISTEN        address to listen on (default 0.0.0.0:8080)
  OMPS_CONF_FILE     TOML file with the configuration
  OMPS_CONF_SECTION  table in it (default ProdConfig)
  OMPS_<NAME>        any scalar of the configuration; overrides the file
  OMPS_METRICS_LISTEN  address for GET /metrics (default: there is none)
  WORKERS_NUM        pushes at the same time; others wait (default 8)
  WORKER_TIMEOUT     seconds for a request, including waiting and retries (default 30)
  CA_URL             certificate of an additional CA to trust, fetched at start
  OMPS_VALIDATE_WORKERS, OMPS_BODY_BUDGET, OMPS_ANSWER_BUDGET, OMPS_MAX_CONNECTIONS,
  OMPS_MAX_CONNECTIONS_PER_PEER, OMPS_LEAST_RATE, OMPS_IDLE_TIMEOUT
                     limits for clients; see docs/running.md

Options:
  --check-config     check what the start checks, report all errors, and exit
  --online           with it: also ask the services, and whether tokens are accepted
  --from-omps FILE   print the config.py of OMPS as TOML; nothing of it is run
  --healthcheck      check that the service at OMPS_LISTEN answers, and exit
  --version          print the version
  --help             print this text";

/// The time limit for fetching the CA's certificate.
const CA_TIMEOUT: Duration = Duration::from_secs(10);
/// glibc's variable for the size, in bytes, from which it returns a freed buffer to the system.
const MMAP_THRESHOLD: &str = "MALLOC_MMAP_THRESHOLD_";
/// The address for metrics.
const METRICS_LISTEN: &str = "OMPS_METRICS_LISTEN";
/// glibc's variable for the heaps that threads share.
const ARENA_MAX: &str = "MALLOC_ARENA_MAX";
/// Heaps for each CPU: with fewer, threads wait for each other; `docs/performance.md` has the figures.
const ARENAS: usize = 4;
const DEFAULT_LISTEN: &str = "0.0.0.0:8080";

#[tokio::main]
async fn main() -> ExitCode {
    let mode = match mode() {
        Ok(mode) => mode,
        Err(error) => {
            eprintln!("omps-server: {error}; see omps-server --help");
            return ExitCode::from(2);
        }
    };
    let result = match mode {
        Mode::Help => print(HELP),
        Mode::Version => print(concat!("omps-server ", env!("CARGO_PKG_VERSION"))),
        Mode::CheckConfig { online } => check::check_config(&listen_address(), online).await,
        Mode::FromOmps(path) => from_omps(&path),
        Mode::Healthcheck => healthcheck().await,
        Mode::Serve => {
            restart_with_malloc_settings();
            serve().await
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("omps-server: {error}");
            ExitCode::FAILURE
        }
    }
}

enum Mode {
    Serve,
    CheckConfig { online: bool },
    FromOmps(PathBuf),
    Healthcheck,
    Version,
    Help,
}

fn mode() -> Result<Mode, lexopt::Error> {
    let (mut mode, mut online) = (Mode::Serve, false);
    let mut arguments = Parser::from_env();
    while let Some(argument) = arguments.next()? {
        mode = match argument {
            Arg::Long("check-config") => Mode::CheckConfig { online },
            Arg::Long("online") => {
                online = true;
                match mode {
                    Mode::CheckConfig { .. } => Mode::CheckConfig { online },
                    mode => mode,
                }
            }
            Arg::Long("from-omps") => Mode::FromOmps(arguments.value()?.into()),
            Arg::Long("healthcheck") => Mode::Healthcheck,
            Arg::Long("version") | Arg::Short('V') => Mode::Version,
            Arg::Long("help") | Arg::Short('h') => Mode::Help,
            other => return Err(other.unexpected()),
        };
    }
    match (&mode, online) {
        (Mode::CheckConfig { .. }, _) | (_, false) => Ok(mode),
        _ => Err("--online is for --check-config".into()),
    }
}

type Outcome = Result<(), String>;

#[expect(clippy::unnecessary_wraps, reason = "one of the modes, which can fail")]
fn print(text: &str) -> Outcome {
    println!("{text}");
    Ok(())
}

/// Prints the TOML for a `config.py` of OMPS, also when not all of it could be read.
fn from_omps(path: &Path) -> Outcome {
    let named = |problem: &str| format!("{}: {problem}", path.display());
    let text = std::fs::read_to_string(path).map_err(|error| named(&error.to_string()))?;
    let converted = from_omps::convert(&text).map_err(|problem| named(&problem))?;
    print!("{}", converted.toml);
    match converted.problems.is_empty() {
        true => Ok(()),
        false => Err(converted
            .problems
            .iter()
            .map(|problem| named(problem))
            .collect::<Vec<_>>()
            .join("\nomps-server: ")),
    }
}

fn listen_address() -> String {
    let address = std::env::var("OMPS_LISTEN").ok();
    let address = address.filter(|address| !address.is_empty());
    address.unwrap_or_else(|| DEFAULT_LISTEN.to_owned())
}

fn metrics_address() -> Option<String> {
    let address = std::env::var(METRICS_LISTEN).ok();
    address.filter(|address| !address.is_empty())
}

/// Restarts this process with settings that make glibc return the memory of a large upload to the system. By default
/// glibc keeps some of it for every thread. glibc reads these settings only at the start of a process.
fn restart_with_malloc_settings() {
    if std::env::var_os(MMAP_THRESHOLD).is_none()
        && let Ok(this) = std::env::current_exe()
    {
        let cpus = std::thread::available_parallelism().map_or(1, usize::from);
        let arenas = std::env::var(ARENA_MAX).unwrap_or_else(|_| (ARENAS * cpus).to_string());
        let error = Command::new(this)
            .env(MMAP_THRESHOLD, "1048576")
            .env(ARENA_MAX, arenas)
            .exec();
        eprintln!("omps-server: large uploads may use more memory: {error}");
    }
}

/// Checks only this service, not Quay: a failure of another service is not a reason to restart this one.
async fn healthcheck() -> Outcome {
    let address = listen_address().replace("0.0.0.0", "127.0.0.1");
    let client = reqwest::Client::builder()
        .no_proxy()
        .timeout(Duration::from_secs(3))
        .build();
    let answer = client
        .map_err(|error| error.to_string())?
        .get(format!("http://{address}/v2/about"))
        .send()
        .await;
    match answer {
        Ok(answer) if answer.status().is_success() => Ok(()),
        // It serves as many connections as it may. To end it would not help them.
        Ok(answer) if answer.status() == StatusCode::SERVICE_UNAVAILABLE => Ok(()),
        Ok(answer) => Err(format!(
            "the service at {address} answers {}",
            answer.status()
        )),
        Err(error) => Err(format!(
            "the service at {address} does not answer: {}",
            error.without_url()
        )),
    }
}

/// Fetches a certificate. The user who sets the URL is responsible for it.
async fn fetch(url: &str) -> Result<Vec<u8>, String> {
    let client = reqwest::Client::builder().timeout(CA_TIMEOUT).build();
    let answer = client
        .map_err(|error| error.to_string())?
        .get(url)
        .send()
        .await;
    let answer = answer.and_then(reqwest::Response::error_for_status);
    let body = answer
        .map_err(|error| error.without_url().to_string())?
        .bytes()
        .await;
    body.map(Vec::from)
        .map_err(|error| error.without_url().to_string())
}

async fn serve() -> Outcome {
    let mut settings = Settings::from_env()?;
    let mut app = App::from_env().map_err(|error| error.to_string())?;
    settings.fit(app.config.max_content_length.get())?;
    if let Ok(url) = std::env::var("CA_URL") {
        let certificate = fetch(&url)
            .await
            .map_err(|error| format!("CA_URL {url}: {error}"))?;
        app.trust(&certificate)
            .map_err(|error| format!("CA_URL {url}: {error}"))?;
        tracing::info!(url, "trusting an additional CA");
    }
    let checked = app.ledger.check().await;
    checked.map_err(|error| error.to_string())?;
    let address = listen_address();
    let listener = listen(&address).await?;
    let metrics = match metrics_address() {
        Some(address) => Some(listen(&address).await?),
        None => None,
    };
    let bound = listener
        .local_addr()
        .map_or(address, |bound| bound.to_string());
    let mut terminate = signal(SignalKind::terminate()).map_err(|error| error.to_string())?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|error| error.to_string())?;
    let shutdown = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping: new requests are not accepted");
    };
    tracing::info!(
        address = bound,
        version = env!("CARGO_PKG_VERSION"),
        configuration = app.config.summary(),
        "ready"
    );
    if let Some(listener) = metrics {
        let until_the_end = std::future::pending();
        tokio::spawn(serve_metrics(listener, settings.clone(), until_the_end));
    }
    omps_server::serve(listener, app, settings, shutdown).await;
    Ok(())
}

async fn listen(address: &str) -> Result<TcpListener, String> {
    let listener = TcpListener::bind(address).await;
    listener.map_err(|error| format!("cannot listen on {address}: {error}"))
}

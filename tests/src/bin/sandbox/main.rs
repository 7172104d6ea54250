//! A sandbox: the service with stand-ins for the registry, Koji and Greenwave, sample operators, and commands to try.

mod commands;
mod options;
mod stand_ins;

use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use omps::app::App;
use omps::config::Config;
use omps::deadline::Deadline;
use omps::events::outcome::Outcomes;
use omps::events::worker::Worker;
use omps::objects::Objects;
use omps_tests::operator::Operator;
use omps_tests::watched_folder::WatchedFolder;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use commands::commands;
use options::{HELP, Options};
use stand_ins::StandIns;

/// The organizations of the registry: without rules, with rules, public.
const ORGANIZATIONS: [&str; 3] = ["testorg", "rules", "public"];
const SAMPLE: &str = "larder-operator.zip";
/// The sample with a mistake.
const BROKEN: &str = "broken-operator.zip";
/// The builds of the stand-in Koji: the sample operator, an image that is not an operator, and a build that Greenwave
/// refuses.
const GOOD_BUILD: &str = "larder-operator-container-v0.5.1-1";
const IMAGE_BUILD: &str = "larder-container-v0.5.1-1";
const REFUSED_BUILD: &str = "larder-operator-container-v0.5.1-2";

/// The pause between two checks of the bucket, and the time limit for a push from there.
const LOOK_EVERY: Duration = Duration::from_millis(300);
const PUSH_WITHIN: Duration = Duration::from_secs(60);

#[tokio::main]
async fn main() -> ExitCode {
    let options = match options::read() {
        Ok(Some(options)) => options,
        Ok(None) => {
            println!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("sandbox: {error}; see --help");
            return ExitCode::from(2);
        }
    };
    match run(&options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sandbox: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: &Options) -> Result<(), String> {
    let folder = prepare(&options.folder).map_err(|error| cannot_use(&options.folder, &error))?;
    let listener = TcpListener::bind(options.listen)
        .await
        .map_err(|error| cannot_listen("--listen", options.listen, &error))?;
    let stand_ins = StandIns::start(options, &folder).await?;
    let service = listener.local_addr().map_err(|error| error.to_string())?;
    let config = stand_ins.config(&format!("http://{service}"), &folder);
    let app = || Config::from_toml(&config, "Sandbox").map(App::new);
    let (app, of_bucket) = (app(), app());
    let app = app.map_err(|error| error.to_string())?;
    let mut of_bucket = of_bucket.map_err(|error| error.to_string())?;
    of_bucket.ledger = app.ledger.clone();
    of_bucket.objects = Objects::Folder(folder.join("bucket"));
    let bucket = WatchedFolder::open(folder.join("bucket"));
    let bucket = bucket.map_err(|error| cannot_use(&folder, &error))?;
    let stop = stop_signal().map_err(|error| error.to_string())?;

    let commands = commands(&format!("http://{service}"), &stand_ins, &folder);
    io::stdout()
        .write_all(commands.as_bytes())
        .map_err(|error| format!("cannot write to standard output: {error}"))?;
    let watching = tokio::spawn(watch(bucket, of_bucket));
    omps_server::serve(listener, app, omps_server::Settings::default(), stop).await;
    watching.abort();
    Ok(())
}

/// Pushes each zip that is put into the bucket, as the function that reads the queue would, and prints the outcome.
async fn watch(mut bucket: WatchedFolder, app: App) -> io::Result<()> {
    let (sender, mut outcomes) = mpsc::unbounded_channel();
    let worker = Worker {
        outcomes: Outcomes::Channel(sender),
    };
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let batch = bucket.new_objects()?;
        let response = worker
            .work(&app, &batch, Deadline::after(PUSH_WITHIN))
            .await;
        while let Ok(outcome) = outcomes.try_recv() {
            println!("# {}: {}", outcome.detail_type(), outcome.detail);
        }
        for failure in response.failures {
            println!(
                "# {} failed and may succeed later: put the zip there again",
                failure.id
            );
        }
    }
}

/// Creates the folder, puts the sample operator into it, and returns its absolute path.
fn prepare(folder: &Path) -> io::Result<PathBuf> {
    fs::create_dir_all(folder)?;
    fs::write(folder.join(SAMPLE), Operator::larder().zip())?;
    let csv = "0.5.1/larder-operator.v0.5.1.clusterserviceversion.yaml";
    let broken = Operator::larder().edit(csv, "\n  install:\n", "\n  instal:\n");
    fs::write(folder.join(BROKEN), broken.zip())?;
    fs::canonicalize(folder)
}

fn cannot_use(folder: &Path, error: &io::Error) -> String {
    format!(
        "cannot use the folder {}: {error}; --folder takes another",
        folder.display()
    )
}

fn cannot_listen(option: &str, address: SocketAddr, error: &impl fmt::Display) -> String {
    format!("cannot listen on {address}: {error}; {option} takes another address")
}

/// Ends with Ctrl-C or SIGTERM.
fn stop_signal() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

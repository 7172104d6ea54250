//! What a push costs: CPU of the service's own process, beside the floor that the same bytes cost in any service.
//!
//! `cargo bench --workspace --bench push`. Quay and the client run in a process of their own. Both figures are taken
//! in turns of one run, so that their ratio holds on any machine, whatever else it does.

use std::fs;
use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdout, Command, Stdio};

use axum::body::Bytes;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use omps::app::App;
use omps::config::Config;
use omps_operator::Limits;
use omps_operator::archive::{self, Files};
use omps_operator::yaml::Events;
use omps_tests::multipart;
use omps_tests::operator::Operator;
use omps_tests::quay::accounts::{self, Accounts};
use omps_tests::quay::{Quay, Settings};
use tokio::net::TcpListener;

/// Turns, and what is pushed in each.
const ROUNDS: u32 = 10;
const PUSHES: u32 = 300;
const PEER: &str = "OMPS_BENCH_PEER";

type Outcome = Result<(), Box<dyn std::error::Error>>;

#[tokio::main]
async fn main() -> Outcome {
    if std::env::var_os(PEER).is_some() {
        return peer().await;
    }
    let zip = Operator::larder().zip();
    let files = archive::extract(&zip, &Limits::new(20 << 20))?;
    let unpacked: usize = files.values().map(Vec::len).sum();
    println!(
        "sample: {} bytes zipped, {unpacked} unpacked, {} files",
        zip.len(),
        files.len()
    );

    let mut service = Service::start().await?;
    let (mut floor, mut push) = (0.0, 0.0);
    for _ in 0..ROUNDS {
        floor += cpu_of(|| (0..PUSHES).try_for_each(|_| floor_of(&zip)))? / f64::from(ROUNDS);
        push += cpu_of(|| tokio::task::block_in_place(|| service.push()))? / f64::from(ROUNDS);
    }
    println!("floor (inflate, tokenize, tar and gzip, base64): {floor:.3} ms of CPU");
    println!("push (the whole service's process):              {push:.3} ms of CPU");
    println!("ratio: {:.2}", push / floor);
    Ok(())
}

/// The least that any service must do with these bytes.
fn floor_of(zip: &[u8]) -> Outcome {
    let files: Files = archive::extract(zip, &Limits::new(20 << 20))?;
    for bytes in files.values() {
        for event in Events::new(std::str::from_utf8(bytes)?) {
            std::hint::black_box(event?);
        }
    }
    std::hint::black_box(packed(&files)?);
    Ok(())
}

/// The files as App Registry takes them: a gzipped tar in base64.
fn packed(files: &Files) -> Result<String, Box<dyn std::error::Error>> {
    let gzip = GzEncoder::new(Vec::new(), Compression::default());
    let mut tar = tar::Builder::new(gzip);
    for (path, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        tar.append_data(&mut header, path, bytes.as_slice())?;
    }
    Ok(STANDARD.encode(tar.into_inner()?.finish()?))
}

/// Milliseconds of this process's CPU for one of the pushes that `work` makes.
fn cpu_of(work: impl FnOnce() -> Outcome) -> Result<f64, Box<dyn std::error::Error>> {
    let before = cpu_ms()?;
    work()?;
    Ok((cpu_ms()? - before) / f64::from(PUSHES))
}

/// CPU of this process so far, of all its threads.
fn cpu_ms() -> Result<f64, Box<dyn std::error::Error>> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat
        .rsplit(") ")
        .next()
        .unwrap_or_default()
        .split(' ')
        .collect();
    let ticks = |field: usize| {
        fields
            .get(field)
            .and_then(|ticks| ticks.parse::<f64>().ok())
            .ok_or("no ticks")
    };
    Ok((ticks(11)? + ticks(12)?) * 10.0) // user and system time, in hundredths of a second
}

/// The service in this process, and the other that pushes to it.
struct Service {
    peer: Child,
    said: Lines<BufReader<ChildStdout>>,
}

impl Service {
    async fn start() -> Result<Self, Box<dyn std::error::Error>> {
        let mut peer = Command::new(std::env::current_exe()?)
            .env(PEER, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let said = BufReader::new(peer.stdout.take().ok_or("no output")?).lines();
        let mut service = Service { peer, said };
        let quay = service.hear()?;
        let config = Config::from_toml(
            &format!(
                "[P]\nrelease_format = \"app-registry\"\nquay_url = \"{quay}\"\nlog_level = \"ERROR\""
            ),
            "P",
        )?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        tokio::spawn(omps_server::serve(
            listener,
            App::new(config),
            omps_server::Settings::default(),
            std::future::pending(),
        ));
        service.say(&format!("http://{address}"))?;
        tokio::task::block_in_place(|| service.push())?; // to warm up
        Ok(service)
    }

    /// Has the other process make its pushes.
    fn push(&mut self) -> Outcome {
        self.say("go")?;
        self.hear().map(|_| ())
    }

    fn say(&mut self, line: &str) -> Outcome {
        Ok(writeln!(
            self.peer.stdin.as_mut().ok_or("no input")?,
            "{line}"
        )?)
    }

    fn hear(&mut self) -> Result<String, Box<dyn std::error::Error>> {
        Ok(self.said.next().ok_or("the peer is gone")??)
    }
}

/// Quay and the client: says where Quay is, hears where the service is, pushes.
async fn peer() -> Outcome {
    let quay = Quay::start(Settings {
        accounts: Accounts::of_organizations(&["testorg"]),
        ..Settings::default()
    })
    .await?;
    println!("{}", quay.url());
    let token = accounts::basic(
        &accounts::robot_name("testorg"),
        &accounts::robot_password("testorg"),
    );

    let mut lines = std::io::stdin().lines();
    let service = lines.next().ok_or("no service")??;
    let form = Bytes::from(multipart::form(
        "file",
        Some("larder.zip"),
        &Operator::larder().zip(),
    ));
    let client = reqwest::Client::new();
    for (round, _go) in lines.enumerate() {
        for number in 0..PUSHES {
            let request = client
                .post(format!("{service}/v2/testorg/zipfile/{round}.{number}.0"))
                .header("Authorization", &token)
                .header("Content-Type", multipart::content_type())
                .body(form.clone());
            let answer = request.send().await?;
            if !answer.status().is_success() {
                return Err(answer.text().await?.into());
            }
        }
        println!("done");
    }
    Ok(())
}

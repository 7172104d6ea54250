//! What an upload costs that is read, judged and packed, beside the floor that the same bytes cost in any service.
//!
//! `cargo bench -p omps-tests --bench costs`. Milliseconds are this thread's CPU, the least of several turns; where valgrind is
//! installed, instructions are counted in a process of its own for each figure. `docs/performance.md` holds the table.

#![expect(
    clippy::expect_used,
    reason = "a benchmark that cannot be set up has nothing to say"
)]

mod shapes;

use std::env;
use std::hint::black_box;
use std::process::{Command, Stdio};
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use omps::config::Config;
use omps::names::RepositoryName;
use omps::registry::{AppRegistry, BundleImages, Registry};
use omps_operator::archive::{self, Files};
use omps_operator::bundle_image::Validation;
use omps_operator::rules::Rules;
use omps_operator::yaml::Events;
use omps_operator::{Limits, Operator};
use rustix::time::{ClockId, clock_gettime};
use sha2::{Digest, Sha256};
use shapes::Shape;

/// One figure is taken in a process of its own when this names it: shape, work, rules.
const ONE: &str = "OMPS_BENCH_ONE";
/// The function whose instructions count.
const COUNTED: &str = "omps_bench_counted";

/// What is done with an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    /// Inflate once, scan once, compress once, hash once.
    Floor,
    /// As `validate` for an App Registry.
    ValidateAppRegistry,
    /// As a push to it, but for the network.
    PushAppRegistry,
    /// As `validate` for bundle images.
    ValidateImages,
    /// As a push of them, but for the network.
    PushImages,
}

const WORKS: [Work; 5] = [
    Work::Floor,
    Work::ValidateAppRegistry,
    Work::PushAppRegistry,
    Work::ValidateImages,
    Work::PushImages,
];

fn main() {
    let shapes = shapes::all();
    if let Ok(one) = env::var(ONE) {
        let indexes: Vec<usize> = one
            .split(' ')
            .filter_map(|part| part.parse().ok())
            .collect();
        let [shape, work, rules] = indexes[..] else {
            panic!("{ONE}={one} names no figure")
        };
        return with_rules(rules == 1, |rules| {
            omps_bench_counted(WORKS[work], &shapes[shape], rules);
        });
    }
    let has_valgrind = Command::new("valgrind")
        .arg("--version")
        .stdout(Stdio::null())
        .status()
        .is_ok();
    println!(
        "| upload | zipped, unpacked | work | rules | ms | of the floor | instructions, M | of the floor |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for (number, shape) in shapes.iter().enumerate() {
        let mut floor = (f64::NAN, f64::NAN);
        for (index, work) in WORKS.into_iter().enumerate() {
            for are_there in [false, true] {
                if work == Work::Floor && are_there {
                    continue;
                }
                let ms = with_rules(are_there, |rules| milliseconds(work, shape, rules));
                let count = match has_valgrind {
                    true => instructions(&format!("{number} {index} {}", u8::from(are_there))),
                    false => f64::NAN,
                };
                if work == Work::Floor {
                    floor = (ms, count);
                }
                println!(
                    "| {} | {} | {work:?} | {} | {ms:.2} | {:.2} | {count:.1} | {:.2} |",
                    shape.name,
                    size(shape),
                    if are_there { "yes" } else { "" },
                    ms / floor.0,
                    count / floor.1,
                );
            }
        }
    }
}

/// An organization's rules: none, or one of each kind.
fn with_rules<T>(are_there: bool, work: impl FnOnce(&Rules) -> T) -> T {
    const SETTINGS: &str = r#"
        [P.organizations.without]
        [P.organizations.with]
        package_name_suffix = "-x"
        replace_registry = [{ old = "quay.io/", new = "registry.example.com/" }]
        csv_annotations = [{ name = "example.com/package", value = "{package_name}" }]
    "#;
    let config = Config::from_toml(SETTINGS, "P").expect("a configuration");
    work(&config.organizations[if are_there { "with" } else { "without" }].rules)
}

#[inline(never)]
fn omps_bench_counted(work: Work, shape: &Shape, rules: &Rules) {
    let limits = limits();
    if work == Work::Floor {
        return floor(&shape.zip);
    }
    let with_json = matches!(work, Work::ValidateImages | Work::PushImages);
    let operator = Operator::open(&shape.zip, &limits).expect("an operator");
    let operator = operator
        .apply(rules, with_json)
        .expect("rules that can be applied");
    let name = rules.package_name(shape.package);
    let repository = RepositoryName::parse(&name).expect("a name");
    let normal = Validation::Normal;
    match work {
        Work::Floor => {}
        Work::ValidateAppRegistry => drop(black_box(operator.judge(&name).expect("valid"))),
        Work::PushAppRegistry => {
            drop(black_box(
                AppRegistry::pack(operator, &repository, normal).expect("valid"),
            ));
        }
        Work::ValidateImages => drop(black_box(
            operator.judge_bundles(&name, normal).expect("valid"),
        )),
        Work::PushImages => {
            drop(black_box(
                BundleImages::pack(operator, &repository, normal).expect("valid"),
            ));
        }
    }
}

/// The least that any service must do with these bytes, with the same parser and compressor.
fn floor(zip: &[u8]) {
    let files: Files = archive::extract(zip, &limits()).expect("a zip");
    let gzip = GzEncoder::new(Vec::new(), Compression::default());
    let mut tar = tar::Builder::new(gzip);
    for (path, bytes) in &files {
        for event in Events::new(std::str::from_utf8(bytes).expect("text")) {
            black_box(event.expect("YAML"));
        }
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        tar.append_data(&mut header, path, bytes.as_slice())
            .expect("memory");
    }
    let packed = tar
        .into_inner()
        .and_then(GzEncoder::finish)
        .expect("memory");
    black_box(Sha256::digest(packed));
}

fn limits() -> Limits {
    Limits::new(20 << 20)
}

/// The least CPU of several turns, in milliseconds.
fn milliseconds(work: Work, shape: &Shape, rules: &Rules) -> f64 {
    let turn = || {
        let before = cpu();
        omps_bench_counted(work, shape, rules);
        (cpu() - before).as_secs_f64() * 1000.0
    };
    let turns = match shape.zip.len() {
        0..100_000 => 60,
        100_000..1_000_000 => 12,
        _ => 5,
    };
    (0..turns).map(|_| turn()).fold(f64::INFINITY, f64::min)
}

/// CPU of this thread so far.
fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(
        time.tv_sec.unsigned_abs(),
        u32::try_from(time.tv_nsec).unwrap_or_default(),
    )
}

/// Instructions of one figure, in millions, counted by valgrind in a new process.
fn instructions(one: &str) -> f64 {
    let program = env::current_exe().expect("this program");
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(format!("--toggle-collect=*{COUNTED}*"))
        .arg(program)
        .env(ONE, one)
        .output()
        .expect("valgrind");
    let said = String::from_utf8_lossy(&output.stderr);
    let line = said
        .lines()
        .find_map(|line| line.split("Collected : ").nth(1));
    let count = line.and_then(|count| count.trim().parse::<f64>().ok());
    count.unwrap_or(f64::NAN) / 1_000_000.0
}

fn size(shape: &Shape) -> String {
    let files = archive::extract(&shape.zip, &limits()).expect("a zip");
    let unpacked: usize = files.values().map(Vec::len).sum();
    format!("{} KB, {} KB", shape.zip.len() / 1000, unpacked / 1000)
}

//! Starts the sandbox as the README describes.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use omps_tests::operator::Operator;
use tempfile::TempDir;

const SANDBOX: &str = env!("CARGO_BIN_EXE_sandbox");

/// What the printed commands print.
struct Trial {
    folder: TempDir,
    printed: String,
    /// What the sandbox prints of the push by event, meanwhile.
    outcome: String,
    /// The same commands once more.
    again: String,
}

/// Starts the sandbox, and runs all commands that it prints, twice.
fn try_twice(arguments: &[&str]) -> Trial {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut sandbox, mut lines, commands) = start(&folder, arguments);
    let run_all = || {
        let output = run("sh", &["-e", "-c", &commands]);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };

    let printed = run_all();
    // Before the object is replaced.
    let mut outcome = String::new();
    lines.read_line(&mut outcome).expect("text");
    let again = run_all();
    let stopped = run("sh", &["-c", &format!("kill -TERM {}", sandbox.id())]);
    let status = sandbox.wait().expect("the sandbox ends");

    assert!(stopped.status.success() && status.success(), "{status:?}");
    Trial {
        folder,
        printed,
        outcome,
        again,
    }
}

#[test]
fn the_printed_commands_push_the_sample_and_pull_it_back() {
    let Trial {
        folder,
        printed,
        outcome,
        again,
    } = try_twice(&[]);

    for text in [
        r#""greenwave":{"details":"It works!","ok":true}"#,
        // The operator with a mistake.
        r#""message":"csv spec.install not defined""#,
        // The release, its manifest, its labels.
        r#""repo":"larder-operator","version":"1.0.0""#,
        r#""org.opencontainers.image.version":"1.0.0""#,
        r#""operators.operatorframework.io.bundle.package.v1":"larder-operator""#,
        r#""nvr":"larder-operator-container-v0.5.1-1""#,
        r#""error":"KojiNotAnOperatorImage""#,
        r#""error":"GreenwaveUnsatisfiedError""#,
        r#""deleted":["1.0.0"]"#,
        r#""deleted":["2.0.0"]"#,
        r#"{"upload":""#,
        r#""repo":"larder-operator-mirrored","version":"1.0.0""#,
        // The public release, without a token.
        r#"{"name":"public/larder-operator","tags":["#,
    ] {
        assert!(printed.contains(text), "{text} is missing: {printed}");
    }
    assert!(
        outcome.starts_with("# Operator Push Succeeded: {"),
        "{outcome}"
    );
    assert!(
        again.contains(r#""repo":"larder-operator-mirrored","version":"2.0.0""#),
        "{again}"
    );
    let csv = "larder-operator.v0.5.1.clusterserviceversion.yaml";
    let pulled = fs::read(folder.path().join("bundle/manifests").join(csv));
    assert!(
        pulled.expect("it was pulled")
            == Operator::larder().file(&format!("0.5.1/{csv}")).as_bytes()
    );
}

#[test]
fn the_printed_commands_push_to_an_app_registry_if_that_is_asked_for() {
    let Trial {
        folder,
        printed,
        outcome,
        again,
    } = try_twice(&["--app-registry"]);

    for organization in ["testorg", "rules", "public"] {
        let receipt = format!(r#""organization":"{organization}","repo":"larder-operator"#);
        assert!(printed.contains(&receipt), "{printed}");
    }
    for text in [
        r#""greenwave":{"details":"It works!","ok":true}"#,
        r#"{"upload":""#,
        r#""nvr":"larder-operator-container-v0.5.1-1""#,
        r#""error":"KojiNotAnOperatorImage""#,
        r#""error":"GreenwaveUnsatisfiedError""#,
        r#""deleted":["1.0.0"]"#,
        r#""deleted":["2.0.0"]"#,
        r#""visibility":"public""#,
    ] {
        assert!(printed.contains(text), "{text} is missing: {printed}");
    }
    assert!(
        outcome.starts_with(
            "# Operator Push Succeeded: {\"asked\":{\"organization\":\"testorg\",\"s3\":{"
        ),
        "{outcome}"
    );
    // After the first run only these two repositories have releases.
    assert!(
        again.contains(r#""repo":"larder-operator-mirrored","version":"2.0.0""#),
        "{again}"
    );
    let sample = Operator::larder();
    for path in sample.paths() {
        let pulled = fs::read(folder.path().join("larder-operator").join(path));
        assert!(
            pulled.expect("it was pulled") == sample.file(path).as_bytes(),
            "{path}"
        );
    }
    assert!(
        folder
            .path()
            .join("quay/public/larder-operator/2.0.0.tar.gz")
            .exists()
    );
}

#[test]
fn a_failed_start_of_the_sandbox_is_reported_in_one_line() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = taken.local_addr().expect("an address").to_string();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("file");
    fs::write(&file, "").expect("the folder can be written to");
    let (folder, file) = (shown(folder.path()), shown(&file));
    let free = "127.0.0.1:0";
    for (arguments, code, message) in [
        (
            vec!["--listen", &taken],
            1,
            format!("cannot listen on {taken}"),
        ),
        (
            vec!["--listen", free, "--quay", &taken],
            1,
            format!("cannot listen on {taken}"),
        ),
        (
            vec!["--listen", free, "--quay", free, "--koji", &taken],
            1,
            format!("cannot listen on {taken}"),
        ),
        (
            vec![
                "--listen",
                free,
                "--quay",
                free,
                "--koji",
                free,
                "--greenwave",
                &taken,
            ],
            1,
            format!("cannot listen on {taken}"),
        ),
        (
            vec!["--listen", free, "--quay", free, "--folder", &file],
            1,
            format!("cannot use the folder {file}"),
        ),
        (vec!["--listen", "here"], 2, "\"here\"".to_owned()),
        (vec!["--nonsense"], 2, "--nonsense".to_owned()),
    ] {
        let arguments = [vec!["--folder", &folder], arguments].concat();

        let output = run(SANDBOX, &arguments);

        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{error}");
        assert!(error.contains(&message), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn help_names_every_option() {
    let output = run(SANDBOX, &["--help"]);

    assert!(output.status.success());
    let help = String::from_utf8_lossy(&output.stdout);
    for option in [
        "--listen",
        "--quay",
        "--koji",
        "--greenwave",
        "--folder",
        "--help",
    ] {
        assert!(help.contains(option), "{help}");
    }
}

/// Starts the sandbox on free ports, and returns the commands that it prints.
fn start(folder: &TempDir, more: &[&str]) -> (Child, BufReader<ChildStdout>, String) {
    let mut sandbox = Command::new(SANDBOX)
        .args(
            ["--listen", "--quay", "--koji", "--greenwave"]
                .into_iter()
                .flat_map(|option| [option, "127.0.0.1:0"]),
        )
        .arg("--folder")
        .arg(folder.path())
        .args(more)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the sandbox starts");
    let mut commands = String::new();
    let mut printed = BufReader::new(sandbox.stdout.take().expect("its output"));
    while !commands.contains("# In a browser: ") {
        let read = printed.read_line(&mut commands).expect("text");
        assert_ne!(read, 0, "the sandbox ended: {commands}");
    }
    (sandbox, printed, commands)
}

fn run(program: &str, arguments: &[&str]) -> Output {
    Command::new(program)
        .args(arguments)
        .output()
        .expect("the program runs")
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

//! Every benchmark of `make bench` runs: what nobody runs for a while stops working unseen. The figures mean nothing here.

use std::process::Command;

fn bench(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_bench"))
        .args(["--quick", "--users", "64", "--connections", "2"])
        .args(arguments)
        .output()
        .unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    out.into_owned()
}

fn rows_of(engine: &str) {
    let out = bench(&["--engine", engine, "--no-file"]);
    let calls =
        ["getAccountInfo", "clientDB get by key", "refreshToken", "login hmac-sha256", "createCaptcha", "registerUser", "login argon2id"];
    let sealed = ["echo 1 KiB sealed", "echo 64 KiB sealed", "own login sealed", "own getAccountInfo sealed"];
    for name in calls.iter().chain(&sealed) {
        assert!(out.lines().any(|line| line.starts_with(name) && line.contains(engine)), "no row {name} in\n{out}");
    }
}

#[test]
fn every_benchmark_runs_on_sqlite() {
    rows_of("sqlite");
}

#[test]
fn every_benchmark_runs_on_postgres() {
    rows_of("postgres");
}

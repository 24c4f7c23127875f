//! Programs that qscale is compared with, as far as this machine has them or can build them.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::report::Report;
use crate::server::SERVERS;
use crate::{Result, is_on_path};

/// Folder in which peers are built; later runs need no network.
const CACHE: &str = env!("CARGO_TARGET_TMPDIR");
/// Folder of the peers' sources.
pub(crate) const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/peers");

pub(crate) struct Peers {
    /// go-redis as a Go programmer would use it, and asynq.
    pub(crate) go: Option<PathBuf>,
    /// Folder of a Node program with BullMQ.
    pub(crate) node: Option<PathBuf>,
    /// Python with Celery.
    pub(crate) celery: Option<PathBuf>,
    pub(crate) benchmark: Option<&'static str>,
    pub(crate) cli: Option<&'static str>,
    /// A load generator for HTTP, from `cargo install oha`.
    pub(crate) oha: Option<&'static str>,
}

impl Peers {
    pub(crate) fn find(report: &mut Report) -> Self {
        let mut first = |programs: &[&'static str]| {
            let found = programs.iter().copied().find(|program| is_on_path(program));
            if found.is_none() {
                report.miss(format!("{}: not on the path", programs.join(" and ")));
            }
            found
        };
        let benchmark = first(&["valkey-benchmark", "redis-benchmark"]);
        let cli = first(&["valkey-cli", "redis-cli"]);
        let oha = first(&["oha"]);
        let mut built = |name: &str, built: Result<PathBuf>| match built {
            Ok(path) => Some(path),
            Err(error) => {
                report.miss(format!("{name}: {error}"));
                None
            }
        };
        let (go, node, celery) = (built("go-redis, asynq", go()), built("BullMQ", node()), built("Celery", celery()));
        Self { go, node, celery, benchmark, cli, oha }
    }
}

fn go() -> Result<PathBuf> {
    let program = Path::new(CACHE).join("peers-go");
    let mut build = Command::new("go");
    build.args(["build", "-buildvcs=false", "-o"]).arg(&program).arg(".").current_dir(Path::new(SOURCES).join("go"));
    succeed(&mut build)?;
    Ok(program)
}

fn node() -> Result<PathBuf> {
    let folder = Path::new(CACHE).join("peers-node");
    std::fs::create_dir_all(&folder)?;
    for file in ["package.json", "package-lock.json", "bullmq.mjs"] {
        std::fs::copy(Path::new(SOURCES).join("node").join(file), folder.join(file))?;
    }
    if !folder.join("node_modules/bullmq").exists() {
        succeed(Command::new("npm").args(["ci", "--silent", "--no-audit", "--no-fund"]).current_dir(&folder))?;
    }
    Ok(folder)
}

fn celery() -> Result<PathBuf> {
    let folder = Path::new(CACHE).join("peers-python");
    let python = folder.join("bin/python");
    if !folder.join("bin/celery").exists() {
        succeed(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
        let requirements = Path::new(SOURCES).join("python/requirements.txt");
        succeed(Command::new(&python).args(["-m", "pip", "--quiet", "install", "--requirement"]).arg(requirements))?;
    }
    Ok(python)
}

/// Versions of `qscale`, of the server and of the peers that are installed.
pub(crate) fn versions(qscale: &Path) -> Vec<String> {
    let said = |program: &str, argument: &str| {
        let output = Command::new(program).arg(argument).output().ok()?;
        String::from_utf8_lossy(&output.stdout).lines().next().map(str::to_owned)
    };
    let mut versions = Vec::new();
    versions.extend(said(&qscale.display().to_string(), "--version"));
    for server in SERVERS {
        // `Redis server v=7.0.15 sha=…`
        let line = said(server, "--version").unwrap_or_default();
        if let Some(version) = line.split(' ').find_map(|word| word.strip_prefix("v=")) {
            versions.push(format!("{server} {version}"));
            break;
        }
    }
    if let Some(line) = said("go", "version") {
        versions
            .extend(line.split(' ').find(|word| word.starts_with("go1")).map(|version| version.replace("go", "Go ")));
        let required =
            include_str!("../peers/go/go.mod").lines().map(str::trim).filter(|line| !line.ends_with("indirect"));
        let named = required.filter_map(|line| line.strip_prefix("github.com/")?.split_once(" v"));
        versions.extend(named.map(|(module, version)| {
            // The major version at the end of a path is not its name.
            let name = module.split('/').nth(1).unwrap_or(module);
            format!("{name} {version}")
        }));
    }
    if let Some(line) = said("python3", "--version") {
        versions.push(line);
        let required =
            include_str!("../peers/python/requirements.txt").lines().filter_map(|line| line.split_once("=="));
        versions
            .extend(required.map(|(name, version)| format!("{} {version}", name.split('[').next().unwrap_or(name))));
    }
    if let Some(version) = said("node", "--version") {
        versions.push(format!("Node {}", version.trim_start_matches('v')));
        let package: serde_json::Value =
            serde_json::from_str(include_str!("../peers/node/package.json")).unwrap_or_default();
        let packages = package["dependencies"].as_object().into_iter().flatten();
        versions.extend(packages.map(|(name, version)| format!("{name} {}", version.as_str().unwrap_or_default())));
    }
    versions.extend(said("oha", "--version"));
    versions
}

fn succeed(command: &mut Command) -> Result<()> {
    let program = command.get_program().display().to_string();
    let output = command.stdin(Stdio::null()).output().map_err(|error| format!("{program}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{program} ended with {}: {}", output.status, said.lines().last().unwrap_or_default()).into())
}

//! A server of its own, that a test may stop and start.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    os::unix::fs::{PermissionsExt, chown},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

/// A cluster in a temporary folder. The server ends with this value, or when the process dies.
pub struct Cluster {
    folder: TempDir,
    /// The user and group PostgreSQL runs as: it refuses to run as root.
    owner: Option<(u32, u32)>,
    port: u16,
    server: Option<Child>,
}

impl Cluster {
    /// Makes a cluster and starts its server, with lines added to its configuration.
    pub fn start(configuration: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let owner = is_root().then(postgres_user);
        let mut cluster = Self { folder, owner, port: 0, server: None };
        cluster.give_to_owner(cluster.folder.path());
        let initialised = cluster
            .command("initdb")
            .args(["-U", "lingpai", "-A", "trust", "-E", "UTF8", "--locale=C", "-D"])
            .arg(cluster.data())
            .output()
            .expect("initdb runs");
        assert!(initialised.status.success(), "{}", String::from_utf8_lossy(&initialised.stderr));
        let mut file = fs::OpenOptions::new().append(true).open(cluster.data().join("postgresql.conf")).expect("the configuration");
        write!(file, "listen_addresses = '127.0.0.1'\nunix_socket_directories = ''\n{configuration}\n")
            .expect("the configuration is written");
        for port in ports() {
            cluster.port = port;
            match cluster.try_to_start() {
                Ok(()) => return cluster,
                Err(said) if said.contains("Address already in use") => {}
                Err(said) => panic!("the server did not start: {said}"),
            }
        }
        panic!("no port is free");
    }

    /// Starts the server after [`Cluster::stop`], and returns when it takes connections.
    pub fn start_again(&mut self) {
        self.try_to_start().unwrap_or_else(|said| panic!("the server did not start: {said}"));
    }

    /// `Err`: what it logged before it gave up.
    fn try_to_start(&mut self) -> Result<(), String> {
        let mut server = self
            .command("postgres")
            .arg("-D")
            .arg(self.data())
            .args(["-p", &self.port.to_string()])
            .stderr(Stdio::piped())
            .spawn()
            .expect("postgres runs");
        let mut log = BufReader::new(server.stderr.take().expect("the log")).lines().map_while(Result::ok);
        let mut said = Vec::new();
        for line in log.by_ref() {
            if line.contains("database system is ready to accept connections") {
                // Read on, or the server would wait for somebody to read its log.
                std::thread::spawn(move || log.for_each(drop));
                self.server = Some(server);
                return Ok(());
            }
            said.push(line);
        }
        drop(server.wait());
        Err(said.join("\n"))
    }

    /// Stops the server, connections or not, and returns when it has ended.
    pub fn stop(&mut self) {
        let Some(mut server) = self.server.take() else { return };
        let stopped = self.command("pg_ctl").args(["stop", "-w", "-m", "fast", "-D"]).arg(self.data()).output().expect("pg_ctl runs");
        assert!(stopped.status.success(), "{}", String::from_utf8_lossy(&stopped.stderr));
        server.wait().expect("the server has ended");
    }

    /// Where the server keeps its files.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Writes a file into the data folder that only the server may read.
    pub fn write_private(&self, name: &str, text: &str) {
        let path = self.data().join(name);
        fs::write(&path, text).expect("the file is written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("the file is made private");
        self.give_to_owner(&path);
    }

    /// An administrator's URL.
    pub fn url(&self) -> String {
        format!("postgres://lingpai@127.0.0.1:{}/postgres", self.port)
    }

    fn command(&self, tool: &str) -> Command {
        let mut command = match self.owner {
            Some((user, group)) => {
                let mut command = Command::new("setpriv");
                command.args([format!("--reuid={user}"), format!("--regid={group}"), "--clear-groups".into()]);
                command.arg("--").arg(find(tool));
                command
            }
            None => Command::new(find(tool)),
        };
        command.current_dir(self.folder.path()).stdin(Stdio::null()).stdout(Stdio::null());
        command
    }

    fn give_to_owner(&self, path: &Path) {
        if let Some((user, group)) = self.owner {
            chown(path, Some(user), Some(group)).expect("the file changes hands");
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(mut server) = self.server.take() {
            let stopped = self.command("pg_ctl").args(["stop", "-w", "-m", "immediate", "-D"]).arg(self.data()).status();
            if !stopped.is_ok_and(|status| status.success()) {
                // Its children see that it is gone and end too. A second failure cannot be helped here.
                drop(server.kill());
            }
            drop(server.wait());
        }
    }
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    // A process owns its own folder in /proc.
    fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

/// User and group of `postgres` in /etc/passwd.
fn postgres_user() -> (u32, u32) {
    let users = fs::read_to_string("/etc/passwd").expect("the list of users");
    let line = users.lines().find(|line| line.starts_with("postgres:")).expect("the user postgres, because root may not run a server");
    let mut fields = line.split(':').skip(2).map(|field| field.parse().expect("a number"));
    (fields.next().expect("a user's number"), fields.next().expect("a group's number"))
}

/// A program of PostgreSQL; Debian keeps them outside PATH.
fn find(tool: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    for root in ["/usr/lib/postgresql", "/opt/homebrew/opt"] {
        let versions = fs::read_dir(root).into_iter().flatten().flatten();
        folders.extend(versions.map(|version| version.path().join("bin")));
    }
    let found = folders.into_iter().map(|folder| folder.join(tool)).find(|path| path.is_file());
    found.unwrap_or_else(|| panic!("{tool} was not found: run `make test`, which installs PostgreSQL"))
}

/// Ports to try: below those that the system gives to outgoing connections, one of which might take it while the server is
/// stopped. Each process begins elsewhere.
fn ports() -> impl Iterator<Item = u16> {
    const FIRST: u32 = 20_000;
    const COUNT: u32 = 12_000;
    let start = std::process::id().wrapping_mul(37);
    (0..50u32).filter_map(move |number| u16::try_from(FIRST + start.wrapping_add(number) % COUNT).ok())
}

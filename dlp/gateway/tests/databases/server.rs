//! Servers as Debian packages them, and their own clients.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A server that ends with the test.
pub(crate) struct Server {
    process: Child,
    pub(crate) port: u16,
    folder: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        // As root the process is runuser, which ends when the server, its child, does.
        let own = self.process.id().to_string();
        let _ = Command::new("pkill").args(["-TERM", "-P", &own]).status();
        let _ = Command::new("kill").args(["-TERM", &own]).status();
        let end = Instant::now() + Duration::from_secs(20);
        while self.process.try_wait().is_ok_and(|ended| ended.is_none()) && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(50));
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("has a free port").port()
}

/// The newest program of that name among those a Debian package installs.
fn program(name: &str) -> Option<PathBuf> {
    let mut places: Vec<PathBuf> = vec!["/usr/bin".into(), "/usr/sbin".into()];
    if let Ok(versions) = std::fs::read_dir("/usr/lib/postgresql") {
        let mut versions: Vec<PathBuf> = versions.flatten().map(|version| version.path().join("bin")).collect();
        versions.sort();
        places.extend(versions.into_iter().rev());
    }
    places.into_iter().map(|place| place.join(name)).find(|path| path.exists())
}

/// A command as the user a server runs under: servers refuse to run as root.
fn as_user(user: &str, program: &Path) -> Command {
    let root = std::fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
    if !root {
        return Command::new(program);
    }
    let mut command = Command::new("runuser");
    command.args(["-u", user, "--"]).arg(program);
    command
}

fn folder_of(user: &str) -> tempfile::TempDir {
    let folder = tempfile::Builder::new().prefix("fengsui-db").tempdir_in("/tmp").expect("makes a folder");
    let _ = Command::new("chown").args([user, &folder.path().to_string_lossy()]).status();
    folder
}

/// Makes the certificates that further arguments speak of, and adds the arguments.
fn prepare(arguments: &[&str], folder: &tempfile::TempDir, user: &str, command: &mut Command) {
    if !arguments.is_empty() {
        super::tls::certificates(folder.path(), user);
    }
    command.args(arguments.iter().map(|argument| argument.replace("{}", &folder.path().to_string_lossy())));
}

pub(crate) fn run(command: &mut Command) {
    let output = command.output().expect("starts");
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

fn await_port(port: u16) {
    let end = Instant::now() + Duration::from_secs(120);
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(Instant::now() < end, "the server does not listen");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// PostgreSQL with further arguments, of which `{}` is the folder of the server.
pub(crate) fn postgres(arguments: &[&str]) -> Option<Server> {
    let (Some(initdb), Some(server)) = (program("initdb"), program("postgres")) else {
        println!("PostgreSQL is not installed (apt-get install postgresql); its tests are skipped");
        return None;
    };
    let (folder, port) = (folder_of("postgres"), free_port());
    let data = folder.path().join("data");
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "s3cret pa/ss@\n").expect("writes");
    let data_text = data.to_string_lossy().into_owned();
    run(as_user("postgres", &initdb)
        .args(["-D", &data_text, "-U", "steward", "-A", "scram-sha-256", "-E", "UTF8", "--no-sync"])
        .args(["--locale", "C", "--pwfile", &secret.to_string_lossy()])
        .current_dir("/tmp"));
    let mut command = as_user("postgres", &server);
    prepare(arguments, &folder, "postgres", &mut command);
    command.args(["-D", &data_text, "-h", "127.0.0.1", "-p", &port.to_string(), "-k", &data_text, "-c", "fsync=off"]);
    let process = command.current_dir("/tmp").stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("starts");
    await_port(port);
    Some(Server { process, port, folder })
}

impl Server {
    pub(crate) fn address(&self, kind: &str, path: &str) -> String {
        format!("{kind}://steward:s3cret%20pa%2Fss%40@127.0.0.1:{}/{path}", self.port)
    }

    pub(crate) fn psql(&self, sql: &str) -> String {
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            let mut command = Command::new(program("psql").expect("comes with the server"));
            command.args([
                "-h",
                "127.0.0.1",
                "-p",
                &self.port.to_string(),
                "-U",
                "steward",
                "-d",
                "postgres",
                "-Atq",
                "-v",
                "ON_ERROR_STOP=1",
            ]);
            command.stdin(self.statements(sql));
            let output = command.env("PGPASSWORD", "s3cret pa/ss@").output().expect("starts");
            if output.status.success() {
                return String::from_utf8(output.stdout).expect("is text");
            }
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(said.contains("starting up") && Instant::now() < end, "{said}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

/// MariaDB with further arguments, of which `{}` is the folder of the server.
pub(crate) fn mariadb(arguments: &[&str]) -> Option<Server> {
    let (Some(install), Some(server)) = (program("mariadb-install-db"), program("mariadbd")) else {
        println!("MariaDB is not installed (apt-get install mariadb-server); its tests are skipped");
        return None;
    };
    let (folder, port) = (folder_of("mysql"), free_port());
    let data = format!("--datadir={}", folder.path().join("data").display());
    run(as_user("mysql", &install).args([
        "--no-defaults",
        &data,
        "--auth-root-authentication-method=normal",
        "--skip-test-db",
    ]));
    let init = folder.path().join("init.sql");
    std::fs::write(&init, "CREATE DATABASE people CHARACTER SET utf8mb4;\nCREATE DATABASE shared;\nCREATE USER steward@'%' IDENTIFIED BY 's3cret pa/ss@';\nGRANT ALL ON *.* TO steward@'%';\n").expect("writes");
    let socket = format!("--socket={}", folder.path().join("socket").display());
    let mut command = as_user("mysql", &server);
    command.arg("--no-defaults");
    prepare(arguments, &folder, "mysql", &mut command);
    command.args([&data, &socket, "--bind-address=127.0.0.1", "--innodb-flush-log-at-trx-commit=0"]);
    command.args([
        format!("--port={port}"),
        format!("--init-file={}", init.display()),
        format!("--pid-file={}", folder.path().join("pid").display()),
    ]);
    let process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("starts");
    await_port(port);
    Some(Server { process, port, folder })
}

impl Server {
    pub(crate) fn mysql(&self, sql: &str) -> String {
        let mut command = Command::new(program("mariadb").expect("comes with the server"));
        command.args([
            "--no-defaults",
            "-h",
            "127.0.0.1",
            "-u",
            "steward",
            "-ps3cret pa/ss@",
            "-N",
            "--default-character-set=utf8mb4",
        ]);
        command.stdin(self.statements(sql));
        let output = command.arg(format!("-P{}", self.port)).output().expect("starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("is text")
    }

    /// Statements as the input of a client: they are too long for its arguments.
    fn statements(&self, sql: &str) -> std::fs::File {
        std::fs::write(self.path("statements.sql"), format!("{sql};\n")).expect("writes");
        std::fs::File::open(self.path("statements.sql")).expect("opens")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

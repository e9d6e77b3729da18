//! Every test of this program on a real PostgreSQL server, started here and gone afterwards.
//!
//! This program starts itself once more with the address of the server; whatever starts a console then gets a database of
//! its own there, copied from one whose schema is up to date. No list says which tests: it is all of them but this one.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, Connection, PgConnection};

/// How long the server may take to answer; a slow machine takes seconds.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server in a folder of its own.
struct Server {
    process: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

/// The variable that tells the tests the port of the server.
const PORT: &str = "FENGSUI_TEST_POSTGRES";
/// The database that is copied for every console.
const TEMPLATE: &str = "up_to_date";
/// Tests at a time: most of them wait for a round of the relay or for the server now and then.
const AT_ONCE: &str = "4";

static DATABASES: AtomicU32 = AtomicU32::new(0);

/// A database of the server where the tests run on one.
pub async fn fresh_database() -> Option<String> {
    let port = std::env::var(PORT).ok()?.parse().expect("is a port");
    let name = format!("test{}", DATABASES.fetch_add(1, Ordering::SeqCst));
    run(port, &format!("CREATE DATABASE {name} TEMPLATE {TEMPLATE}")).await;
    Some(address(port, &name))
}

/// Runs a statement beside the databases of the tests.
async fn run(port: u16, sql: &str) {
    let mut connection = PgConnection::connect(&address(port, "postgres")).await.expect("the server answers");
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.expect("is done");
}

fn address(port: u16, database: &str) -> String {
    format!("postgres://postgres@127.0.0.1:{port}/{database}")
}

/// Folder of the newest server's programs.
fn programs() -> PathBuf {
    let versions =
        std::fs::read_dir("/usr/lib/postgresql").expect("PostgreSQL is there: tests/harness/install.sh test");
    let mut found: Vec<PathBuf> = versions.filter_map(|entry| Some(entry.ok()?.path().join("bin"))).collect();
    found.sort();
    found.pop().expect("a version of PostgreSQL is there")
}

/// A command as somebody the server accepts: it refuses to run as root.
fn as_servant(program: &Path) -> Command {
    let root = std::fs::metadata("/proc/self").is_ok_and(|of| std::os::unix::fs::MetadataExt::uid(&of) == 0);
    if !root {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--init-groups"]).arg(program);
    command
}

impl Server {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("makes a folder");
        std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o777)).expect("opens it");
        let data = folder.path().join("data");
        let made = as_servant(&programs().join("initdb"))
            .args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-sync", "--pgdata"])
            .arg(&data)
            .output()
            .expect("runs initdb");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("binds").port();
        let process = as_servant(&programs().join("postgres"))
            .args(["-h", "127.0.0.1", "-p", &port.to_string(), "-c", "fsync=off", "-c", "max_connections=200"])
            .args(["-c", &format!("unix_socket_directories={}", folder.path().display())])
            .arg("-D")
            .arg(&data)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("starts the server");
        Self { process, port, _folder: folder }
    }

    fn wait(&self) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("makes a runtime");
        let started = Instant::now();
        while runtime.block_on(PgConnection::connect(&address(self.port, "postgres"))).is_err() {
            assert!(started.elapsed() < PATIENCE, "the server does not answer");
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // SIGINT: the server stops at once and rolls back what is open.
        let _ = Command::new("kill").args(["-INT", &self.process.id().to_string()]).status();
        let _ = self.process.wait();
    }
}

/// Makes the database that every console gets a copy of. Nobody may be connected to it while it is copied.
async fn make_template(port: u16) {
    run(port, &format!("CREATE DATABASE {TEMPLATE}")).await;
    drop(crate::support::open_at(address(port, TEMPLATE)).await);
    run(port, &format!("ALTER DATABASE {TEMPLATE} ALLOW_CONNECTIONS false")).await;
    run(port, &format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{TEMPLATE}'")).await;
}

/// How many databases of tests the server has.
async fn databases(port: u16) -> i64 {
    let mut connection = PgConnection::connect(&address(port, "postgres")).await.expect("the server answers");
    let sql = "SELECT COUNT(*) FROM pg_database WHERE datname LIKE 'test%'";
    sqlx::query_scalar(sql).fetch_one(&mut connection).await.expect("counts")
}

/// The number before a word of the line in which libtest sums up.
fn counted(output: &str, word: &str) -> usize {
    let sums = output.lines().rev().find(|line| line.starts_with("test result:")).expect("it sums up");
    let part = sums.split([';', '.']).map(str::trim).find(|part| part.ends_with(word)).expect("it counts them");
    part.split(' ').next().and_then(|number| number.parse().ok()).expect("is a number")
}

#[test]
fn everything_runs_on_postgresql() {
    let server = Server::start();
    server.wait();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("makes a runtime");
    runtime.block_on(make_template(server.port));
    let tests = Command::new(std::env::current_exe().expect("this program has a file"))
        .args(["--test-threads", AT_ONCE, "--skip", "postgres::everything_runs_on_postgresql"])
        .env(PORT, server.port.to_string())
        .output()
        .expect("starts itself");
    let output = String::from_utf8_lossy(&tests.stdout);
    let errors = String::from_utf8_lossy(&tests.stderr);
    assert!(tests.status.success(), "{output}\n{errors}");
    let (passed, left_out) = (counted(&output, "passed"), counted(&output, "filtered out"));
    let databases = runtime.block_on(databases(server.port));
    println!("{passed} tests passed on {databases} databases of a PostgreSQL server");
    assert_eq!((left_out, counted(&output, "ignored")), (1, 0), "only this test is left out");
    assert!(usize::try_from(databases).is_ok_and(|made| made > passed / 2), "{databases} databases for {passed} tests");
}

//! The same tests on a real PostgreSQL server, started here and gone afterwards.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
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

static SERVER: OnceLock<u16> = OnceLock::new();
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// A database of the server when this process runs one.
pub async fn fresh_database() -> Option<String> {
    let port = SERVER.get()?;
    let name = format!("test{}", DATABASES.fetch_add(1, Ordering::SeqCst));
    let mut connection = PgConnection::connect(&address(*port, "postgres")).await.expect("the server answers");
    sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut connection).await.expect("makes one");
    Some(address(*port, &name))
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

#[test]
fn everything_runs_on_postgresql() {
    let server = Server::start();
    server.wait();
    SERVER.set(server.port).expect("is the first");
    for (name, test) in SCENARIOS {
        println!("{name}");
        test();
    }
}

macro_rules! scenarios {
    ($($module:ident :: $name:ident),* $(,)?) => {
        /// Every test that needs nothing of SQLite.
        const SCENARIOS: &[(&str, fn())] = &[$((stringify!($name), crate::$module::$name)),*];
    };
}

scenarios![
    story::an_alert_becomes_a_task_that_is_done,
    story::many_alerts_close_at_once_and_come_back,
    queue::totals_follow_every_act,
    queue::a_group_is_read_alert_by_alert,
    queue::a_search_finds_what_texts_hold,
    story::a_prefecture_divides_urges_and_judges_what_its_counties_do,
    analyst::suppressed_alerts_are_kept_and_stay_out_of_the_queue,
    analyst::a_suppression_ends_by_itself,
    analyst::views_are_the_own_or_shared_within_the_unit,
    analyst::a_shift_hands_over_to_somebody_else,
    analyst::an_entity_shows_what_the_scope_allows,
    analyst::exports_hold_no_formulas_and_are_on_record,
    analyst::a_drill_is_scored_by_technique,
    steward::a_steward_regrades_and_enters_an_asset,
    steward::a_policy_needs_two_people_and_the_preview_uses_it,
    steward::a_share_is_approved_released_downloaded_and_traced,
    factors::one_time_codes_work_once_and_recovery_codes_too,
    factors::wrong_codes_lock_the_account,
    factors::an_sm2_key_signs_a_fresh_challenge_once,
    factors::another_role_ends_the_session_and_classes_stay_apart,
    injection::hostile_texts_stay_texts_in_every_answer_and_document,
    security::every_role_gets_what_the_matrix_says,
    security::nothing_leaks_between_units,
    security::foreign_pages_and_dead_sessions_change_nothing,
    security::accounts_need_two_administrators_and_die_at_once,
    settings::an_ordinary_setting_takes_effect_and_comes_back,
    settings::what_guards_the_login_needs_the_security_administrator,
    settings::sessions_follow_their_settings,
    settings::notifications_follow_their_settings,
    warnings::steps_of_a_playbook_are_kept_and_audited,
    warnings::a_grave_warning_needs_two_persons,
    warnings::warned_units_see_it_and_give_receipts,
    warnings::notifications_are_there_until_it_is_done,
];

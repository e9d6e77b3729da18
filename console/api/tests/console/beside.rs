//! The database of a console for somebody who gets at it beside the console: an insider, or a test that looks.

use sqlx::postgres::PgConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Row as _};

/// A connection of its own.
pub enum Beside {
    File(SqliteConnection),
    Server(PgConnection),
}

impl Beside {
    pub async fn open(database: &str) -> Self {
        if database.contains("://") {
            return Self::Server(PgConnection::connect(database).await.expect("the server answers"));
        }
        let options = SqliteConnectOptions::new().filename(database).synchronous(SqliteSynchronous::Off);
        Self::File(options.connect().await.expect("opens"))
    }

    /// Runs one statement or several.
    pub async fn run(&mut self, sql: &str) -> Result<(), sqlx::Error> {
        let sql = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
        match self {
            Self::File(file) => sql.execute(file).await.map(drop),
            Self::Server(server) => sql.execute(server).await.map(drop),
        }
    }

    /// The rows of a statement whose columns are all text.
    pub async fn texts(&mut self, sql: &str) -> Vec<Vec<String>> {
        let sql = AssertSqlSafe(sql.to_owned());
        match self {
            Self::File(file) => {
                let rows = sqlx::query(sql).fetch_all(file).await.expect("reads");
                rows.iter().map(|row| (0..row.len()).map(|at| row.get(at)).collect()).collect()
            }
            Self::Server(server) => {
                let rows = sqlx::query(sql).fetch_all(server).await.expect("reads");
                rows.iter().map(|row| (0..row.len()).map(|at| row.get(at)).collect()).collect()
            }
        }
    }
}

//! MySQL and MariaDB. Rows are read as text in one snapshot and written with inserts of many rows; a target is made
//! under another name and renamed when it is whole.

use std::time::Duration;

use fengsui_dlp_engine::cells::{CellKind, Cells};
use mysql_async::prelude::{Query, Queryable};
use mysql_async::{Conn, DriverError, Error, OptsBuilder, Params, Row, SslOpts, TextProtocol, Value};
use tokio::runtime::Runtime;

use super::postgres::fits;
use super::{DatabaseAddress, TableName, TlsMode, in_the_clear, runtime};
use crate::table::{Batch, Field, FieldKind, Head, Native, OutField, Sink, Source};
use crate::{GatewayError, limits};

/// A connection with the runtime that drives it.
struct Session {
    address: String,
    connection: Conn,
    runtime: Runtime,
}

impl Session {
    fn open(address: &DatabaseAddress) -> Result<Self, GatewayError> {
        let runtime = runtime(address)?;
        let options = OptsBuilder::default()
            .ip_or_hostname(address.host.clone())
            .tcp_port(address.port)
            .user(Some(address.user.clone()))
            .pass(address.password.as_ref().map(|password| password.expose().clone()))
            .db_name(Some(address.database.clone()))
            .prefer_socket(false);
        let connection = runtime.block_on(connected(options, address))?;
        Ok(Self { address: address.to_string(), connection, runtime })
    }

    fn failed(&self) -> impl Fn(mysql_async::Error) -> GatewayError + use<> {
        let address = self.address.clone();
        move |error| GatewayError::Database { address: address.clone(), reason: error.to_string() }
    }

    fn execute(&mut self, sql: &str) -> Result<(), GatewayError> {
        let failed = self.failed();
        self.runtime.block_on(self.connection.query_drop(sql)).map_err(failed)
    }

    fn rows(&mut self, sql: &str, params: Vec<Value>) -> Result<Vec<Row>, GatewayError> {
        let failed = self.failed();
        self.runtime.block_on(self.connection.exec(sql, Params::Positional(params))).map_err(failed)
    }
}

/// Connects as the address asks. A connection that may go without TLS does so only where the server says that it speaks none.
async fn connected(options: OptsBuilder, address: &DatabaseAddress) -> Result<Conn, GatewayError> {
    let mode = address.tls.mode();
    if mode != TlsMode::Disable {
        match connection(options.clone().ssl_opts(secured(address)?), address).await? {
            Err(Error::Driver(DriverError::NoClientSslFlagFromServer)) if mode == TlsMode::Prefer => {
                in_the_clear(address);
            }
            connected => return connected.map_err(|error| address.failed(error)),
        }
    }
    connection(options, address).await?.map_err(|error| address.failed(error))
}

async fn connection(options: OptsBuilder, address: &DatabaseAddress) -> Result<Result<Conn, Error>, GatewayError> {
    let limit = Duration::from_secs(limits::CONNECT_SECONDS);
    let connected = tokio::time::timeout(limit, Conn::new(options)).await;
    connected.map_err(|_| address.failed(format!("no answer within {} seconds", limits::CONNECT_SECONDS)))
}

/// TLS as the driver knows it: it looks at the name whenever it looks at the certificate, so that `verify-ca` is no less than
/// `verify-full`.
fn secured(address: &DatabaseAddress) -> Result<SslOpts, GatewayError> {
    // The driver takes the provider of the process; whoever came first has set the same one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let verifies = address.tls.verifies();
    let options = SslOpts::default().with_danger_accept_invalid_certs(!verifies);
    match address.tls.root.as_deref().filter(|_| verifies) {
        None => Ok(options),
        Some(root) => {
            let bytes = std::fs::read(root).map_err(|error| GatewayError::io(root, error))?;
            Ok(options.with_root_certs(vec![bytes.into()]).with_disable_built_in_roots(true))
        }
    }
}

fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

fn full_name(table: &TableName) -> String {
    format!("{}.{}", quoted(&table.schema), quoted(&table.name))
}

fn text(row: &Row, index: usize) -> String {
    row.get::<Option<Vec<u8>>, usize>(index)
        .flatten()
        .map_or_else(String::new, |bytes| String::from_utf8_lossy(&bytes).into_owned())
}

pub(super) fn tables(address: &DatabaseAddress) -> Result<Vec<TableName>, GatewayError> {
    const ALL: &str = "SELECT table_schema, table_name FROM information_schema.tables \
        WHERE table_type = 'BASE TABLE' AND table_schema = ? ORDER BY 1, 2";
    let named = address.table.is_some().then(|| address.table_name()).transpose()?;
    let schema = named.as_ref().map_or(&address.database, |table| &table.schema);
    let rows = Session::open(address)?.rows(ALL, vec![Value::from(schema.as_str())])?;
    let tables = rows.iter().map(|row| TableName { schema: text(row, 0), name: text(row, 1) });
    Ok(tables.filter(|table| named.as_ref().is_none_or(|named| named == table)).collect())
}

/// Reads a table in one snapshot, row by row.
pub(super) struct MysqlSource {
    address: String,
    head: Option<Head>,
    kinds: Vec<FieldKind>,
    rows: mysql_async::QueryResult<'static, 'static, TextProtocol>,
    runtime: Runtime,
}

impl MysqlSource {
    pub(super) fn open(
        address: &DatabaseAddress,
        table: &TableName,
        sample: Option<u64>,
    ) -> Result<Self, GatewayError> {
        let mut session = Session::open(address)?;
        session.execute("SET NAMES utf8mb4")?;
        session.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")?;
        session.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")?;
        let fields = fields(&mut session, table)?;
        let rows = estimate(&mut session, table)?;
        let columns: Vec<String> = fields.iter().map(|field| quoted(&field.name)).collect();
        let part = match (sample, rows) {
            (Some(sample), Some(rows)) if rows > sample * 2 => {
                format!(" WHERE RAND() < {:.9} LIMIT {sample}", sample as f64 * 1.2 / rows as f64)
            }
            (Some(sample), _) => format!(" LIMIT {sample}"),
            (None, _) => String::new(),
        };
        let query = format!("SELECT {} FROM {}{part}", columns.join(", "), full_name(table));
        let kinds = fields.iter().map(|field| field.kind).collect();
        let head = Some(Head { name: table.to_string(), fields, rows: rows.filter(|_| sample.is_none()) });
        let failed = session.failed();
        let Session { address, connection, runtime } = session;
        let rows = runtime.block_on(query.run(connection)).map_err(failed)?;
        Ok(Self { address, head, kinds, rows, runtime })
    }
}

fn fields(session: &mut Session, table: &TableName) -> Result<Vec<Field>, GatewayError> {
    const COLUMNS: &str = "SELECT column_name, column_type, data_type, is_nullable, column_key \
        FROM information_schema.columns WHERE table_schema = ? AND table_name = ? ORDER BY ordinal_position";
    let rows = session.rows(COLUMNS, vec![Value::from(table.schema.as_str()), Value::from(table.name.as_str())])?;
    let field = |row: &Row| Field {
        name: text(row, 0),
        kind: kind(&text(row, 2)),
        native: Some(Native::Mysql(text(row, 1))),
        required: text(row, 3) == "NO",
        key: text(row, 4) == "PRI",
    };
    if rows.is_empty() {
        let reason = format!("table {table} does not exist or may not be read");
        return Err(GatewayError::Database { address: session.address.clone(), reason });
    }
    Ok(rows.iter().map(field).collect())
}

fn kind(data_type: &str) -> FieldKind {
    match data_type {
        "tinyint" | "smallint" | "mediumint" | "int" | "bigint" | "decimal" | "float" | "double" => FieldKind::Number,
        "date" | "datetime" | "timestamp" => FieldKind::Date,
        "char" | "varchar" | "tinytext" | "text" | "mediumtext" | "longtext" => FieldKind::Text,
        "json" => FieldKind::Json,
        "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" | "bit" | "geometry" => {
            FieldKind::Binary
        }
        _ => FieldKind::Other,
    }
}

fn estimate(session: &mut Session, table: &TableName) -> Result<Option<u64>, GatewayError> {
    const PLANNED: &str = "SELECT CAST(COALESCE(table_rows, 0) AS UNSIGNED) FROM information_schema.tables \
        WHERE table_schema = ? AND table_name = ?";
    let place = vec![Value::from(table.schema.as_str()), Value::from(table.name.as_str())];
    let planned = session.rows(PLANNED, place)?.first().and_then(|row| row.get::<u64, usize>(0));
    if planned.is_some_and(|rows| rows > 100_000) {
        return Ok(planned);
    }
    // The engine's guess is far off for small tables, which are quickly counted.
    let rows = session.rows(&format!("SELECT COUNT(*) FROM {}", full_name(table)), Vec::new())?;
    Ok(rows.first().and_then(|row| row.get::<u64, usize>(0)))
}

impl Source for MysqlSource {
    fn next_table(&mut self) -> Result<Option<Head>, GatewayError> {
        Ok(self.head.take())
    }

    fn next_batch(&mut self, rows: usize) -> Result<Option<Batch>, GatewayError> {
        let mut batch = Batch::new(self.kinds.len());
        while batch.rows() < rows {
            let next = self.runtime.block_on(self.rows.next());
            let next = next
                .map_err(|error| GatewayError::Database { address: self.address.clone(), reason: error.to_string() })?;
            let Some(row) = next else { break };
            for ((value, kind), column) in row.unwrap_raw().into_iter().zip(&self.kinds).zip(&mut batch.columns) {
                push(column, &value.unwrap_or(Value::NULL), *kind);
            }
        }
        Ok((batch.rows() > 0).then_some(batch))
    }
}

fn push(column: &mut Cells, value: &Value, kind: FieldKind) {
    let (Value::Bytes(bytes), false) = (value, kind == FieldKind::Binary) else { return column.push_missing() };
    let text = String::from_utf8_lossy(bytes);
    column.push(
        &text,
        match kind {
            FieldKind::Number => CellKind::Number,
            FieldKind::Date => CellKind::Date,
            FieldKind::Json => CellKind::Json,
            _ => CellKind::Text,
        },
    );
}

/// Values of one insert: below the protocol's limit of 65,535, and few enough bytes for every server's packet limit.
const INSERT_VALUES: usize = 4_096;

/// Writes a table under another name, which is renamed at the end.
pub(super) struct MysqlSink {
    session: Session,
    target: TableName,
    pending: TableName,
    replace: bool,
    fields: Vec<OutField>,
    left_out: u64,
}

impl MysqlSink {
    pub(super) fn open(address: &DatabaseAddress, replace: bool) -> Result<Self, GatewayError> {
        let target = address.table_name()?;
        let mut session = Session::open(address)?;
        session.execute("SET NAMES utf8mb4")?;
        let pending =
            TableName { schema: target.schema.clone(), name: format!("fengsui_partial_{}", std::process::id()) };
        Ok(Self { session, target, pending, replace, fields: Vec::new(), left_out: 0 })
    }

    fn exists(&mut self) -> Result<bool, GatewayError> {
        const FIND: &str = "SELECT 1 FROM information_schema.tables WHERE table_schema = ? AND table_name = ?";
        let place = vec![Value::from(self.target.schema.as_str()), Value::from(self.target.name.as_str())];
        Ok(!self.session.rows(FIND, place)?.is_empty())
    }

    fn declare(&self) -> String {
        let keyed = self.fields.iter().any(|field| field.field.key)
            && self.fields.iter().filter(|field| field.field.key).all(|field| field.keeps_unique);
        let column = |field: &OutField| format!("{} {} NULL", quoted(&field.field.name), declared(field, keyed));
        let key_column =
            |field: &OutField| format!("{} {} NOT NULL", quoted(&field.field.name), declared(field, keyed));
        let columns =
            self.fields.iter().map(|field| if keyed && field.field.key { key_column(field) } else { column(field) });
        let mut parts: Vec<String> = columns.collect();
        if keyed {
            let keys = self.fields.iter().filter(|field| field.field.key).map(|field| quoted(&field.field.name));
            parts.push(format!("PRIMARY KEY ({})", keys.collect::<Vec<_>>().join(", ")));
        }
        format!("CREATE TABLE {} ({}) DEFAULT CHARACTER SET utf8mb4", full_name(&self.pending), parts.join(", "))
    }

    fn insert(&mut self, rows: usize, values: Vec<Value>) -> Result<(), GatewayError> {
        let names: Vec<String> = self.fields.iter().map(|field| quoted(&field.field.name)).collect();
        let row = format!("({})", vec!["?"; names.len()].join(", "));
        let sql = format!(
            "INSERT INTO {} ({}) VALUES {}",
            full_name(&self.pending),
            names.join(", "),
            vec![row; rows].join(", ")
        );
        let failed = self.session.failed();
        let done = self.session.connection.exec_drop(sql, Params::Positional(values));
        self.session.runtime.block_on(done).map_err(failed)
    }
}

fn declared(field: &OutField, keyed: bool) -> &str {
    match (&field.field.native, field.field.kind) {
        (Some(Native::Mysql(name)), _) if field.keeps_type => name,
        (_, FieldKind::Number) if field.keeps_type => "decimal(65, 10)",
        (_, FieldKind::Boolean) if field.keeps_type => "boolean",
        (_, FieldKind::Date) if field.keeps_type => "datetime(6)",
        (_, FieldKind::Json) if field.keeps_type => "json",
        _ if keyed && field.field.key => "varchar(191)",
        _ => "longtext",
    }
}

impl Sink for MysqlSink {
    fn begin(&mut self, _name: &str, fields: &[OutField]) -> Result<(), GatewayError> {
        if !self.fields.is_empty() {
            return Err(GatewayError::Usage(
                "a table of a database takes one table, not a workbook with several sheets".to_owned(),
            ));
        }
        if !self.replace && self.exists()? {
            let reason = format!("table {} exists; choose another name or add --replace", self.target);
            return Err(GatewayError::Database { address: self.session.address.clone(), reason });
        }
        self.fields = fields.to_vec();
        let (clear, declare) = (format!("DROP TABLE IF EXISTS {}", full_name(&self.pending)), self.declare());
        self.session.execute(&clear)?;
        self.session.execute(&declare)?;
        self.session.execute("START TRANSACTION")
    }

    fn write(&mut self, batch: &Batch) -> Result<(), GatewayError> {
        let step = (INSERT_VALUES / self.fields.len().max(1)).max(1);
        for start in (0..batch.rows()).step_by(step) {
            let end = (start + step).min(batch.rows());
            let mut values = Vec::with_capacity((end - start) * self.fields.len());
            for row in start..end {
                for (column, field) in batch.columns.iter().zip(&self.fields) {
                    let (cell, kind) = column.get(row);
                    let fitting = fits(field, kind);
                    self.left_out += u64::from(!fitting && kind != CellKind::Missing);
                    values.push(match kind {
                        CellKind::Missing => Value::NULL,
                        CellKind::Boolean => Value::from(cell == "true"),
                        _ if fitting => Value::from(cell),
                        _ => Value::NULL,
                    });
                }
            }
            self.insert(end - start, values)?;
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<u64, GatewayError> {
        self.session.execute("COMMIT")?;
        let (pending, target) = (full_name(&self.pending), full_name(&self.target));
        if self.replace && self.exists()? {
            let old = TableName { name: format!("{}_old", self.pending.name), ..self.pending.clone() };
            let old = full_name(&old);
            self.session.execute(&format!("RENAME TABLE {target} TO {old}, {pending} TO {target}"))?;
            self.session.execute(&format!("DROP TABLE {old}"))?;
        } else {
            self.session.execute(&format!("RENAME TABLE {pending} TO {target}"))?;
        }
        self.fields.clear();
        Ok(self.left_out)
    }
}

impl Drop for MysqlSink {
    fn drop(&mut self) {
        if !self.fields.is_empty() {
            // The job failed; the error that says so is on its way, and a table left over is named after its purpose.
            let _ = self.session.execute(&format!("DROP TABLE IF EXISTS {}", full_name(&self.pending)));
        }
    }
}

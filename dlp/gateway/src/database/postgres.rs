//! PostgreSQL and what speaks its protocol. Rows go through COPY in its text form, in which every type is text that
//! the server reads back; a target appears when its transaction is committed.

use std::collections::VecDeque;
use std::io::Cursor;
use std::pin::Pin;
use std::time::Duration;

use fengsui_dlp_engine::cells::{CellKind, Cells};
use futures::{SinkExt, StreamExt};
use tokio::runtime::Runtime;
use tokio_postgres::config::SslMode;
use tokio_postgres::{Client, Config, CopyInSink, CopyOutStream, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{DatabaseAddress, TableName, TlsMode, in_the_clear, runtime};
use crate::table::{Batch, Field, FieldKind, Head, Native, OutField, Sink, Source};
use crate::{GatewayError, limits};

/// A connection with the runtime that drives it.
struct Session {
    address: String,
    client: Client,
    runtime: Runtime,
}

impl Session {
    fn open(address: &DatabaseAddress) -> Result<Self, GatewayError> {
        let runtime = runtime(address)?;
        let mut config = Config::new();
        config.host(&address.host).port(address.port).user(&address.user).dbname(&address.database);
        config.application_name("fengsui").connect_timeout(Duration::from_secs(limits::CONNECT_SECONDS));
        if let Some(password) = &address.password {
            config.password(password.expose());
        }
        let client = runtime.block_on(connected(config, address))?;
        Ok(Self { address: address.to_string(), client, runtime })
    }

    fn failed(&self) -> impl Fn(tokio_postgres::Error) -> GatewayError + use<> {
        let address = self.address.clone();
        move |error| GatewayError::Database { address: address.clone(), reason: words(&error) }
    }

    fn execute(&self, sql: &str) -> Result<(), GatewayError> {
        self.runtime.block_on(self.client.batch_execute(sql)).map_err(self.failed())
    }
}

/// Connects as the address asks. A connection that may go without TLS does so only where the server says that it speaks none.
async fn connected(mut config: Config, address: &DatabaseAddress) -> Result<Client, GatewayError> {
    let local = address.host.starts_with('/');
    let mode = if local && address.tls.mode() == TlsMode::Prefer { TlsMode::Disable } else { address.tls.mode() };
    if mode != TlsMode::Disable {
        config.ssl_mode(SslMode::Require);
        let client = address.tls.client()?;
        match config.connect(MakeRustlsConnect::new(client)).await {
            Ok((client, connection)) => {
                // An error of the connection is told by the next call of the client.
                tokio::spawn(connection);
                return Ok(client);
            }
            Err(error) if mode == TlsMode::Prefer && words(&error).ends_with("server does not support TLS") => {
                in_the_clear(address);
            }
            Err(error) => return Err(address.failed(words(&error))),
        }
    }
    config.ssl_mode(SslMode::Disable);
    let (client, connection) = config.connect(NoTls).await.map_err(|error| address.failed(words(&error)))?;
    tokio::spawn(connection);
    Ok(client)
}

/// What the server said, or what went wrong before it could say anything.
fn words(error: &tokio_postgres::Error) -> String {
    match (error.as_db_error(), std::error::Error::source(error)) {
        (Some(said), _) => format!("{} ({})", said.message(), said.code().code()),
        (None, Some(source)) => format!("{error}: {source}"),
        (None, None) => error.to_string(),
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn full_name(table: &TableName) -> String {
    format!("{}.{}", quoted(&table.schema), quoted(&table.name))
}

pub(super) fn tables(address: &DatabaseAddress) -> Result<Vec<TableName>, GatewayError> {
    const ALL: &str = "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
        WHERE c.relkind IN ('r', 'p', 'm', 'f') AND NOT c.relispartition AND n.nspname <> 'information_schema' \
        AND n.nspname NOT LIKE 'pg\\_%' AND has_table_privilege(c.oid, 'SELECT') ORDER BY 1, 2";
    let session = Session::open(address)?;
    let rows = session.runtime.block_on(session.client.query(ALL, &[])).map_err(session.failed())?;
    let named = address.table.is_some().then(|| address.table_name()).transpose()?;
    let tables = rows.iter().map(|row| TableName { schema: row.get(0), name: row.get(1) });
    Ok(tables.filter(|table| named.as_ref().is_none_or(|named| named == table)).collect())
}

/// Reads a table in one snapshot.
pub(super) struct PostgresSource {
    session: Session,
    head: Option<Head>,
    copy: Option<Pin<Box<CopyOutStream>>>,
    text: VecDeque<u8>,
    kinds: Vec<FieldKind>,
    query: String,
}

impl PostgresSource {
    pub(super) fn open(
        address: &DatabaseAddress,
        table: &TableName,
        sample: Option<u64>,
    ) -> Result<Self, GatewayError> {
        let session = Session::open(address)?;
        session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")?;
        let fields = fields(&session, table)?;
        let rows = estimate(&session, table)?;
        let columns: Vec<String> = fields.iter().map(|field| quoted(&field.name)).collect();
        let part = match (sample, rows) {
            (Some(sample), Some(rows)) if rows > sample * 2 => {
                let percent = sample as f64 * 120.0 / rows as f64;
                format!(" TABLESAMPLE BERNOULLI ({percent:.6}) LIMIT {sample}")
            }
            (Some(sample), _) => format!(" LIMIT {sample}"),
            (None, _) => String::new(),
        };
        let query = format!("COPY (SELECT {} FROM {}{part}) TO STDOUT", columns.join(", "), full_name(table));
        let kinds = fields.iter().map(|field| field.kind).collect();
        let head = Some(Head { name: table.to_string(), fields, rows: rows.filter(|_| sample.is_none()) });
        Ok(Self { session, head, copy: None, text: VecDeque::new(), kinds, query })
    }

    /// Appends more of the server's text; says no at its end.
    fn fill(&mut self) -> Result<bool, GatewayError> {
        let Some(copy) = &mut self.copy else { return Ok(false) };
        match self.session.runtime.block_on(copy.next()) {
            Some(piece) => {
                self.text.extend(piece.map_err(self.session.failed())?);
                Ok(true)
            }
            None => {
                self.copy = None;
                Ok(false)
            }
        }
    }

    /// The next line, without its end.
    fn line(&mut self) -> Result<Option<Vec<u8>>, GatewayError> {
        let mut searched = 0;
        loop {
            if let Some(end) = self.text.iter().skip(searched).position(|byte| *byte == b'\n') {
                let mut line: Vec<u8> = self.text.drain(..=searched + end).collect();
                line.pop();
                return Ok(Some(line));
            }
            searched = self.text.len();
            if !self.fill()? {
                return Ok(None);
            }
        }
    }
}

fn fields(session: &Session, table: &TableName) -> Result<Vec<Field>, GatewayError> {
    const COLUMNS: &str = "SELECT a.attname, format_type(a.atttypid, a.atttypmod), t.typcategory::text, t.typname, a.attnotnull, \
        EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisprimary AND a.attnum = ANY (i.indkey)) \
        FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid JOIN pg_class c ON c.oid = a.attrelid \
        JOIN pg_namespace n ON n.oid = c.relnamespace \
        WHERE n.nspname = $1 AND c.relname = $2 AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum";
    let rows = session.runtime.block_on(session.client.query(COLUMNS, &[&table.schema, &table.name]));
    let rows = rows.map_err(session.failed())?;
    let field = |row: &tokio_postgres::Row| Field {
        name: row.get(0),
        kind: kind(row.get(2), row.get(3)),
        native: Some(Native::Postgres(row.get(1))),
        required: row.get(4),
        key: row.get(5),
    };
    if rows.is_empty() {
        let reason = format!("table {table} does not exist or may not be read");
        return Err(GatewayError::Database { address: session.address.clone(), reason });
    }
    Ok(rows.iter().map(field).collect())
}

fn kind(category: &str, name: &str) -> FieldKind {
    match (category, name) {
        (_, "bytea") => FieldKind::Binary,
        (_, "json" | "jsonb") => FieldKind::Json,
        (_, "date" | "timestamp" | "timestamptz") => FieldKind::Date,
        ("N", "money") => FieldKind::Other,
        ("N", _) => FieldKind::Number,
        ("B", _) => FieldKind::Boolean,
        ("S", _) => FieldKind::Text,
        _ => FieldKind::Other,
    }
}

/// About how many rows: the planner's number, or a count where it has none.
fn estimate(session: &Session, table: &TableName) -> Result<Option<u64>, GatewayError> {
    const PLANNED: &str = "SELECT c.reltuples::float8 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
        WHERE n.nspname = $1 AND c.relname = $2";
    let row = session.runtime.block_on(session.client.query_opt(PLANNED, &[&table.schema, &table.name]));
    let planned: f64 = row.map_err(session.failed())?.map_or(-1.0, |row| row.get(0));
    if planned > 0.0 {
        return Ok(Some(planned as u64));
    }
    let count = format!("SELECT count(*) FROM {}", full_name(table));
    let row = session.runtime.block_on(session.client.query_one(&count, &[])).map_err(session.failed())?;
    Ok(u64::try_from(row.get::<_, i64>(0)).ok())
}

impl Source for PostgresSource {
    fn next_table(&mut self) -> Result<Option<Head>, GatewayError> {
        let head = self.head.take();
        if head.is_some() {
            let copy = self.session.runtime.block_on(self.session.client.copy_out(&self.query));
            self.copy = Some(Box::pin(copy.map_err(self.session.failed())?));
        }
        Ok(head)
    }

    fn next_batch(&mut self, rows: usize) -> Result<Option<Batch>, GatewayError> {
        let mut batch = Batch::new(self.kinds.len());
        while batch.rows() < rows {
            let Some(line) = self.line()? else { break };
            let cells = line.split(|byte| *byte == b'\t');
            for ((cell, kind), column) in cells.zip(&self.kinds).zip(&mut batch.columns) {
                push(column, cell, *kind);
            }
        }
        Ok((batch.rows() > 0).then_some(batch))
    }
}

/// A cell of COPY's text form.
fn push(column: &mut Cells, cell: &[u8], kind: FieldKind) {
    if cell == b"\\N" || kind == FieldKind::Binary {
        return column.push_missing();
    }
    let text = unescaped(cell);
    match kind {
        FieldKind::Boolean => column.push(if text == "t" { "true" } else { "false" }, CellKind::Boolean),
        FieldKind::Number => column.push(&text, CellKind::Number),
        FieldKind::Date => column.push(&text, CellKind::Date),
        FieldKind::Json => column.push(&text, CellKind::Json),
        _ => column.push(&text, CellKind::Text),
    }
}

fn unescaped(cell: &[u8]) -> std::borrow::Cow<'_, str> {
    if !cell.contains(&b'\\') {
        return String::from_utf8_lossy(cell);
    }
    let (mut bytes, mut rest) = (Vec::with_capacity(cell.len()), cell.iter());
    while let Some(byte) = rest.next() {
        bytes.push(match (byte, if *byte == b'\\' { rest.next() } else { None }) {
            (_, Some(b'b')) => 8,
            (_, Some(b'f')) => 12,
            (_, Some(b'n')) => b'\n',
            (_, Some(b'r')) => b'\r',
            (_, Some(b't')) => b'\t',
            (_, Some(b'v')) => 11,
            (_, Some(other)) => *other,
            (byte, None) => *byte,
        });
    }
    String::from_utf8_lossy(&bytes).into_owned().into()
}

fn escape(text: &str, out: &mut Vec<u8>) {
    for byte in text.bytes() {
        match byte {
            b'\\' => out.extend(b"\\\\"),
            b'\n' => out.extend(b"\\n"),
            b'\r' => out.extend(b"\\r"),
            b'\t' => out.extend(b"\\t"),
            // PostgreSQL's texts hold no zero byte.
            0 => {}
            other => out.push(other),
        }
    }
}

/// Takes the text of COPY.
type CopyIn = Pin<Box<CopyInSink<Cursor<Vec<u8>>>>>;

/// Writes a table in one transaction.
pub(super) struct PostgresSink {
    session: Session,
    target: TableName,
    replace: bool,
    fields: Vec<OutField>,
    copy: Option<CopyIn>,
    left_out: u64,
}

impl PostgresSink {
    pub(super) fn open(address: &DatabaseAddress, replace: bool) -> Result<Self, GatewayError> {
        let target = address.table_name()?;
        let session = Session::open(address)?;
        Ok(Self { session, target, replace, fields: Vec::new(), copy: None, left_out: 0 })
    }

    fn declare(&self, fields: &[OutField]) -> String {
        let column = |field: &OutField| format!("{} {}", quoted(&field.field.name), declared(field));
        let mut parts: Vec<String> = fields.iter().map(column).collect();
        let keys: Vec<&OutField> = fields.iter().filter(|field| field.field.key).collect();
        if !keys.is_empty() && keys.iter().all(|field| field.keeps_unique) {
            let names: Vec<String> = keys.iter().map(|field| quoted(&field.field.name)).collect();
            parts.push(format!("PRIMARY KEY ({})", names.join(", ")));
        }
        format!("CREATE TABLE {} ({})", full_name(&self.target), parts.join(", "))
    }
}

fn declared(field: &OutField) -> &str {
    match (&field.field.native, field.field.kind) {
        (Some(Native::Postgres(name)), _) if field.keeps_type => name,
        (_, FieldKind::Number) if field.keeps_type => "numeric",
        (_, FieldKind::Boolean) if field.keeps_type => "boolean",
        (_, FieldKind::Date) if field.keeps_type => "timestamp",
        (_, FieldKind::Json) if field.keeps_type => "jsonb",
        _ => "text",
    }
}

/// Whether a cell can stand in a column that keeps its type.
pub(super) const fn fits(field: &OutField, kind: CellKind) -> bool {
    match field.field.kind {
        FieldKind::Number => matches!(kind, CellKind::Number) || !field.keeps_type,
        FieldKind::Boolean => matches!(kind, CellKind::Boolean) || !field.keeps_type,
        FieldKind::Date => matches!(kind, CellKind::Date) || !field.keeps_type,
        FieldKind::Json => matches!(kind, CellKind::Json) || !field.keeps_type,
        _ => true,
    }
}

impl Sink for PostgresSink {
    fn begin(&mut self, _name: &str, fields: &[OutField]) -> Result<(), GatewayError> {
        if self.copy.is_some() {
            return Err(GatewayError::Usage(
                "a table of a database takes one table, not a workbook with several sheets".to_owned(),
            ));
        }
        self.session.execute("BEGIN")?;
        if self.replace {
            self.session.execute(&format!("DROP TABLE IF EXISTS {}", full_name(&self.target)))?;
        }
        self.session.execute(&self.declare(fields)).map_err(|error| match error {
            GatewayError::Database { address, reason } if reason.contains("42P07") => {
                GatewayError::Database { address, reason: format!("{reason}; choose another name or add --replace") }
            }
            other => other,
        })?;
        let names: Vec<String> = fields.iter().map(|field| quoted(&field.field.name)).collect();
        let copy = format!("COPY {} ({}) FROM STDIN", full_name(&self.target), names.join(", "));
        let copy = self.session.runtime.block_on(self.session.client.copy_in(&copy)).map_err(self.session.failed())?;
        self.copy = Some(Box::pin(copy));
        self.fields = fields.to_vec();
        Ok(())
    }

    fn write(&mut self, batch: &Batch) -> Result<(), GatewayError> {
        let mut text = Vec::with_capacity(batch.columns.iter().map(Cells::bytes).sum::<usize>() * 2);
        for row in 0..batch.rows() {
            for (index, (column, field)) in batch.columns.iter().zip(&self.fields).enumerate() {
                if index > 0 {
                    text.push(b'\t');
                }
                match column.get(row) {
                    (_, CellKind::Missing) => text.extend(b"\\N"),
                    (cell, kind) if fits(field, kind) => escape(cell, &mut text),
                    _ => {
                        text.extend(b"\\N");
                        self.left_out += 1;
                    }
                }
            }
            text.push(b'\n');
        }
        let Some(copy) = &mut self.copy else { return Ok(()) };
        self.session.runtime.block_on(copy.send(Cursor::new(text))).map_err(self.session.failed())
    }

    fn finish(&mut self) -> Result<u64, GatewayError> {
        let Some(mut copy) = self.copy.take() else { return Ok(0) };
        self.session.runtime.block_on(copy.as_mut().finish()).map_err(self.session.failed())?;
        self.session.execute("COMMIT")?;
        Ok(self.left_out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back_through_copy() {
        for text in ["plain", "tab\tand\nline\r", "back\\slash", "马文忠", "\\N"] {
            let mut written = Vec::new();
            escape(text, &mut written);
            assert!(!written.contains(&b'\t') && !written.contains(&b'\n'));
            assert_eq!(unescaped(&written), text);
        }
    }
}

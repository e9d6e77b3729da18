//! The condition of a query, put together from parts that are all joined by AND.

use fengsui_schema::UnitCode;

use super::Value;
use crate::scope::Scope;

/// A condition and the values of its placeholders. Starts with the scope, so that no query goes without one.
#[derive(Debug, Clone)]
pub(crate) struct Filter {
    sql: String,
    args: Vec<Value>,
}

impl Filter {
    /// The rows of `table` (a name or alias) that a scope reaches.
    pub(crate) fn within(scope: &Scope, table: &str) -> Self {
        Self { sql: format!("{table}.{} = $1", scope.column()), args: vec![scope.code().into()] }
    }

    /// The row of a number in `table` (a name or alias), if a scope reaches it.
    pub(crate) fn of_one(scope: &Scope, table: &str, id: i64) -> Self {
        let mut filter = Self::within(scope, table);
        filter.and_with(&format!("{table}.id = ?"), vec![id.into()]);
        filter
    }

    /// The rows of `table` (a name or alias) of a unit, of those below it, and of those above it: what is published downwards.
    pub(crate) fn below_and_above(unit: &UnitCode, table: &str) -> Self {
        let mut filter = Self::within(&Scope::subtree(unit), table);
        let above: Vec<UnitCode> = std::iter::successors(unit.parent(), UnitCode::parent).collect();
        filter.or_in(&format!("{table}.unit_code"), above.iter().map(UnitCode::as_str));
        filter
    }

    /// And this, which has no placeholder.
    pub(crate) fn and(&mut self, condition: &str) {
        self.sql.push_str(" AND ");
        self.sql.push_str(condition);
    }

    /// And this; each `?` stands for the next value.
    pub(crate) fn and_with(&mut self, condition: &str, values: Vec<Value>) {
        self.sql.push_str(" AND ");
        let mut next = self.args.len();
        for character in condition.chars() {
            if character == '?' {
                next += 1;
                self.sql.push_str(&format!("${next}"));
            } else {
                self.sql.push(character);
            }
        }
        self.args.extend(values);
    }

    /// And a column is one of these; none of them, no row.
    pub(crate) fn and_in<V: Into<Value>>(&mut self, column: &str, values: impl IntoIterator<Item = V>) {
        let (condition, values) = one_of(column, values);
        self.and_with(&condition, values);
    }

    /// Or, in place of all before it, a column is one of these.
    pub(crate) fn or_in<V: Into<Value>>(&mut self, column: &str, values: impl IntoIterator<Item = V>) {
        let (condition, values) = one_of(column, values);
        self.or_with(&condition, values);
    }

    /// Or, in place of all before it, this; each `?` stands for the next value.
    pub(crate) fn or_with(&mut self, condition: &str, values: Vec<Value>) {
        let before = std::mem::take(&mut self.sql);
        self.and_with(condition, values);
        let other = self.sql.trim_start_matches(" AND ");
        self.sql = format!("(({before}) OR ({other}))");
    }

    /// The condition.
    pub(crate) fn sql(&self) -> &str {
        &self.sql
    }

    /// The values of the placeholders.
    pub(crate) fn args(&self) -> Vec<Value> {
        self.args.clone()
    }
}

/// That a column is one of these. An empty list is no SQL.
fn one_of<V: Into<Value>>(column: &str, values: impl IntoIterator<Item = V>) -> (String, Vec<Value>) {
    let values: Vec<Value> = values.into_iter().map(Into::into).collect();
    let condition = match values.len() {
        0 => "1 = 0".to_owned(),
        count => format!("{column} IN ({})", vec!["?"; count].join(", ")),
    };
    (condition, values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::args;

    #[test]
    fn placeholders_count_up() {
        let unit = "620123".parse().expect("is a unit code");
        let mut filter = Filter::within(&Scope::subtree(&unit), "a");
        filter.and_with("(a.time < ? OR a.id = ?)", args![5_i64, "x"]);
        filter.and_with("a.state = ?", args!["new"]);
        assert_eq!(filter.sql(), "a.county = $1 AND (a.time < $2 OR a.id = $3) AND a.state = $4");
        assert_eq!(filter.args().len(), 4);
        filter.or_with("a.owner = ?", args!["me"]);
        filter.and("a.open = 1");
        let sql = "((a.county = $1 AND (a.time < $2 OR a.id = $3) AND a.state = $4) OR (a.owner = $5)) AND a.open = 1";
        assert_eq!((filter.sql(), filter.args().len()), (sql, 5));
        let published = Filter::below_and_above(&unit, "m");
        let sql = "((m.county = $1) OR (m.unit_code IN ($2, $3)))";
        assert_eq!((published.sql(), published.args().len()), (sql, 3));
        let one = Filter::of_one(&Scope::subtree(&unit), "a", 7);
        assert_eq!((one.sql(), one.args().len()), ("a.county = $1 AND a.id = $2", 2));
        let mut listed = one.clone();
        listed.and_in("a.kind", ["x", "y"]);
        listed.and_in::<&str>("a.kind", []);
        let sql = "a.county = $1 AND a.id = $2 AND a.kind IN ($3, $4) AND 1 = 0";
        assert_eq!((listed.sql(), listed.args().len()), (sql, 4));
    }
}

//! The fields of a day index.

use std::collections::HashMap;
use std::sync::OnceLock;

use fengsui_schema::{FIELD_CATALOGUE, FieldDefinition, FieldType};
use tantivy::schema::{
    FAST, Field, INDEXED, IndexRecordOption, STORED, STRING, Schema, SchemaBuilder, TextFieldIndexing, TextOptions,
};

use crate::tokenizer::{KEYWORD, WORDS};

/// Where everything of an event is in a day index.
#[derive(Debug)]
pub(crate) struct IndexFields {
    pub(crate) schema: Schema,
    /// The beginning of the event id, see [`crate::document::id_term`].
    pub(crate) id: Field,
    /// Event time in nanoseconds.
    pub(crate) time: Field,
    /// First eight bytes of the id: orders events of the same nanosecond.
    pub(crate) tie: Field,
    /// Codes of the unit and of all units above it.
    pub(crate) units: Field,
    /// Words of every text of the event.
    pub(crate) all: Field,
    /// Terms of fields outside the catalogue, see [`crate::other`].
    pub(crate) other: Field,
    /// The event as [`crate::stored`] writes it, compressed in blocks by the index.
    pub(crate) source: Field,
    /// In the order of the catalogue; the time has none.
    catalogue: Vec<Option<Field>>,
    by_name: HashMap<&'static str, usize>,
}

/// Name of the time column.
pub(crate) const TIME: &str = "time";
/// Name of the tie column.
pub(crate) const TIE: &str = "tie";

impl IndexFields {
    /// The one schema of all days.
    pub(crate) fn get() -> &'static Self {
        static FIELDS: OnceLock<IndexFields> = OnceLock::new();
        FIELDS.get_or_init(Self::build)
    }

    fn build() -> Self {
        let mut builder = Schema::builder();
        let id = builder.add_bytes_field("id", INDEXED);
        let time = builder.add_i64_field(TIME, FAST);
        let tie = builder.add_u64_field(TIE, FAST);
        let units = builder.add_text_field("units", STRING);
        let all = builder.add_text_field("all", text(WORDS, IndexRecordOption::WithFreqsAndPositions));
        let other = builder.add_text_field("other", STRING);
        let source = builder.add_bytes_field("source", STORED);
        let catalogue = FIELD_CATALOGUE.iter().map(|definition| add(&mut builder, definition)).collect();
        let by_name = FIELD_CATALOGUE.iter().enumerate().map(|(index, field)| (field.name, index)).collect();
        Self { schema: builder.build(), id, time, tie, units, all, other, source, catalogue, by_name }
    }

    /// Number and definition of a field of the catalogue.
    pub(crate) fn definition(&self, name: &str) -> Option<(usize, &'static FieldDefinition)> {
        let index = *self.by_name.get(name)?;
        Some((index, FIELD_CATALOGUE.get(index)?))
    }

    /// The index's fields of a type, with their numbers of the catalogue.
    pub(crate) fn of_type(&self, kind: FieldType) -> impl Iterator<Item = (usize, Field)> {
        let numbered = self.catalogue.iter().enumerate().filter_map(|(index, field)| Some((index, (*field)?)));
        numbered.filter(move |(index, _)| FIELD_CATALOGUE.get(*index).is_some_and(|field| field.kind == kind))
    }

    /// The index's field of a number of the catalogue.
    pub(crate) fn catalogue(&self, index: usize) -> Option<Field> {
        self.catalogue.get(index).copied().flatten()
    }
}

/// Name of the column that holds a field of the catalogue.
pub(crate) fn column_name(name: &str) -> String {
    format!("ecs_{}", name.replace('.', "_"))
}

fn text(tokenizer: &str, detail: IndexRecordOption) -> TextOptions {
    let indexing = TextFieldIndexing::default().set_tokenizer(tokenizer).set_fieldnorms(false).set_index_option(detail);
    TextOptions::default().set_indexing_options(indexing)
}

fn add(builder: &mut SchemaBuilder, definition: &FieldDefinition) -> Option<Field> {
    let name = column_name(definition.name);
    Some(match definition.kind {
        FieldType::Keyword => builder.add_text_field(&name, text(KEYWORD, IndexRecordOption::Basic) | FAST),
        FieldType::Identifier => builder.add_bytes_field(&name, INDEXED),
        FieldType::Text => builder.add_text_field(&name, text(WORDS, IndexRecordOption::WithFreqsAndPositions)),
        FieldType::Integer => builder.add_i64_field(&name, INDEXED | FAST),
        FieldType::Quantity => builder.add_i64_field(&name, FAST),
        FieldType::Address => builder.add_ip_addr_field(&name, INDEXED | FAST),
        FieldType::Time => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_but_the_time_has_a_column() {
        let fields = IndexFields::get();
        for definition in FIELD_CATALOGUE {
            let (index, _) = fields.definition(definition.name).expect("known");
            assert_eq!(fields.catalogue(index).is_none(), definition.kind == FieldType::Time, "{}", definition.name);
        }
        assert!(fields.definition("no.such.field").is_none());
    }
}

//! A batch whose table was altered: the same entries, encoded as the table takes them now.

use super::state::LineState;
use crate::batch::{Batch, Chunk, Op, RowEntry};
use crate::postgres::SchemaVersion;
use crate::types::encode::Translator;

/// Translate rows and deletes from one schema version to another.
struct Translators {
    from: u16,
    rows: Translator,
    keys: Translator,
}

/// Encodes the batch for this schema version; the entries keep their places and their keys. `None`: the schema version of an
/// entry isn't known any more, or a row has become longer than its length field can say.
pub fn encoded_again(line: &LineState, batch: &Batch, schema_version: &SchemaVersion) -> Option<Batch> {
    let mut known: Vec<Translators> = Vec::new();
    let mut chunks = Vec::with_capacity(batch.chunks.len());
    for chunk in &batch.chunks {
        let (mut entries, mut rows) = (Vec::with_capacity(chunk.entries.len()), Vec::with_capacity(chunk.rows.len()));
        let mut rest = &chunk.rows[..];
        for entry in &chunk.entries {
            let (row, after) = rest.split_at_checked(entry.row_len as usize)?;
            rest = after;
            let start = rows.len();
            let mut format = entry.format;
            // A rejected record has no row.
            if entry.schema_version == schema_version.number || entry.op == Op::Reject {
                rows.extend_from_slice(row);
            } else {
                let translators = translators(line, &mut known, entry.schema_version, schema_version)?;
                let translator = if entry.op == Op::Delete { &mut translators.keys } else { &mut translators.rows };
                format = translator.row(entry.format, row, &mut rows);
            }
            let row_len = u32::try_from(rows.len() - start).ok()?;
            entries.push(RowEntry {
                format,
                row_len,
                schema_version: schema_version.number,
                original_len: 0,
                ..*entry
            });
        }
        chunks.push(Chunk { shard: chunk.shard, entries, rows, keys: chunk.keys.clone(), originals: Vec::new() });
    }
    Some(Batch { chunks, shards: batch.shards })
}

fn translators<'k>(
    line: &LineState,
    known: &'k mut Vec<Translators>,
    from: u16,
    schema_version: &SchemaVersion,
) -> Option<&'k mut Translators> {
    let at = match known.iter().position(|translators| translators.from == from) {
        Some(at) => at,
        None => {
            let was = line.target.schema.get(from)?;
            known.push(Translators {
                from,
                rows: Translator::new(&was.table, &schema_version.table),
                keys: Translator::new(&was.table.of_key(), &schema_version.table.of_key()),
            });
            known.len() - 1
        }
    };
    known.get_mut(at)
}

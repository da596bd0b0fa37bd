//! What `vecsink check` says of a table whose vector indexes are deferred.

use super::cost::{self, TableSize};
use super::present::{self, PresentIndex, names, size, to_record};
use crate::postgres::catalog::tree::TableRef;
use crate::postgres::connect::failure::Attempt;
use crate::postgres::connect::session::Session;
use crate::postgres::own_tables::deferred_indexes::{DeferredIndex, DeferredIndexTable};
use crate::postgres::vector_index::build::CACHE_SHARE;

/// What a start would find.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeferralPlan {
    pub present: Vec<PresentIndex>,
    pub recorded: Vec<DeferredIndex>,
    /// The table of the records.
    records: String,
    /// How it is made, if it is missing.
    ddl: Option<String>,
    size: TableSize,
    server: BuildSettings,
}

/// The server's settings for builds. 0: not known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct BuildSettings {
    maintenance_kilobytes: u64,
    cache_kilobytes: u64,
    workers: u64,
}

impl DeferralPlan {
    pub fn read(
        session: &mut Session,
        table: &TableRef,
        records: &DeferredIndexTable,
        recorded: Vec<DeferredIndex>,
    ) -> Attempt<DeferralPlan> {
        Ok(DeferralPlan {
            present: present::read(session, table.oid)?,
            recorded,
            records: records.quoted(),
            ddl: if records.is_there(session)? { None } else { Some(records.ddl()) },
            size: size(session, table)?,
            server: settings(session)?,
        })
    }

    /// The lines of the plan. `backlog`: the records that wait; `None`: not known.
    pub fn lines(&self, backlog: Option<u64>) -> Vec<String> {
        let TableSize { rows, .. } = self.size;
        let mut lines = Vec::new();
        if !self.present.is_empty() {
            let shown: Vec<String> = self.present.iter().map(shown).collect();
            let list = shown.join(", ");
            if !cost::is_worth(self.size, backlog) {
                let waiting = backlog.unwrap_or(0);
                lines.push(format!(
                    "vector index: defer, but {list} stays: for {waiting} waiting records and about {rows} rows in the table, adding \
                     them is faster than building it again"
                ));
                return lines;
            }
            let made = self.ddl.as_ref().map(|ddl| format!(", which will be made: {ddl}")).unwrap_or_default();
            lines.push(format!(
                "vector index: defer; {list} is dropped before the first row and recorded in {}{made}; it is built again when the rows are \
                 written",
                self.records
            ));
            for index in to_record(&self.present) {
                lines.extend(self.cost(index, backlog.unwrap_or(0)));
            }
        }
        if !self.recorded.is_empty() {
            lines.push(format!(
                "vector index: {} is missing, dropped {}; it is built again when the rows are written",
                names(self.recorded.iter().map(|index| index.name.as_str())),
                names(self.recorded.iter().map(|index| index.dropped.as_str()))
            ));
        }
        if let (false, 1..) = (lines.is_empty(), self.server.workers) {
            lines.push(format!(
                "the build has up to {} parallel workers (max_parallel_maintenance_workers); they share the build's memory, which a server in \
                 a container takes from /dev/shm; vecsink can't see how large it is, and if it is too small, one process builds alone",
                self.server.workers
            ));
        }
        lines
    }

    fn cost(&self, index: &PresentIndex, backlog: u64) -> Option<String> {
        let cost =
            cost::of_build(&index.definition, index.dimensions, self.size, backlog).filter(|_| index.dimensions > 0)?;
        let BuildSettings { maintenance_kilobytes: own, cache_kilobytes: cache, .. } = self.server;
        let given = cost.kilobytes.min(own.max(cache / CACHE_SHARE)).max(own);
        let memory = match given {
            _ if given < cost.kilobytes => format!(
                "the build gets {} MB, a quarter of effective_cache_size, which isn't enough: it becomes many times slower; give the job's role \
                 more: ALTER ROLE … SET maintenance_work_mem = '{}MB'",
                megabytes(given),
                megabytes(cost.kilobytes)
            ),
            _ if given > own => format!("the build gets {} MB", megabytes(given)),
            _ => "which is enough".to_owned(),
        };
        Some(format!(
            "building {} over about {} rows takes about {} (an estimate from figures of a machine with two cores) and {} MB \
             of memory; maintenance_work_mem is {} MB, {memory}",
            index.name,
            self.size.rows.saturating_add(backlog),
            time(cost.seconds),
            megabytes(cost.kilobytes),
            own / 1024
        ))
    }
}

fn shown(index: &PresentIndex) -> String {
    let invalid = if index.is_valid { "" } else { ", invalid" };
    format!("{} ({} MB{invalid})", index.name, megabytes(index.bytes / 1024))
}

fn megabytes(kilobytes: u64) -> u64 {
    kilobytes.div_ceil(1024)
}

fn time(seconds: f64) -> String {
    match seconds {
        ..100.0 => format!("{:.0} s", seconds.max(1.0)),
        ..6000.0 => format!("{:.0} min", seconds / 60.0),
        _ => format!("{:.0} h", seconds / 3600.0),
    }
}

fn settings(session: &mut Session) -> Attempt<BuildSettings> {
    let rows = session.ask(
        "SELECT name, CASE unit WHEN '8kB' THEN setting::bigint * 8 WHEN '32kB' THEN setting::bigint * 32 ELSE setting::bigint END
         FROM pg_catalog.pg_settings
         WHERE name IN ('maintenance_work_mem', 'effective_cache_size', 'max_parallel_maintenance_workers')",
    )?;
    let number = |name: &str| {
        let row = rows.iter().find(|row| row.first().is_some_and(|own| own == name));
        row.and_then(|row| row.get(1)).and_then(|value| value.parse().ok()).unwrap_or(0)
    };
    Ok(BuildSettings {
        maintenance_kilobytes: number("maintenance_work_mem"),
        cache_kilobytes: number("effective_cache_size"),
        workers: number("max_parallel_maintenance_workers"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(rows: u64, own: u64, cache: u64) -> DeferralPlan {
        let index = PresentIndex {
            name: "cars_v".into(),
            definition: "USING hnsw (v vector_l2_ops)".into(),
            is_valid: true,
            bytes: 12 << 20,
            dimensions: 128,
            ..PresentIndex::default()
        };
        DeferralPlan {
            present: vec![index],
            records: "\"s\".vecsink_deferred_index".into(),
            size: TableSize { rows, width: 0 },
            server: BuildSettings { maintenance_kilobytes: own << 10, cache_kilobytes: cache << 10, workers: 2 },
            ..DeferralPlan::default()
        }
    }

    #[test]
    fn the_plan_says_what_is_dropped_and_what_the_build_needs() {
        let lines = plan(0, 64, 4096).lines(Some(300_000)).join("\n");
        for expected in [
            "cars_v (12 MB) is dropped before the first row",
            "over about 300000 rows takes about 54 s",
            "and 450 MB of memory; maintenance_work_mem is 64 MB, the build gets 450 MB",
            "up to 2 parallel workers",
        ] {
            assert!(lines.contains(expected), "{expected}: {lines}");
        }
        assert!(plan(0, 64, 256).lines(Some(300_000)).join("\n").contains("gets 64 MB, a quarter of"));
        assert!(plan(0, 1024, 256).lines(Some(300_000)).join("\n").contains("is 1024 MB, which is enough"));
    }

    #[test]
    fn an_index_that_stays_needs_no_build() {
        let lines = plan(1_000_000, 64, 4096).lines(Some(10));
        assert!(
            lines.len() == 1 && lines[0].contains("stays: for 10 waiting records and about 1000000 rows"),
            "{lines:?}"
        );
    }
}

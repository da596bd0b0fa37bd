//! `vecsink ddl`: prints the statements for another layout of the job's tables.

use crate::pipeline;
use crate::pipeline::TableLayout;

use super::Exit;
use super::console::Console;
use super::job_file::JobFile;

/// Print the statements that 'sink.vector-index' or 'sink.delivery-guarantee' needs, or that give a table another layout
///
/// Reads the job's tables from the database and prints SQL for their owner. Nothing is changed. Without an option it prints what
/// the sink's 'sink.vector-index' needs: for 'defer' the table of deferred indexes, otherwise the hot child of 'behind'.
/// docs/vector-index.md says when which layout is worth it, and docs/delivery.md what the ledger is.
///
/// Exits with 0 if all tables can have the layout, 1 if one can't, 2 if the file is wrong.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  vecsink ddl job.sql
  vecsink ddl job.sql | psql
  vecsink ddl job.sql --partitioned > partitioned.sql
  vecsink ddl job.sql --split > split.sql
  vecsink ddl job.sql --ledger | psql")]
pub struct DdlArguments {
    #[command(flatten)]
    job: JobFile,
    /// Print a partitioned layout instead, for tables whose rows other programs update or delete, too: a statement that waits for a
    /// row while the row moves then gets an error; without partitions it would do nothing
    #[arg(long, conflicts_with = "split")]
    partitioned: bool,
    /// Put the vectors into a table of their own, so that updates of other columns don't touch the vector index; a view with the
    /// table's name joins both
    #[arg(long)]
    split: bool,
    /// Print the tables in which 'sink.delivery-guarantee' = 'exactly-once' stores progress
    #[arg(long, conflicts_with = "split")]
    ledger: bool,
}

pub fn ddl(arguments: &DdlArguments, console: &Console) -> Exit {
    let job = match arguments.job.load(console) {
        Ok(job) => job,
        Err(exit) => return exit,
    };
    let scripts = match (arguments.ledger, arguments.partitioned, arguments.split) {
        (true, ..) => pipeline::ddl_of_ledger(&job),
        (false, true, _) => pipeline::ddl(&job, TableLayout::Partitioned),
        (false, false, true) => pipeline::ddl(&job, TableLayout::Split),
        (false, false, false) => pipeline::ddl(&job, TableLayout::HotChild),
    };
    let mut exit = Exit::Done;
    for script in scripts {
        match script {
            Ok(script) => console.print(script.trim_end()),
            Err(error) => {
                console.error(&error);
                exit = Exit::Failed;
            }
        }
    }
    exit
}

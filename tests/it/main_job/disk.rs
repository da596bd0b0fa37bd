//! When the disk is full, the job waits as for a server that is away, and rejects no row.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::process::Command;

use tempfile::TempDir;

use super::scene::{Indexes, bounded, car_info, cars, checksum, dead_letters, job, outcomes, with_dead_letters};
use crate::support::{PrivatePostgres, eventually, kafka, servers::not_on};

const ROWS: u64 = 300_000;
/// The sizes of the file system and of the ballast in it. The rows and their indexes need about twice the space that is left free.
const DISK: u64 = 128 << 20;
const BALLAST: u64 = 104 << 20;

/// A file system in memory.
struct Disk(TempDir);

impl Disk {
    /// None if it can't be mounted, because this process isn't root or the container doesn't allow it.
    fn mount() -> Option<Disk> {
        let folder = TempDir::new().expect("a temporary folder");
        let options = format!("size={DISK},mode=700");
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", &options, "vecsink-test"]).arg(folder.path()).output();
        mounted.is_ok_and(|output| output.status.success()).then_some(Disk(folder))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Also while a server still has a file there open.
        let _ = Command::new("umount").arg("--lazy").arg(self.0.path()).status();
    }
}

#[test]
fn a_job_waits_for_a_full_disk_and_loses_no_row() {
    let Some(kafka) = kafka() else { return };
    let Some(disk) = Disk::mount() else { return not_on("this machine", "the right to mount a disk") };
    let Some(private) = PrivatePostgres::start() else { return };
    let mut schema = car_info(&private.server, Indexes::Structured);
    let space = disk.0.path().join("space");
    fs::create_dir(&space).expect("the disk is empty");
    let data =
        fs::metadata(schema.text("SELECT current_setting('data_directory')").expect("a folder")).expect("it is there");
    for folder in [disk.0.path(), &space] {
        chown(folder, Some(data.uid()), Some(data.gid())).expect("we are root");
    }
    schema.execute(&format!("CREATE TABLESPACE small LOCATION '{}'", space.display()));
    schema.execute("ALTER TABLE car_info SET TABLESPACE small");
    let ballast = disk.0.path().join("ballast");
    fs::write(&ballast, vec![1; BALLAST as usize]).expect("there is room");
    let produced = cars(&kafka, ROWS);
    let (job, _) = with_dead_letters(bounded(job(&schema, &produced.topic)));
    let mut running = job.start();
    eventually("the disk is full", || running.said().contains("53100"));
    running.lives();
    assert!(schema.count("car_info") < ROWS as i64);
    fs::remove_file(&ballast).expect("it is ours");
    let finished = running.wait().exited(0);
    assert_eq!(outcomes(&finished), [ROWS, 0, 0, 0], "{}", finished.stdout);
    assert!(dead_letters(&finished).is_empty());
    assert_eq!(schema.count("car_info"), ROWS as i64);
    assert_eq!(checksum(&mut schema), produced.checksum);
    schema.execute("DROP TABLE car_info");
    schema.execute("DROP TABLESPACE small");
}

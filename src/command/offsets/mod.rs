//! `vecsink offsets`: shows how far a job is, and sets it to other offsets.

mod reset;
mod show;

use super::Exit;
use super::console::Console;

/// Show or reset how far a job has read and written
#[derive(clap::Subcommand)]
pub enum OffsetsCommand {
    Show(show::ShowArguments),
    Reset(reset::ResetArguments),
}

pub fn offsets(command: OffsetsCommand, console: &Console) -> Exit {
    match command {
        OffsetsCommand::Show(arguments) => show::show(&arguments, console),
        OffsetsCommand::Reset(arguments) => reset::reset(arguments, console),
    }
}

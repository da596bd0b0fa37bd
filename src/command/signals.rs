//! SIGINT and SIGTERM: the first asks for a drain, the second ends the process at once.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// Whether a signal asked the process to end.
pub struct EndRequest(Arc<AtomicBool>);

impl EndRequest {
    pub fn listen() -> io::Result<Self> {
        let asked = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            // The order matters. The first handler ends the process if the flag is set, and the second sets the flag. In the other order
            // the first signal would end the process.
            flag::register_conditional_shutdown(signal, super::Exit::Failed as i32, Arc::clone(&asked))?;
            flag::register(signal, Arc::clone(&asked))?;
        }
        Ok(EndRequest(asked))
    }

    pub fn is_made(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

//! The processes of the group.

use std::time::Duration;

use crate::support::command::Running;

/// How long a process may need to drain. The database is there then, but all are slow on a busy machine.
const DRAIN: Duration = Duration::from_secs(300);

struct Member {
    name: String,
    running: Running,
    is_stopped: bool,
}

/// All that run, and those that were asked to end.
pub struct Pool<'a> {
    start: &'a dyn Fn() -> Running,
    members: Vec<Member>,
    leaving: Vec<Member>,
    started: usize,
    /// What those that were killed have said.
    logs: Vec<(String, String)>,
}

impl Pool<'_> {
    pub fn new(start: &dyn Fn() -> Running, processes: usize) -> Pool<'_> {
        let mut pool = Pool { start, members: Vec::new(), leaving: Vec::new(), started: 0, logs: Vec::new() };
        (0..processes).for_each(|_| pool.join());
        pool
    }

    /// One more.
    pub fn join(&mut self) {
        self.started += 1;
        let name = format!("process-{}.log", self.started);
        self.members.push(Member { name, running: (self.start)(), is_stopped: false });
    }

    /// Takes one of those that are not stopped.
    fn take(&mut self, choice: usize) -> Member {
        let moving: Vec<usize> = (0..self.members.len()).filter(|&at| !self.members[at].is_stopped).collect();
        self.members.remove(moving[choice % moving.len()])
    }

    /// `kill -9`.
    pub fn kill(&mut self, choice: usize) {
        let mut member = self.take(choice);
        member.running.kill();
        self.logs.push((member.name, member.running.said()));
    }

    /// Asks one to drain and end.
    pub fn leave(&mut self, choice: usize) {
        let member = self.take(choice);
        member.running.terminate();
        self.leaving.push(member);
    }

    pub fn stop(&mut self, choice: usize) {
        let member = self.take(choice);
        member.running.signal("STOP");
        self.members.push(Member { is_stopped: true, ..member });
    }

    pub fn go_on(&mut self) {
        for member in self.members.iter_mut().filter(|member| member.is_stopped) {
            member.running.signal("CONT");
            member.is_stopped = false;
        }
    }

    /// Fails if one has ended that nobody killed or asked to end.
    #[track_caller]
    pub fn live(&mut self) {
        self.members.iter_mut().for_each(|member| member.running.lives());
    }

    /// All drain and end. Returns what each of all processes has said.
    pub fn end(mut self) -> Vec<(String, String)> {
        self.members.iter().for_each(|member| member.running.terminate());
        for Member { name, running, .. } in self.members.into_iter().chain(self.leaving) {
            self.logs.push((name, running.wait_at_most(DRAIN).exited(0).stderr));
        }
        self.logs
    }
}

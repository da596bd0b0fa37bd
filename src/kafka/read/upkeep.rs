//! What the reader does between two polls: commits, lag, new partitions, the group's decisions and the brokers' answers. For each
//! of these there is a part that owns its state.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::TopicPartitionList;
use rdkafka::consumer::Consumer;

use super::discovery::{Discovery, Found};
use super::fetching::Fetching;
use super::range::RangeCheck;
use super::stall::StallCheck;
use crate::error::{Error, Result};
use crate::kafka::client::question::Question;
use crate::kafka::client::source_client::SourceClient;
use crate::kafka::commit::progress::GroupProgress;
use crate::kafka::commit::stored_progress::StoredProgress;
use crate::kafka::group::absence::Absence;
use crate::kafka::group::fenced::FencedPartitions;
use crate::kafka::group::member::Member;
use crate::kafka::group::others::OtherMembers;
use crate::kafka::group::rebalancing::{RebalanceDecision, Rebalancing};
use crate::kafka::group::subscription::Subscription;
use crate::kafka::group::takeover;
use crate::kafka::intake::{Intake, Watermark};
use crate::kafka::start::position::{StartPosition, StartReason};

/// How often progress is stored. After a crash, what was read since the last commit is read again.
const INTERVAL: Duration = Duration::from_millis(250);

pub struct Upkeep {
    /// Where the job found each partition at its start. In a group these are all partitions, also those that other members read.
    starts: Vec<StartPosition>,
    progress: GroupProgress,
    /// Nothing is stored in the group.
    without_commits: bool,
    discovery: Discovery,
    range_check: RangeCheck,
    stall_check: StallCheck,
    subscription: Subscription,
    rebalancing: Rebalancing,
    others: OtherMembers,
    fenced: FencedPartitions,
    /// The question where to begin with fenced partitions.
    take_back: Option<Question<Vec<StartPosition>>>,
    absence: Absence,
    done_at: Instant,
}

impl Upkeep {
    pub fn new(client: &SourceClient, starts: Vec<StartPosition>) -> Upkeep {
        let (source, now) = (client.source(), Instant::now());
        Upkeep {
            progress: GroupProgress::new(client.resume(), &source.bounded, &starts),
            starts,
            without_commits: false,
            discovery: Discovery::new(source.discovery_interval, now),
            range_check: RangeCheck::default(),
            stall_check: StallCheck::default(),
            subscription: Subscription::default(),
            rebalancing: Rebalancing::new(client.max_poll_interval()),
            others: OtherMembers::new(now),
            fenced: FencedPartitions::default(),
            take_back: None,
            absence: Absence::default(),
            done_at: now,
        }
    }

    pub fn starts(&self) -> &[StartPosition] {
        &self.starts
    }

    pub fn without_commits(&mut self) {
        self.without_commits = true;
    }

    pub fn stored_progress(&self) -> StoredProgress {
        self.progress.stored_progress()
    }

    /// To be called when the next record of some partition is out of range.
    pub fn check_range(&mut self) {
        self.range_check.request();
    }

    /// Begins to read the partitions, or joins the group that will assign them.
    pub fn begin(&mut self, client: &SourceClient, fetching: &mut Fetching, intake: &mut dyn Intake) -> Result<()> {
        if !self.without_commits {
            let consumer = Arc::clone(client.consumer());
            self.progress.start(move |offsets, list| offsets.commit(&consumer, list))?;
        }
        if client.in_group() {
            return self.join_group(client, intake);
        }
        announce(&self.starts, intake);
        fetching.begin(client)?;
        self.progress.send(&fetching.positions());
        Ok(())
    }

    /// Joins the group. If the job has no progress, its start positions are committed before.
    fn join_group(&mut self, client: &SourceClient, intake: &mut dyn Intake) -> Result<()> {
        let resume = client.resume();
        let is_first_run = self.starts.iter().all(|position| position.origin == StartReason::StartupMode);
        if is_first_run && !self.starts.is_empty() {
            let consumer = client.consumer();
            self.progress.commit_starts(&self.starts, resume.fresh, |offsets, list| offsets.commit(consumer, list))?;
            if resume.fresh {
                client.start_over(&self.starts)?;
            }
        }
        intake.joined(Arc::new(Member::new(client, self.progress.stored_offsets())));
        self.progress.joined();
        log::info!(
            "table {}: joining group '{}', which shares {} partitions among its members",
            client.table(),
            resume.group,
            self.starts.len()
        );
        self.subscription.begin(client, &self.starts)
    }

    /// Whether there is nothing left to read.
    pub fn is_finished(&mut self, client: &SourceClient, fetching: &Fetching) -> Result<bool> {
        if !fetching.all_done() || !client.is_bounded() {
            return Ok(false);
        }
        if client.in_group() { self.others.are_done(client, &self.starts) } else { Ok(true) }
    }

    /// Does the work that is due. Returns whether partitions were given up.
    pub fn between_polls(
        &mut self,
        client: &SourceClient,
        fetching: &mut Fetching,
        intake: &mut dyn Intake,
    ) -> Result<bool> {
        let gave_up = self.answer_group(client, fetching, intake)?;
        let gave_up = self.keep_membership(client, fetching, intake)? || gave_up;
        self.take_answers(client, fetching, intake)?;
        self.now_and_then(client, fetching, intake)?;
        Ok(gave_up)
    }

    /// Answers a decision of the group, if there is one. Returns whether partitions were given up.
    fn answer_group(
        &mut self,
        client: &SourceClient,
        fetching: &mut Fetching,
        intake: &mut dyn Intake,
    ) -> Result<bool> {
        match self.rebalancing.next(client, &self.starts, || intake.is_releasing())? {
            RebalanceDecision::Nothing => Ok(false),
            RebalanceDecision::TakeOver(found) => self.take_over(&found, client, fetching, intake).map(|()| false),
            RebalanceDecision::Leave => {
                self.rebalancing.decline_assigned(client);
                self.absence.begin(client, "the database has not answered, so its partitions go to others");
                Ok(false)
            }
            RebalanceDecision::GiveUp(partitions) => self.give_up(partitions, client, fetching, intake).map(|()| true),
        }
    }

    fn take_over(
        &mut self,
        found: &[StartPosition],
        client: &SourceClient,
        fetching: &mut Fetching,
        intake: &mut dyn Intake,
    ) -> Result<()> {
        self.progress.begin_at(found)?;
        announce(found, intake);
        fetching.begin_assigned(client, found)
    }

    /// Whether partitions may be assigned or given up now without an answer to the group being meant.
    fn may_assign(&self, client: &SourceClient, fetching: &Fetching) -> bool {
        !fetching.has_waiting() && !self.rebalancing.is_open() && !client.context().has_rebalance()
    }

    /// Takes fenced partitions over again, and joins the group again after having left it. Returns whether partitions were given up.
    fn keep_membership(
        &mut self,
        client: &SourceClient,
        fetching: &mut Fetching,
        intake: &mut dyn Intake,
    ) -> Result<bool> {
        if self.absence.is_away() {
            let is_free = self.may_assign(client, fetching) && fetching.known().is_empty();
            if self.absence.is_over(client, is_free)? {
                self.subscription.subscribe(client)?;
            }
            return Ok(false);
        }
        if self.fenced.is_empty() || !self.may_assign(client, fetching) {
            return Ok(false);
        }
        if let Some(answer) = self.take_back.as_ref().and_then(Question::answer) {
            self.take_back = None;
            match answer {
                Ok(found) => {
                    let found = self.fenced.taken(found);
                    if !found.is_empty() {
                        self.take_over(&found, client, fetching, intake)?;
                    }
                }
                Err(error @ Error::Target { passing: false, .. }) => return Err(error),
                Err(error) => {
                    log::warn!("fenced partitions can't be taken back yet: {error}");
                    self.fenced.not_taken(Instant::now());
                }
            }
            return Ok(false);
        }
        if self.take_back.is_some() {
            return Ok(false);
        }
        let due = self.fenced.due(Instant::now());
        if due.is_empty() {
            return Ok(false);
        }
        let mut list = TopicPartitionList::new();
        for (topic, id) in &due {
            list.add_partition(topic, *id);
        }
        intake.released(&due, Duration::ZERO);
        self.progress.forget(&due);
        fetching.forget(&due);
        client.give_up(&list)?;
        if self.fenced.is_too_often(Instant::now()) {
            self.fenced = FencedPartitions::default();
            self.absence.begin(client, "other processes have taken its partitions over again and again");
        } else {
            self.take_back = Some(takeover::ask(client, &list, &self.starts)?);
        }
        Ok(true)
    }

    fn give_up(
        &mut self,
        partitions: TopicPartitionList,
        client: &SourceClient,
        fetching: &mut Fetching,
        intake: &mut dyn Intake,
    ) -> Result<()> {
        self.fenced.forget(&partitions);
        // Lost partitions have another owner already.
        let lost = client.consumer().assignment_lost();
        let longest_wait = self.rebalancing.release_wait();
        let gone = fetching.known_in(&partitions);
        let watermarks = intake.released(&gone, if lost { Duration::ZERO } else { longest_wait });
        if lost {
            log::warn!(
                "group '{}' has removed this process, which was silent for too long; its {} partitions go to others",
                client.resume().group,
                gone.len()
            );
        } else {
            // If max.poll.interval.ms is short, a longer wait would make the group remove this member.
            self.progress.commit_released(&watermarks, longest_wait);
            for (topic, partition, next) in &watermarks {
                log::info!("{topic}[{partition}] goes to another process at offset {next}");
            }
        }
        self.progress.forget(&gone);
        fetching.forget(&gone);
        self.rebalancing.released(client, partitions, !lost && intake.is_releasing())
    }

    /// Acts on the brokers' answers.
    fn take_answers(&mut self, client: &SourceClient, fetching: &mut Fetching, intake: &mut dyn Intake) -> Result<()> {
        self.range_check.ask_if_due(client, fetching)?;
        // Records that were polled and wait for the intake are processed first, because they come before the missing ones. And while
        // the group waits for an answer to a rebalance, the client would take an assignment that is made here for that answer.
        if !fetching.has_waiting()
            && !self.rebalancing.is_open()
            && let Some(extents) = self.range_check.answer()
        {
            fetching.go_on_in_range(client, &extents, intake)?;
        }
        if self.may_assign(client, fetching) {
            self.stall_check.ask_if_due(client, fetching, Instant::now())?;
            if let Some(extents) = self.stall_check.answer()
                && fetching.assign_stuck(client, &extents, Instant::now())?
            {
                self.check_range();
            }
        }
        match self.discovery.found()? {
            Found::Nothing => Ok(()),
            Found::Topics(topics) => self.subscription.extend(client, topics),
            Found::Partitions(found) => {
                announce(&found, intake);
                fetching.begin_new(client, &found)?;
                self.starts.extend(found);
                Ok(())
            }
        }
    }

    /// Does what is due every [`INTERVAL`]: read positions, commits, lag, new partitions.
    #[inline]
    fn now_and_then(&mut self, client: &SourceClient, fetching: &mut Fetching, intake: &mut dyn Intake) -> Result<()> {
        let now = Instant::now();
        if now.duration_since(self.done_at) < INTERVAL {
            return Ok(());
        }
        self.done_at = now;
        fetching.advance(client, intake)?;
        fetching.learn(&client.context().take_statistics(), now);
        self.progress.hear(Duration::ZERO);
        let watermarks = intake.watermarks();
        fetching.measure_lag(&watermarks);
        self.progress.send(&watermarks);
        self.fenced.add(intake.fenced(), now);
        self.discovery.search_if_due(now, client, || fetching.known())
    }

    /// Makes the last commit, after reading has ended and everything that was read has become durable.
    pub fn commit_last(
        &mut self,
        client: &SourceClient,
        fetching: &mut Fetching,
        watermarks: &[Watermark],
    ) -> Result<()> {
        fetching.measure_lag(watermarks);
        if client.in_group() {
            self.rebalancing.decline_all(client);
        } else {
            client.unassign_all()?;
        }
        let consumer = client.consumer();
        // A record that the poll returns is dropped.
        let stored = self.progress.commit_last(watermarks, || drop(consumer.poll(Duration::ZERO)));
        self.progress.end();
        self.end_questions();
        if !stored {
            self.progress.warn_of_lost_end();
        }
        Ok(())
    }

    /// When the client is closed it leaves the group, but not if it has no partitions at that moment. Then the group would wait
    /// for it for minutes. So it unsubscribes first.
    pub fn leave_group(&mut self, client: &SourceClient) {
        self.rebalancing.decline_all(client);
        self.end_questions();
        client.consumer().unsubscribe();
    }

    fn end_questions(&mut self) {
        self.range_check.end();
        self.stall_check.end();
        self.take_back.take().into_iter().for_each(Question::end);
        self.absence.end();
        self.discovery.end();
        self.others.end();
    }
}

/// Tells the intake, and the log, which partitions are read from here on.
fn announce(starts: &[StartPosition], intake: &mut dyn Intake) {
    for start in starts {
        log::info!("{start}");
        intake.assigned(&start.topic, start.partition, start.start);
        if start.missed > 0 {
            intake.missed(start.missed);
        }
    }
}

use std::cell::RefCell;
use std::collections::VecDeque;

use super::*;

/// A client whose group has made these decisions, and whose brokers give these answers, one after another.
#[derive(Default)]
struct FakeClient {
    decisions: RefCell<VecDeque<Rebalance>>,
    answers: RefCell<VecDeque<Option<Result<Vec<StartPosition>>>>>,
    give_up: RefCell<Vec<TopicPartitionList>>,
}

impl GroupClient for FakeClient {
    fn group(&self) -> &str {
        "g"
    }

    fn take_rebalance(&self) -> Option<Rebalance> {
        self.decisions.borrow_mut().pop_front()
    }

    fn is_assigned_elsewhere(&self) -> bool {
        true
    }

    fn ask_places(&self, _: &TopicPartitionList, _: &[StartPosition]) -> Result<Question<Vec<StartPosition>>> {
        Ok(Question::answered(self.answers.borrow_mut().pop_front().flatten()))
    }

    fn give_up(&self, partitions: &TopicPartitionList) -> Result<()> {
        self.give_up.borrow_mut().push(partitions.clone());
        Ok(())
    }
}

fn list(partition: i32) -> TopicPartitionList {
    let mut list = TopicPartitionList::new();
    list.add_partition("t", partition);
    list
}

fn client(decisions: Vec<Rebalance>, answers: Vec<Option<Result<Vec<StartPosition>>>>) -> FakeClient {
    let (decisions, answers) = (RefCell::new(decisions.into()), RefCell::new(answers.into()));
    FakeClient { decisions, answers, ..FakeClient::default() }
}

fn rebalancing() -> Rebalancing {
    Rebalancing::new(Duration::from_secs(300))
}

#[test]
fn a_release_takes_at_most_ten_seconds_and_a_quarter_of_the_poll_interval() {
    assert_eq!(rebalancing().release_wait(), Duration::from_secs(10));
    assert_eq!(Rebalancing::new(Duration::from_secs(6)).release_wait(), Duration::from_millis(1500));
}

#[test]
fn assigned_partitions_are_taken_over_when_the_brokers_have_said_where_to_begin() {
    let failed = Some(Err(Error::Source("away".into())));
    let client = client(vec![Rebalance::Assigned(list(0))], vec![failed, Some(Ok(Vec::new()))]);
    let mut rebalancing = rebalancing();
    assert_eq!(rebalancing.next(&client, &[], || false), Ok(RebalanceDecision::Nothing), "the brokers are asked");
    assert!(rebalancing.is_open());
    assert_eq!(
        rebalancing.next(&client, &[], || false),
        Ok(RebalanceDecision::Nothing),
        "they failed, and are asked again"
    );
    assert!(rebalancing.is_open());
    assert_eq!(rebalancing.next(&client, &[], || false), Ok(RebalanceDecision::TakeOver(Vec::new())));
    assert!(!rebalancing.is_open());
}

#[test]
fn a_member_whose_database_does_not_answer_for_a_third_of_the_poll_interval_leaves() {
    let client = client(vec![Rebalance::Assigned(list(0))], vec![None]);
    let mut quick = Rebalancing::new(Duration::ZERO);
    assert_eq!(quick.next(&client, &[], || false), Ok(RebalanceDecision::Nothing), "the database is asked");
    assert_eq!(quick.next(&client, &[], || false), Ok(RebalanceDecision::Leave));
    assert_eq!(rebalancing().longest_taking, Duration::from_secs(100));
}

#[test]
fn a_refusal_of_the_ledger_ends_the_job_and_an_outage_is_waited_out() {
    let away = Error::Target { message: "away".into(), sqlstate: None, passing: true };
    let answers = vec![Some(Err(away)), Some(Err(Error::target("created again")))];
    let client = client(vec![Rebalance::Assigned(list(0))], answers);
    let mut rebalancing = rebalancing();
    for _ in 0..2 {
        assert_eq!(rebalancing.next(&client, &[], || false), Ok(RebalanceDecision::Nothing));
    }
    assert!(rebalancing.next(&client, &[], || false).is_err());
    assert!(rebalancing.is_open(), "the group still gets an answer");
}

#[test]
fn a_later_decision_waits_for_the_answer_to_the_one_before() {
    let decisions = vec![Rebalance::Assigned(list(0)), Rebalance::Revoked(list(1))];
    let client = client(decisions, vec![None]);
    let mut rebalancing = rebalancing();
    for _ in 0..3 {
        assert_eq!(rebalancing.next(&client, &[], || false), Ok(RebalanceDecision::Nothing));
    }
    assert_eq!(client.decisions.borrow().len(), 1);
}

#[test]
fn revoked_partitions_are_let_go_when_no_transaction_has_their_rows() {
    let client = client(vec![Rebalance::Revoked(list(0)), Rebalance::Revoked(list(1))], Vec::new());
    let mut rebalancing = rebalancing();
    assert_eq!(rebalancing.next(&client, &[], || false), Ok(RebalanceDecision::GiveUp(list(0))));
    rebalancing.released(&client, list(0), true).unwrap();
    assert!(rebalancing.is_open() && client.give_up.borrow().is_empty(), "a transaction is open");
    assert_eq!(rebalancing.next(&client, &[], || true), Ok(RebalanceDecision::Nothing));
    assert!(client.give_up.borrow().is_empty());
    assert_eq!(rebalancing.next(&client, &[], || false), Ok(RebalanceDecision::GiveUp(list(1))), "it has ended");
    assert_eq!(*client.give_up.borrow(), [list(0)]);
    rebalancing.released(&client, list(1), false).unwrap();
    assert_eq!(*client.give_up.borrow(), [list(0), list(1)]);
    assert!(!rebalancing.is_open());
}

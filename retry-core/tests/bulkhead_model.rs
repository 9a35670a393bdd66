//! Any sequence of what callers can do to a bulkhead, compared step by step with a list that anybody can read.

mod callers;

use std::collections::VecDeque;
use std::time::Duration;

use callers::{Caller, HandTimer};
use proptest::collection::vec;
use proptest::prelude::*;
use retry_core::testing::ManualClock;
use retry_core::{Bulkhead, BulkheadFull, BulkheadPermit, BulkheadSettings};

/// What happens; a number says to whom, counted around the circle of those there are.
#[derive(Clone, Copy, Debug)]
enum Step {
    TryAcquire,
    Acquire,
    Poll(usize),
    GiveUp(usize),
    Leave(usize),
    Resize(u32),
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => Just(Step::TryAcquire),
        5 => Just(Step::Acquire),
        4 => (0..8_usize).prop_map(Step::Poll),
        2 => (0..8_usize).prop_map(Step::GiveUp),
        3 => (0..8_usize).prop_map(Step::Leave),
        1 => (1..6_u32).prop_map(Step::Resize),
        2 => (0..60_u64).prop_map(Step::Pass),
    ]
}

fn settings() -> impl Strategy<Value = BulkheadSettings> {
    let wait = prop_oneof![
        1 => Just(Duration::ZERO),
        4 => (1..200_u64).prop_map(Duration::from_millis),
        2 => Just(Duration::MAX),
    ];
    (1..5_u32, wait, 0..6_u32, 0..100_u64).prop_map(|(limit, wait, queue, contention_after)| {
        let mut settings = BulkheadSettings::DEFAULT;
        settings.max_concurrent = limit;
        settings.wait = wait;
        settings.queue = queue;
        settings.contention_after = Duration::from_millis(contention_after);
        settings
    })
}

/// What somebody hears who asks for a permit.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Answer {
    Enter,
    Wait,
    Refused,
    QueueFull,
    TimedOut(Duration),
}

impl Answer {
    fn of_full(full: &BulkheadFull) -> Self {
        match (full.is_queue_full(), full.is_timed_out()) {
            (false, false) => Self::Refused,
            (true, false) => Self::QueueFull,
            (false, true) => Self::TimedOut(full.waited()),
            (true, true) => panic!("{full:?} is two things"),
        }
    }
}

/// The bulkhead as its documentation describes it.
struct Model {
    settings: BulkheadSettings,
    now: Duration,
    inside: u32,
    /// Those who wait, by name.
    line: VecDeque<usize>,
    /// All who have come to wait and are not gone yet, with when they came, in order.
    callers: Vec<(usize, Duration)>,
    next_name: usize,
    acquired: u64,
    rejected: u64,
    timed_out: u64,
    given_up: u64,
    contended: u64,
    waits: Vec<Duration>,
}

impl Model {
    fn new(settings: BulkheadSettings) -> Self {
        Self {
            settings,
            now: Duration::ZERO,
            inside: 0,
            line: VecDeque::new(),
            callers: Vec::new(),
            next_name: 0,
            acquired: 0,
            rejected: 0,
            timed_out: 0,
            given_up: 0,
            contended: 0,
            waits: Vec::new(),
        }
    }

    fn is_granted(&self, index: usize) -> bool {
        !self.line.contains(&self.callers[index].0)
    }

    fn grant(&mut self) {
        while self.inside < self.settings.max_concurrent && self.line.pop_front().is_some() {
            self.inside += 1;
        }
    }

    fn try_acquire(&mut self) -> Answer {
        if self.line.is_empty() && self.inside < self.settings.max_concurrent {
            self.inside += 1;
            self.acquired += 1;
            return Answer::Enter;
        }
        self.rejected += 1;
        Answer::Refused
    }

    fn acquire(&mut self) -> Answer {
        if self.line.is_empty() && self.inside < self.settings.max_concurrent {
            return self.try_acquire();
        }
        if self.settings.wait.is_zero() || self.settings.queue == 0 {
            self.rejected += 1;
            return Answer::Refused;
        }
        if self.line.len() >= self.settings.queue as usize {
            self.rejected += 1;
            return Answer::QueueFull;
        }
        self.line.push_back(self.next_name);
        self.callers.push((self.next_name, self.now));
        self.next_name += 1;
        Answer::Wait
    }

    fn poll(&mut self, index: usize) -> Answer {
        let waited = self.now.abs_diff(self.callers[index].1);
        if self.is_granted(index) {
            self.depart(index);
            self.acquired += 1;
            return Answer::Enter;
        }
        if waited < self.settings.wait {
            return Answer::Wait;
        }
        self.depart(index);
        self.timed_out += 1;
        Answer::TimedOut(waited)
    }

    fn give_up(&mut self, index: usize) {
        let was_granted = self.is_granted(index);
        self.depart(index);
        self.given_up += 1;
        if was_granted {
            self.leave();
        }
    }

    /// Somebody does not wait any more.
    fn depart(&mut self, index: usize) {
        let (name, since) = self.callers.remove(index);
        self.line.retain(|other| *other != name);
        let waited = self.now.abs_diff(since);
        self.waits.push(waited);
        self.contended += u64::from(waited > self.settings.contention_after);
    }

    fn leave(&mut self) {
        self.inside -= 1;
        self.grant();
    }

    fn resize(&mut self, limit: u32) {
        self.settings.max_concurrent = limit;
        self.grant();
    }
}

/// The bulkhead, and the model beside it.
struct Pair<'a> {
    bulkhead: &'a Bulkhead,
    timer: &'a HandTimer,
    callers: Vec<Caller<'a>>,
    permits: Vec<BulkheadPermit<'a>>,
    model: Model,
}

impl<'a> Pair<'a> {
    fn step(&mut self, step: Step) {
        match step {
            Step::TryAcquire => {
                let answer = match self.bulkhead.try_acquire() {
                    Ok(permit) => self.enter(permit),
                    Err(full) => Answer::of_full(&full),
                };
                assert_eq!(answer, self.model.try_acquire());
            }
            Step::Acquire => {
                let caller = Caller::new(self.bulkhead, self.timer);
                let answer = self.ask(self.callers.len(), caller);
                assert_eq!(answer, self.model.acquire());
            }
            Step::Poll(whom) => {
                if let Some(index) = around(whom, self.callers.len()) {
                    let caller = self.callers.remove(index);
                    let answer = self.ask(index, caller);
                    assert_eq!(answer, self.model.poll(index));
                }
            }
            Step::GiveUp(whom) => {
                if let Some(index) = around(whom, self.callers.len()) {
                    drop(self.callers.remove(index));
                    self.model.give_up(index);
                }
            }
            Step::Leave(whom) => {
                if let Some(index) = around(whom, self.permits.len()) {
                    drop(self.permits.swap_remove(index));
                    self.model.leave();
                }
            }
            Step::Resize(limit) => {
                self.bulkhead.resize(limit);
                self.model.resize(limit);
            }
            Step::Pass(millis) => {
                self.timer.0.advance(Duration::from_millis(millis));
                self.model.now += Duration::from_millis(millis);
            }
        }
    }

    fn enter(&mut self, permit: BulkheadPermit<'a>) -> Answer {
        self.permits.push(permit);
        Answer::Enter
    }

    /// Has somebody look whether he gets in; if he has to wait, he does so at `index`.
    fn ask(&mut self, index: usize, mut caller: Caller<'a>) -> Answer {
        match caller.poll() {
            None => {
                self.callers.insert(index, caller);
                Answer::Wait
            }
            Some(Ok(permit)) => self.enter(permit),
            Some(Err(full)) => Answer::of_full(&full),
        }
    }

    fn assert_same(&self) {
        let model = &self.model;
        assert_eq!(self.bulkhead.settings(), model.settings);
        assert_eq!(self.bulkhead.in_use(), model.inside);
        for (index, caller) in self.callers.iter().enumerate() {
            assert_eq!(
                caller.bell.rings(),
                u32::from(model.is_granted(index)),
                "caller {index} is woken if and when he is granted his permit"
            );
        }
        let told = self.bulkhead.statistics();
        assert_eq!(told.in_use, model.inside);
        assert_eq!(told.max_concurrent, model.settings.max_concurrent);
        assert_eq!(told.queued as usize, model.line.len());
        assert_eq!(told.acquired, model.acquired);
        assert_eq!(told.rejected, model.rejected);
        assert_eq!(told.timed_out, model.timed_out);
        assert_eq!(told.given_up, model.given_up);
        assert_eq!(told.contended, model.contended);
        let waits = &model.waits;
        assert_eq!(told.waits(), waits.len() as u64);
        let longest = waits.iter().max().copied().unwrap_or_default();
        assert_eq!(told.longest_wait(), longest);
        let total: Duration = waits.iter().sum();
        let mean = total.as_nanos().checked_div(waits.len() as u128);
        assert_eq!(told.mean_wait().as_nanos(), mean.unwrap_or(0));
    }
}

fn around(index: usize, len: usize) -> Option<usize> {
    index.checked_rem(len)
}

proptest! {
    #[test]
    fn a_bulkhead_does_what_its_documentation_says(settings in settings(), steps in vec(step(), 1..200)) {
        let timer = HandTimer(ManualClock::new());
        let _installed = timer.0.install();
        let bulkhead = Bulkhead::from_settings("pool", settings).unwrap();
        let mut pair = Pair {
            bulkhead: &bulkhead,
            timer: &timer,
            callers: Vec::new(),
            permits: Vec::new(),
            model: Model::new(settings),
        };
        pair.assert_same();
        for step in steps {
            pair.step(step);
            pair.assert_same();
        }
        drop(pair);
        prop_assert_eq!(bulkhead.in_use(), 0);
        prop_assert_eq!(bulkhead.statistics().queued, 0);
        prop_assert!(bulkhead.try_acquire().is_ok());
    }
}

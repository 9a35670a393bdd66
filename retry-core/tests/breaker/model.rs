//! A plain reading of the rules, and agreement with it over any settings and any course of events.

use std::time::{Duration, Instant};

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use retry_core::testing::{Installed, ManualClock, Recorder};
use retry_core::{
    CircuitBreaker, CircuitPermit, CircuitSettings, CircuitState, ClassSet, Classification, Clock,
    ErrorClass, EventKind, FailureLimit, RateLimit, RetryAfter, SlowLimit,
};

use super::support::millis;

/// All times are multiples of this, and the windows of shares are twenty times as long, so that each of their slices holds one moment.
const UNIT: Duration = millis(50);

const fn units(count: u32) -> Duration {
    UNIT.saturating_mul(count)
}

const CLASSES: [ErrorClass; 5] = [
    ErrorClass::Transient,
    ErrorClass::ServerError,
    ErrorClass::RateLimit,
    ErrorClass::Concurrency,
    ErrorClass::Permanent,
];

// What is drawn.

#[derive(Clone, Debug)]
enum Op {
    Acquire,
    Succeed(Index),
    Fail(Index, ErrorClass, Option<Duration>),
    Drop(Index),
    /// Somebody passes, if he may, and fails at once.
    Attempt(ErrorClass),
    Advance(Duration),
    /// Until exactly when the circuit may be half-open, or the oldest probe is given up.
    Wait,
    Back(Duration),
    Look,
    ForceOpen,
    ForceClosed,
    Reset,
}

fn any_op() -> impl Strategy<Value = Op> {
    let class = || select(&CLASSES[..]);
    let hint = || option::weighted(0.2, (0_u32..60).prop_map(units));
    prop_oneof![
        20 => Just(Op::Acquire),
        8 => any::<Index>().prop_map(Op::Succeed),
        12 => (any::<Index>(), class(), hint()).prop_map(|(which, class, hint)| Op::Fail(which, class, hint)),
        3 => any::<Index>().prop_map(Op::Drop),
        6 => class().prop_map(Op::Attempt),
        4 => Just(Op::Wait),
        10 => (1_u32..6).prop_map(|count| Op::Advance(units(count))),
        4 => (6_u32..60).prop_map(|count| Op::Advance(units(count))),
        1 => Just(Op::Advance(Duration::from_secs(365 * 24 * 3600))),
        2 => (1_u32..30).prop_map(|count| Op::Back(units(count))),
        1 => Just(Op::Look),
        1 => Just(Op::ForceOpen),
        1 => Just(Op::ForceClosed),
        2 => Just(Op::Reset),
    ]
}

fn some_or_for_ever(count: std::ops::Range<u32>) -> impl Strategy<Value = Duration> {
    prop_oneof![
        9 => count.prop_map(units),
        1 => Just(Duration::MAX),
    ]
}

fn any_limit() -> impl Strategy<Value = FailureLimit> {
    (1_u32..5, some_or_for_ever(1..40)).prop_map(|(count, window)| FailureLimit { count, window })
}

fn any_share() -> impl Strategy<Value = RateLimit> {
    let rate = select(&[0.1, 0.25, 0.5, 0.7, 1.0][..]);
    let window = prop_oneof![9 => Just(units(20)), 1 => Just(Duration::MAX)];
    (rate, 1_u32..7, window).prop_map(|(rate, minimum_calls, window)| RateLimit {
        rate,
        minimum_calls,
        window,
    })
}

fn any_settings() -> impl Strategy<Value = CircuitSettings> {
    let trips = (
        option::weighted(0.4, any_limit()),
        option::weighted(0.4, 1_u32..5),
        option::weighted(0.4, any_share()),
        option::weighted(0.3, (1_u32..5, any_share())),
        vec((select(&CLASSES[..4]), any_limit()), 0..3),
        vec(select(&CLASSES[..4]), 1..4),
    );
    let times = (
        some_or_for_ever(1..30),
        select(&[1.0, 1.5, 2.0, 1e10][..]),
        some_or_for_ever(1..90),
        any::<bool>(),
        (1_u32..60).prop_map(units),
    );
    let probes = (1_u32..4, 1_u32..4, some_or_for_ever(1..30));
    (trips, times, probes).prop_map(|(trips, times, probes)| {
        let mut settings = CircuitSettings::DEFAULT;
        let slow;
        let (limits, classes);
        (
            settings.failures,
            settings.consecutive,
            settings.failure_rate,
            slow,
            limits,
            classes,
        ) = trips;
        settings.slow_rate = slow.map(|(slower_than, share)| SlowLimit {
            slower_than: units(slower_than),
            rate: share.rate,
            minimum_calls: share.minimum_calls,
            window: share.window,
        });
        for (class, limit) in limits {
            settings.class_failures = settings.class_failures.with(class, limit);
        }
        settings.trip_on = ClassSet::of(&classes);
        let honor;
        (
            settings.open_for,
            settings.growth,
            settings.open_for_max,
            honor,
            settings.retry_after_max,
        ) = times;
        settings.retry_after = if honor {
            RetryAfter::Honor
        } else {
            RetryAfter::Ignore
        };
        (settings.probes, settings.successes, settings.probe_timeout) = probes;
        settings
    })
}

// The plain reading.

#[derive(Clone, Copy, Debug, PartialEq)]
enum Phase {
    Closed,
    Open,
    HalfOpen,
    ForcedOpen,
    ForcedClosed,
}

/// What happened at which times. When something is added, what is later happened now, and what is too old is forgotten.
#[derive(Clone, Debug, Default)]
struct Log(Vec<(Instant, bool)>);

impl Log {
    fn add(&mut self, now: Instant, such: bool, window: Duration) {
        for entry in &mut self.0 {
            entry.0 = entry.0.min(now);
        }
        self.0.retain(|entry| now - entry.0 < window);
        self.0.push((now, such));
    }

    fn within(&self, now: Instant, window: Duration) -> impl Iterator<Item = bool> {
        let entries = self.0.iter();
        entries
            .filter(move |entry| now.saturating_duration_since(entry.0) < window)
            .map(|entry| entry.1)
    }

    fn count(&self, now: Instant, window: Duration) -> usize {
        self.within(now, window).count()
    }

    fn share(&self, now: Instant, minimum: u32, window: Duration) -> Option<f64> {
        let all = self.count(now, window);
        let such = self.within(now, window).filter(|such| *such).count();
        let (all, such) = (u32::try_from(all).ok()?, u32::try_from(such).ok()?);
        (all >= minimum).then(|| f64::from(such) / f64::from(all))
    }
}

struct Model {
    settings: CircuitSettings,
    phase: Phase,
    /// Grows with each change of phase, by hand or not.
    generation: u32,
    since: Option<Instant>,
    open_for: Duration,
    openings: u32,
    failures: Log,
    class_failures: Vec<(ErrorClass, Log)>,
    calls: Log,
    speeds: Log,
    streak: u32,
    probes: Vec<(u32, Instant)>,
    successes: u32,
    rejected: u64,
    told: Vec<EventKind>,
}

/// What the model knows of a permit.
#[derive(Clone, Copy, Debug)]
struct Ticket {
    id: u32,
    generation: u32,
    started: Instant,
}

#[derive(Clone, Copy)]
enum Says {
    Success,
    Failure(ErrorClass, Option<Duration>),
    Nothing,
}

impl Model {
    fn new(settings: &CircuitSettings) -> Self {
        Self {
            settings: *settings,
            phase: Phase::Closed,
            generation: 0,
            since: None,
            open_for: Duration::ZERO,
            openings: 0,
            failures: Log::default(),
            class_failures: Vec::new(),
            calls: Log::default(),
            speeds: Log::default(),
            streak: 0,
            probes: Vec::new(),
            successes: 0,
            rejected: 0,
            told: Vec::new(),
        }
    }

    fn state(&self) -> CircuitState {
        match self.phase {
            Phase::Closed | Phase::ForcedClosed => CircuitState::Closed,
            Phase::Open | Phase::ForcedOpen => CircuitState::Open,
            Phase::HalfOpen => CircuitState::HalfOpen,
        }
    }

    fn begin(&mut self, phase: Phase, now: Instant) {
        let before = self.state();
        self.phase = phase;
        if self.state() != before {
            self.told.push(match self.state() {
                CircuitState::Closed => EventKind::CircuitClosed,
                CircuitState::Open => EventKind::CircuitOpened,
                CircuitState::HalfOpen => EventKind::CircuitHalfOpen,
            });
        }
        self.generation += 1;
        self.since = Some(now);
        self.failures = Log::default();
        self.class_failures.clear();
        self.calls = Log::default();
        self.speeds = Log::default();
        self.streak = 0;
        self.probes.clear();
        self.successes = 0;
    }

    fn by_hand(&mut self, phase: Phase, now: Instant) {
        self.openings = 0;
        self.begin(phase, now);
    }

    fn open(&mut self, hint: Option<Duration>, now: Instant) {
        let settings = &self.settings;
        let cap = settings.open_for_max.max(settings.open_for);
        let mut open_for = settings.open_for;
        for _ in 0..self.openings {
            if open_for < cap {
                let grown = open_for.as_secs_f64() * settings.growth;
                open_for = Duration::try_from_secs_f64(grown).map_or(cap, |grown| grown.min(cap));
            }
        }
        if let (RetryAfter::Honor, Some(hint)) = (settings.retry_after, hint) {
            open_for = open_for.max(hint.min(settings.retry_after_max));
        }
        self.open_for = open_for;
        self.openings += 1;
        self.begin(Phase::Open, now);
    }

    fn until_half_open(&self, now: Instant) -> Option<Duration> {
        let passed = now.saturating_duration_since(self.since?);
        (self.phase == Phase::Open).then(|| self.open_for.saturating_sub(passed))
    }

    fn acquire(&mut self, id: u32, now: Instant) -> Result<Ticket, Option<Duration>> {
        if self.phase == Phase::Open {
            self.since = self.since.map(|since| since.min(now));
            match self.until_half_open(now) {
                Some(left) if !left.is_zero() => {
                    self.rejected += 1;
                    return Err(Some(left));
                }
                _ => self.begin(Phase::HalfOpen, now),
            }
        }
        match self.phase {
            Phase::ForcedOpen => {
                self.rejected += 1;
                return Err(None);
            }
            Phase::HalfOpen => {
                for probe in &mut self.probes {
                    probe.1 = probe.1.min(now);
                }
                let limit = self.settings.probe_timeout;
                self.probes.retain(|probe| now - probe.1 < limit);
                let (at_a_time, needed) = (self.settings.probes, self.settings.successes);
                let under_way = u32::try_from(self.probes.len()).expect("few");
                if under_way >= at_a_time || under_way + self.successes >= at_a_time.max(needed) {
                    self.rejected += 1;
                    return Err(None);
                }
                self.probes.push((id, now));
            }
            Phase::Closed | Phase::Open | Phase::ForcedClosed => {}
        }
        Ok(Ticket {
            id,
            generation: self.generation,
            started: now,
        })
    }

    fn end(&mut self, ticket: Ticket, says: Says, now: Instant) {
        if ticket.generation != self.generation {
            return;
        }
        let took = now.saturating_duration_since(ticket.started);
        let slow = self
            .settings
            .slow_rate
            .is_some_and(|limit| took >= limit.slower_than);
        match self.phase {
            Phase::Closed => self.count(says, slow, now),
            Phase::HalfOpen => {
                let under_way = self.probes.len();
                self.probes.retain(|probe| probe.0 != ticket.id);
                if self.probes.len() < under_way {
                    self.count_probe(says, slow, now);
                }
            }
            Phase::Open | Phase::ForcedOpen | Phase::ForcedClosed => {}
        }
    }

    fn trips(&self, class: ErrorClass) -> bool {
        self.settings.trip_on.contains(class)
    }

    fn count(&mut self, says: Says, slow: bool, now: Instant) {
        let settings = self.settings;
        let mut opens = false;
        let mut hint = None;
        let mut counts_as_call = false;
        match says {
            Says::Nothing => {}
            Says::Success => {
                self.streak = 0;
                counts_as_call = true;
            }
            Says::Failure(class, retry_after) => {
                hint = retry_after;
                if let Some(limit) = settings.class_failures.get(class) {
                    let known = self.class_failures.iter().position(|log| log.0 == class);
                    let place = known.unwrap_or_else(|| {
                        self.class_failures.push((class, Log::default()));
                        self.class_failures.len() - 1
                    });
                    let log = &mut self.class_failures[place].1;
                    log.add(now, true, limit.window);
                    opens |= log.count(now, limit.window) >= limit.count as usize;
                } else if self.trips(class) {
                    if let Some(limit) = settings.failures {
                        self.failures.add(now, true, limit.window);
                        opens |= self.failures.count(now, limit.window) >= limit.count as usize;
                    }
                }
                if self.trips(class) {
                    counts_as_call = true;
                    self.streak += 1;
                    let by_default = settings.failures.is_none()
                        && settings.failure_rate.is_none()
                        && settings.slow_rate.is_none()
                        && CLASSES
                            .iter()
                            .all(|class| settings.class_failures.get(*class).is_none());
                    let longest = settings.consecutive.or(by_default.then_some(5));
                    opens |= longest.is_some_and(|longest| self.streak >= longest);
                }
            }
        }
        if counts_as_call {
            if let Some(limit) = settings.failure_rate {
                self.calls
                    .add(now, matches!(says, Says::Failure(..)), limit.window);
                let share = self.calls.share(now, limit.minimum_calls, limit.window);
                opens |= share.is_some_and(|share| share >= limit.rate);
            }
            if let Some(limit) = settings.slow_rate {
                self.speeds.add(now, slow, limit.window);
                let share = self.speeds.share(now, limit.minimum_calls, limit.window);
                opens |= share.is_some_and(|share| share >= limit.rate);
            }
        }
        if opens {
            self.open(hint, now);
        }
    }

    fn count_probe(&mut self, says: Says, slow: bool, now: Instant) {
        match says {
            Says::Failure(class, hint)
                if self.trips(class) || self.settings.class_failures.get(class).is_some() =>
            {
                self.open(hint, now);
            }
            Says::Success if slow => self.open(None, now),
            Says::Success => {
                self.successes += 1;
                if self.successes >= self.settings.successes {
                    self.openings = 0;
                    self.begin(Phase::Closed, now);
                }
            }
            Says::Failure(..) | Says::Nothing => {}
        }
    }

    /// How long until something that is waited for happens; no time if that is not known, or never.
    fn wait(&self, now: Instant) -> Duration {
        let limit = self.settings.probe_timeout;
        let lost = self.probes.first().map(|probe| {
            let age = now.saturating_duration_since(probe.1);
            limit.saturating_sub(age)
        });
        let wait = self.until_half_open(now).or(lost).unwrap_or_default();
        if wait > units(10_000) {
            Duration::ZERO
        } else {
            wait
        }
    }

    /// The failures that count towards a limit now.
    fn failures(&self, now: Instant) -> usize {
        let general = self.settings.failures;
        let general = general.map_or(0, |limit| self.failures.count(now, limit.window));
        let apart = self.class_failures.iter().filter_map(|(class, log)| {
            let limit = self.settings.class_failures.get(*class)?;
            Some(log.count(now, limit.window))
        });
        general + apart.sum::<usize>()
    }
}

// Both side by side.

fn acquire<'b>(
    breaker: &'b CircuitBreaker,
    model: &mut Model,
    id: u32,
    now: Instant,
) -> Result<Option<(CircuitPermit<'b>, Ticket)>, TestCaseError> {
    match (breaker.try_acquire(), model.acquire(id, now)) {
        (Ok(permit), Ok(ticket)) => return Ok(Some((permit, ticket))),
        (Err(open), Err(left)) => prop_assert_eq!(open.retry_after(), left),
        (permit, ticket) => prop_assert!(false, "{:?} but {:?}", permit, ticket),
    }
    Ok(None)
}

/// The clock of this thread, which can be set to any time after its beginning.
struct Hands {
    clock: ManualClock,
    installed: Option<Installed>,
}

impl Hands {
    fn new() -> Self {
        let clock = ManualClock::new();
        clock.advance(Duration::from_secs(24 * 3600));
        Self {
            installed: Some(clock.install()),
            clock,
        }
    }

    fn now(&self) -> Instant {
        self.clock.now()
    }

    fn go_back(&mut self, by: Duration) {
        let target = self
            .now()
            .checked_sub(by)
            .expect("not before its beginning");
        // A clock is taken away before another is put in its place.
        self.installed = None;
        self.clock = ManualClock::new();
        self.clock
            .advance(target.saturating_duration_since(self.clock.now()));
        self.installed = Some(self.clock.install());
    }
}

fn classification(class: ErrorClass, hint: Option<Duration>) -> Classification {
    match hint {
        Some(hint) => Classification::new(class).with_retry_after(hint),
        None => Classification::new(class),
    }
}

fn assert_agree(
    breaker: &CircuitBreaker,
    model: &Model,
    now: Instant,
) -> Result<(), TestCaseError> {
    let snapshot = breaker.snapshot();
    prop_assert_eq!(snapshot.state, model.state());
    prop_assert_eq!(breaker.state(), model.state());
    let forced = matches!(model.phase, Phase::ForcedOpen | Phase::ForcedClosed);
    prop_assert_eq!(snapshot.forced, forced);
    let since = model
        .since
        .map(|since| now.saturating_duration_since(since));
    prop_assert_eq!(snapshot.since, since);
    prop_assert_eq!(snapshot.until_half_open, model.until_half_open(now));
    prop_assert_eq!(snapshot.failures, model.failures(now));
    prop_assert_eq!(snapshot.consecutive, model.streak);
    let share = |log: &Log, limit: RateLimit| log.share(now, limit.minimum_calls, limit.window);
    let rate = model.settings.failure_rate;
    prop_assert_eq!(
        snapshot.failure_rate,
        rate.and_then(|limit| share(&model.calls, limit))
    );
    let slow = model.settings.slow_rate;
    let slow = slow.and_then(|limit| model.speeds.share(now, limit.minimum_calls, limit.window));
    prop_assert_eq!(snapshot.slow_rate, slow);
    prop_assert_eq!(snapshot.probes, model.probes.len());
    prop_assert_eq!(snapshot.successes, model.successes);
    prop_assert_eq!(snapshot.openings, model.openings);
    prop_assert_eq!(snapshot.transitions, model.told.len() as u64);
    prop_assert_eq!(snapshot.rejected, model.rejected);
    Ok(())
}

fn run(settings: &CircuitSettings, ops: Vec<Op>) -> Result<(), TestCaseError> {
    let mut hands = Hands::new();
    let recorder: &'static Recorder = Box::leak(Box::default());
    let breaker = CircuitBreaker::from_settings("model", *settings)
        .map_err(|problem| TestCaseError::fail(problem.to_string()))?
        .observe(recorder);
    let mut model = Model::new(settings);
    let mut permits: Vec<(CircuitPermit<'_>, Ticket)> = Vec::new();
    for (id, op) in (0..).zip(ops) {
        let now = hands.now();
        let mut taken = |which: Index| {
            let place = (!permits.is_empty()).then(|| which.index(permits.len()));
            place.map(|place| permits.swap_remove(place))
        };
        match op {
            Op::Acquire => permits.extend(acquire(&breaker, &mut model, id, now)?),
            Op::Attempt(class) => {
                if let Some((permit, ticket)) = acquire(&breaker, &mut model, id, now)? {
                    permit.fail(class);
                    model.end(ticket, Says::Failure(class, None), now);
                }
            }
            Op::Wait => hands.clock.advance(model.wait(now)),
            Op::Succeed(which) => {
                if let Some((permit, ticket)) = taken(which) {
                    permit.succeed();
                    model.end(ticket, Says::Success, now);
                }
            }
            Op::Fail(which, class, hint) => {
                if let Some((permit, ticket)) = taken(which) {
                    permit.fail(classification(class, hint));
                    model.end(ticket, Says::Failure(class, hint), now);
                }
            }
            Op::Drop(which) => {
                if let Some((permit, ticket)) = taken(which) {
                    drop(permit);
                    model.end(ticket, Says::Nothing, now);
                }
            }
            Op::Advance(by) => hands.clock.advance(by),
            Op::Back(by) => hands.go_back(by),
            Op::Look => {
                // With a clock that nobody else reads.
                let other = ManualClock::new();
                let _installed = other.install();
                let _ = (breaker.snapshot(), breaker.state());
                other.advance(Duration::from_secs(100 * 365 * 24 * 3600));
                let _ = breaker.snapshot();
            }
            Op::ForceOpen => {
                breaker.force_open();
                model.by_hand(Phase::ForcedOpen, now);
            }
            Op::ForceClosed => {
                breaker.force_closed();
                model.by_hand(Phase::ForcedClosed, now);
            }
            Op::Reset => {
                breaker.reset();
                model.by_hand(Phase::Closed, now);
            }
        }
        assert_agree(&breaker, &model, hands.now())?;
    }
    prop_assert_eq!(&recorder.kinds(), &model.told);
    let numbers = recorder
        .events()
        .into_iter()
        .filter_map(|event| event.transition);
    let numbers: Vec<u64> = numbers.collect();
    prop_assert_eq!(numbers, (1..=model.told.len() as u64).collect::<Vec<_>>());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_circuit_does_what_a_plain_reading_of_the_rules_says(
        settings in any_settings(),
        ops in vec(any_op(), 1..200),
    ) {
        run(&settings, ops)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(6) })]

    #[test]
    fn also_in_the_long_run(settings in any_settings(), ops in vec(any_op(), 3_000..5_000)) {
        run(&settings, ops)?;
    }
}

//! The state machine of a circuit, as it is under the lock. It reads no clock and tells nobody: it is given the time, and gives the transition
//! that it has made.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::settings::{CircuitSettings, FailureLimit, RateLimit, SlowLimit};
use super::word::Pass;
use crate::class::{Classification, ErrorClass};
use crate::event::EventKind;
use crate::recent::Recent;
use crate::window::Window;

/// What a circuit does with those who ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Everybody passes, failures are counted.
    Closed,
    /// Nobody passes until its time is over.
    Open,
    /// Probes pass.
    HalfOpen,
    /// Nobody passes.
    ForcedOpen,
    /// Everybody passes, nothing is counted.
    ForcedClosed,
}

/// A phase and which one it is, counted from the first: what a permit was granted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Era {
    pub(super) phase: Phase,
    pub(super) generation: u64,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug)]
pub(super) enum Vote {
    Success,
    Failure(Classification),
}

/// A step of the circuit that others can see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Transition {
    pub(crate) kind: EventKind,
    /// From 1.
    pub(crate) number: u64,
    /// Which one it is of all circuits': a circuit may be made where another was, with its name.
    pub(crate) serial: u64,
}

/// The counters of a window: calls, and such calls as it is about.
const ALL: usize = 0;
const SUCH: usize = 1;

/// Successes that wait for a date before somebody reads a clock for them: then that costs each a small part of a reading.
const MOST_UNDATED: u64 = 32;

/// For each of so many calls in the window one success may wait, so that a share over few calls is exact.
const CALLS_PER_UNDATED: u64 = 32;

/// How many transitions there have been in the process. It counts and publishes nothing, so relaxed order suffices.
static TRANSITIONS: AtomicU64 = AtomicU64::new(0);

#[derive(Debug)]
pub(super) struct Machine {
    era: Era,
    /// When this era began; unknown for the first one, as nobody read a clock then.
    since: Option<Instant>,
    /// How long the circuit stays open.
    open_for: Duration,
    /// How often it has opened since it was last closed.
    openings: u32,
    /// The probes under way, the oldest first.
    probes: VecDeque<Probe>,
    next_probe: u64,
    /// How many probes of this era have succeeded.
    successes: u32,
    failures: Recent,
    class_failures: [Recent; ErrorClass::ALL.len()],
    /// Calls and how many of them failed.
    calls: Window<2>,
    /// Calls and how many of them were slow.
    speeds: Window<2>,
    transitions: u64,
}

#[derive(Clone, Copy, Debug)]
struct Probe {
    key: u64,
    started: Instant,
}

/// Who may pass.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Entrance {
    Free,
    Probe {
        key: u64,
    },
    /// Nobody, and if known, not before this time has passed.
    Shut {
        until_probe: Option<Duration>,
    },
}

/// What the counters show.
#[derive(Clone, Copy)]
pub(super) struct Counts {
    pub(super) failures: usize,
    pub(super) failure_rate: Option<f64>,
    pub(super) slow_rate: Option<f64>,
    pub(super) probes: usize,
    pub(super) successes: u32,
    pub(super) openings: u32,
    pub(super) transitions: u64,
    pub(super) since: Option<Duration>,
    pub(super) until_half_open: Option<Duration>,
}

impl Machine {
    pub(super) const fn new() -> Self {
        Self {
            era: Era {
                phase: Phase::Closed,
                generation: 0,
            },
            since: None,
            open_for: Duration::ZERO,
            openings: 0,
            probes: VecDeque::new(),
            next_probe: 0,
            successes: 0,
            failures: Recent::new(),
            class_failures: [const { Recent::new() }; ErrorClass::ALL.len()],
            calls: Window::new(),
            speeds: Window::new(),
            transitions: 0,
        }
    }

    pub(super) const fn era(&self) -> Era {
        self.era
    }

    /// What is left of the time that the circuit is open, zero once it is over. `None` if the circuit is not open, or for nobody knows how long.
    ///
    /// Should the clock have gone back, as it does where one call's time is virtual and the next one's real, then the wait begins anew: the
    /// circuit must not stay open until that clock has caught up.
    pub(super) fn until_half_open(&mut self, now: Instant) -> Option<Duration> {
        self.since = self.since.map(|since| since.min(now));
        self.left(now)
    }

    /// The same for somebody who only looks: his clock may be another one.
    pub(super) fn left(&self, now: Instant) -> Option<Duration> {
        match self.era.phase {
            Phase::Open => Some(self.open_for.saturating_sub(self.elapsed(now)?)),
            Phase::Closed | Phase::HalfOpen | Phase::ForcedOpen | Phase::ForcedClosed => None,
        }
    }

    /// Since this era began.
    fn elapsed(&self, now: Instant) -> Option<Duration> {
        Some(now.saturating_duration_since(self.since?))
    }

    /// Lets somebody pass, or not. The step from open to half-open happens here, when somebody asks.
    pub(super) fn enter(
        &mut self,
        settings: &CircuitSettings,
        now: Instant,
    ) -> (Entrance, Option<Transition>) {
        let mut transition = None;
        match self.era.phase {
            Phase::Closed | Phase::ForcedClosed => return (Entrance::Free, None),
            Phase::ForcedOpen => return (Entrance::Shut { until_probe: None }, None),
            Phase::HalfOpen => {}
            Phase::Open => {
                let until_probe = self.until_half_open(now);
                if until_probe.is_some_and(|left| !left.is_zero()) {
                    return (Entrance::Shut { until_probe }, None);
                }
                transition = Some(self.begin(Phase::HalfOpen, now));
            }
        }
        self.give_up_lost_probes(settings, now);
        let under_way = u32::try_from(self.probes.len()).unwrap_or(u32::MAX);
        // No more than can be of use: whoever has succeeded need not be asked again.
        let most = settings.probes.max(settings.successes);
        if under_way >= settings.probes || under_way.saturating_add(self.successes) >= most {
            return (Entrance::Shut { until_probe: None }, transition);
        }
        let key = self.next_probe;
        self.next_probe += 1;
        self.probes.push_back(Probe { key, started: now });
        (Entrance::Probe { key }, transition)
    }

    fn give_up_lost_probes(&mut self, settings: &CircuitSettings, now: Instant) {
        for probe in &mut self.probes {
            probe.started = probe.started.min(now);
        }
        self.probes
            .retain(|probe| now.saturating_duration_since(probe.started) < settings.probe_timeout);
    }

    /// Takes a probe off the list; whether it was still on it. Those of earlier eras are not, and no key is given twice.
    pub(super) fn end_probe(&mut self, key: u64) -> bool {
        let place = self.probes.iter().position(|probe| probe.key == key);
        place.is_some_and(|place| self.probes.remove(place).is_some())
    }

    /// Counts a vote. What an earlier era has to say is of no interest.
    pub(super) fn vote(
        &mut self,
        settings: &CircuitSettings,
        pass: Pass,
        ballot: Ballot,
        now: Instant,
    ) -> Option<Transition> {
        match pass.key() {
            Some(key) if self.end_probe(key) => self.count_probe(settings, ballot, now),
            None if self.era.phase == Phase::Closed && self.era == pass.era() => {
                self.count(settings, ballot, now)
            }
            _ => None,
        }
    }

    /// Counts successes that nobody has read a clock for when they happened.
    pub(super) fn date(&mut self, settings: &CircuitSettings, successes: u16, now: Instant) {
        if let Some(limit) = settings.failure_rate.filter(|_| successes > 0) {
            self.calls.add(now, limit.window, ALL, successes.into());
        }
    }

    /// How many successes may wait to be dated, with the one who dates them: few of those in the window, and never the one that makes them
    /// enough, as that one may open the circuit.
    pub(super) fn most_undated(&self, settings: &CircuitSettings) -> u16 {
        let calls = self.calls.held()[ALL];
        let few = (calls / CALLS_PER_UNDATED).clamp(1, MOST_UNDATED);
        let minimum = settings.failure_rate.map_or(0, |limit| limit.minimum_calls);
        let to_minimum = u64::from(minimum).saturating_sub(calls);
        let most = if to_minimum == 0 {
            few
        } else {
            few.min(to_minimum)
        };
        // It is at most MOST_UNDATED.
        u16::try_from(most).unwrap_or(1)
    }

    fn count(
        &mut self,
        settings: &CircuitSettings,
        ballot: Ballot,
        now: Instant,
    ) -> Option<Transition> {
        let failure = ballot.failure();
        // A class that counts only by a limit of its own says nothing about the others.
        let counts = failure.is_none_or(|failure| settings.trip_on.contains(failure.class));
        let calls = settings
            .failure_rate
            .filter(|_| counts)
            .is_some_and(|limit| {
                count_one(&mut self.calls, now, limit.window, failure.is_some());
                self.failure_rate(limit, 0, now)
                    .is_some_and(|rate| rate >= limit.rate)
            });
        let speeds = settings.slow_rate.filter(|_| counts).is_some_and(|limit| {
            count_one(&mut self.speeds, now, limit.window, ballot.slow);
            self.slow_rate(limit, now)
                .is_some_and(|rate| rate >= limit.rate)
        });
        let failures =
            failure.is_some_and(|failure| self.count_failure(settings, failure.class, now));
        let streak = settings
            .longest_streak()
            .is_some_and(|longest| ballot.streak >= longest);
        (calls || speeds || failures || streak).then(|| {
            self.open(
                settings,
                failure.and_then(|failure| failure.retry_after),
                now,
            )
        })
    }

    /// Whether the failures are too many.
    fn count_failure(
        &mut self,
        settings: &CircuitSettings,
        class: ErrorClass,
        now: Instant,
    ) -> bool {
        let (limit, log) = match settings.class_failures.get(class) {
            Some(limit) => (Some(limit), &mut self.class_failures[class.index()]),
            None => (settings.failures, &mut self.failures),
        };
        limit.is_some_and(|limit| {
            let count = limit.count as usize;
            log.push(now, count);
            log.count(now, limit.window) >= count
        })
    }

    fn count_probe(
        &mut self,
        settings: &CircuitSettings,
        ballot: Ballot,
        now: Instant,
    ) -> Option<Transition> {
        let failure = ballot.failure();
        if failure.is_some() || ballot.slow {
            let hint = failure.and_then(|failure| failure.retry_after);
            return Some(self.open(settings, hint, now));
        }
        self.successes += 1;
        (self.successes >= settings.successes).then(|| self.close(now))
    }

    fn open(
        &mut self,
        settings: &CircuitSettings,
        hint: Option<Duration>,
        now: Instant,
    ) -> Transition {
        self.open_for = settings.opening(self.openings, hint);
        self.openings = self.openings.saturating_add(1);
        self.begin(Phase::Open, now)
    }

    fn close(&mut self, now: Instant) -> Transition {
        self.openings = 0;
        self.begin(Phase::Closed, now)
    }

    fn begin(&mut self, phase: Phase, now: Instant) -> Transition {
        self.enter_era(phase, now);
        self.transitions += 1;
        Transition {
            kind: phase.event(),
            number: self.transitions,
            serial: TRANSITIONS.fetch_add(1, Ordering::Relaxed),
        }
    }

    fn enter_era(&mut self, phase: Phase, now: Instant) {
        self.era = Era {
            phase,
            generation: self.era.generation + 1,
        };
        self.since = Some(now);
        self.probes.clear();
        self.successes = 0;
        self.failures.clear();
        for log in &mut self.class_failures {
            log.clear();
        }
        self.calls.clear();
        self.speeds.clear();
    }

    /// Puts the circuit in a phase by hand, everything forgotten. A transition only if others see a difference.
    pub(super) fn force(&mut self, phase: Phase, now: Instant) -> Option<Transition> {
        self.openings = 0;
        if self.era.phase.event() == phase.event() {
            self.enter_era(phase, now);
            return None;
        }
        Some(self.begin(phase, now))
    }

    /// All the calls that the share of failures has counted, and the failures among them.
    #[cfg(all(test, retry_loom))]
    pub(super) const fn calls_held(&self) -> [u64; 2] {
        self.calls.held()
    }

    fn failure_rate(&self, limit: RateLimit, undated: u16, now: Instant) -> Option<f64> {
        let [calls, failures] = self.calls.peek(now, limit.window);
        let calls = calls.saturating_add(undated.into());
        share([calls, failures], limit.minimum_calls)
    }

    fn slow_rate(&self, limit: SlowLimit, now: Instant) -> Option<f64> {
        share(self.speeds.peek(now, limit.window), limit.minimum_calls)
    }

    /// Only looks: whoever does may read another clock than those who vote and ask. What is undated is shown as if it were of now.
    pub(super) fn counts(&self, settings: &CircuitSettings, undated: u16, now: Instant) -> Counts {
        let in_window = |log: &Recent, limit: Option<FailureLimit>| {
            limit.map_or(0, |limit| log.peek(now, limit.window))
        };
        let mut failures = in_window(&self.failures, settings.failures);
        for class in ErrorClass::ALL {
            let log = &self.class_failures[class.index()];
            failures += in_window(log, settings.class_failures.get(class));
        }
        Counts {
            failures,
            failure_rate: settings
                .failure_rate
                .and_then(|limit| self.failure_rate(limit, undated, now)),
            slow_rate: settings
                .slow_rate
                .and_then(|limit| self.slow_rate(limit, now)),
            probes: self.probes.len(),
            successes: self.successes,
            openings: self.openings,
            transitions: self.transitions,
            since: self.elapsed(now),
            until_half_open: self.left(now),
        }
    }
}

/// A vote with what is known about the attempt.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ballot {
    pub(super) vote: Vote,
    pub(super) slow: bool,
    /// How many failures in a row there have been, this one included; zero if it is none that counts.
    pub(super) streak: u32,
}

impl Ballot {
    const fn failure(&self) -> Option<Classification> {
        match self.vote {
            Vote::Success => None,
            Vote::Failure(classification) => Some(classification),
        }
    }
}

impl Phase {
    /// How it is announced when it begins.
    const fn event(self) -> EventKind {
        match self {
            Self::Closed | Self::ForcedClosed => EventKind::CircuitClosed,
            Self::Open | Self::ForcedOpen => EventKind::CircuitOpened,
            Self::HalfOpen => EventKind::CircuitHalfOpen,
        }
    }
}

/// Counts a call, and whether it was such a one.
fn count_one(window: &mut Window<2>, now: Instant, span: Duration, such: bool) {
    window.add(now, span, ALL, 1);
    if such {
        window.add(now, span, SUCH, 1);
    }
}

/// The second counter's share of the first, once there are enough, which is one at least.
fn share([all, some]: [u64; 2], minimum: u32) -> Option<f64> {
    (all >= u64::from(minimum)).then(|| {
        #[expect(
            clippy::cast_precision_loss,
            reason = "a share of 2^53 calls and more may be off in the sixteenth digit"
        )]
        let share = some as f64 / all as f64;
        share
    })
}

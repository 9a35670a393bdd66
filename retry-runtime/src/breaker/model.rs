//! Every interleaving of those who ask, vote, leave and force.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use loom::sync::Arc;
use loom::thread;

use super::machine::Era;
use super::{
    Asker, CircuitBreaker, CircuitPermit, CircuitSettings, CircuitState, FailureLimit, Pass, Phase,
    RateLimit, Streak, Undated,
};
use crate::class::ErrorClass;
use crate::event::{Event, Observer};
use crate::time::{Clock, Stamp, TimeSource};

/// Time that does not pass by itself: the model checker runs everything again and again, and has to find the same each time.
struct Still(Instant);

impl Clock for Still {
    fn now(&self) -> Instant {
        self.0
    }
}

/// What the threads share. What is not the circuit's own is not made of the model checker's parts, so that it adds no interleavings.
struct World {
    breaker: CircuitBreaker,
    /// When the circuit opens, and when it may be half-open.
    early: Still,
    late: Still,
    admitted: AtomicU32,
}

impl World {
    /// A closed circuit that opens for a second.
    fn new(change: impl FnOnce(&mut CircuitSettings)) -> Self {
        let mut settings = CircuitSettings::DEFAULT;
        settings.consecutive = Some(1);
        settings.open_for = Duration::from_secs(1);
        settings.probe_timeout = Duration::MAX;
        change(&mut settings);
        let early = Instant::now();
        Self {
            breaker: CircuitBreaker::from_settings("model", settings).unwrap(),
            early: Still(early),
            late: Still(early + Duration::from_secs(1)),
            admitted: AtomicU32::new(0),
        }
    }

    /// A closed circuit that opens when a third of the calls fail, if there are so many.
    fn counting_shares(minimum_calls: u32) -> Self {
        Self::new(|settings| {
            settings.consecutive = None;
            settings.failure_rate = Some(RateLimit {
                rate: 1.0 / 3.0,
                minimum_calls,
                window: Duration::MAX,
            });
        })
    }

    /// As if there had been so many calls that successes may wait until there are so many.
    fn let_wait(&self, most: u16) {
        let undated = Undated {
            most,
            ..Undated::NONE
        };
        self.breaker
            .undated
            .store(undated.word(), Ordering::Relaxed);
    }

    /// The successes that wait for a clock.
    fn waiting(&self) -> Undated {
        Undated::from(self.breaker.undated.load(Ordering::Relaxed))
    }

    fn observed_by(self, observer: &'static dyn Observer) -> Self {
        let breaker = self.breaker.observe(observer);
        Self { breaker, ..self }
    }

    fn at(clock: &Still) -> Asker<'_> {
        Asker {
            time: TimeSource::Custom(clock),
            ..Asker::alone()
        }
    }

    fn enter(&self, clock: &Still) -> Option<CircuitPermit<'_>> {
        self.breaker.enter(&Self::at(clock)).0.ok()
    }

    /// A permit, as it was granted in `era`.
    fn permit(&self, era: Era) -> CircuitPermit<'_> {
        CircuitPermit::new(&self.breaker, Pass::free(era), Stamp::NONE)
    }

    /// The permit of a probe.
    fn probe_permit(&self, key: u64) -> CircuitPermit<'_> {
        CircuitPermit::new(&self.breaker, Pass::probe(key), Stamp::NONE)
    }

    fn fail(&self, permit: CircuitPermit<'_>) {
        permit.fail_for(ErrorClass::Transient.into(), &Self::at(&self.early));
    }

    fn succeed(&self, permit: CircuitPermit<'_>) {
        if let Err(permit) = permit.succeed_at_once() {
            permit.vote_success(&Self::at(&self.early));
        }
    }

    fn fail_once(&self) {
        if let Some(permit) = self.enter(&self.early) {
            self.fail(permit);
        }
    }

    /// Asks for a place as a probe, and keeps it.
    fn probe(&self) {
        if let Some(permit) = self.enter(&self.late) {
            assert!(permit.parts.pass.key().is_some());
            self.admitted.fetch_add(1, Ordering::Relaxed);
            std::mem::forget(permit);
        }
    }

    /// Makes it half-open with these many probes under way.
    fn probing<const PROBES: usize>(&self) -> [u64; PROBES] {
        self.fail_once();
        [(); PROBES].map(|()| {
            let permit = self.enter(&self.late).unwrap();
            permit.into_parts().pass.key().unwrap()
        })
    }

    fn era(&self) -> Era {
        self.breaker.lock().machine.era()
    }

    fn under_way(&self) -> usize {
        self.breaker.snapshot().probes
    }

    fn admitted(&self) -> u32 {
        self.admitted.load(Ordering::Relaxed)
    }

    /// Failures in a row, of the generation that is now.
    fn streak(&self) -> u32 {
        self.breaker.snapshot().consecutive
    }
}

/// Runs each on a thread of its own, the last on this one.
fn race<const OTHERS: usize>(
    world: World,
    others: [Box<dyn FnOnce(&World) + Send>; OTHERS],
    own: impl FnOnce(&World),
) -> Arc<World> {
    let world = Arc::new(world);
    let others = others.map(|other| {
        let world = Arc::clone(&world);
        thread::spawn(move || other(&world))
    });
    own(&world);
    for other in others {
        other.join().unwrap();
    }
    world
}

// The closed circuit.

#[test]
fn a_success_takes_no_lock_where_failures_are_counted() {
    loom::model(|| {
        let world = World::new(|settings| settings.consecutive = Some(2));
        world.fail_once();
        // The model checker sees that whoever waited for this would wait for ever.
        let locked = world.breaker.lock();
        let permit = world.enter(&world.early).unwrap();
        world.succeed(permit);
        drop(world.enter(&world.early));
        drop(locked);
        assert_eq!(world.streak(), 0);
    });
}

// The edge.

#[test]
fn one_of_three_is_the_probe() {
    loom::model(|| {
        let world = World::new(|_| ());
        world.fail_once();
        let world = race(
            world,
            [Box::new(World::probe), Box::new(World::probe)],
            World::probe,
        );
        assert_eq!((world.admitted(), world.under_way()), (1, 1));
        assert_eq!(
            world.era(),
            Era {
                phase: Phase::HalfOpen,
                generation: 2
            }
        );
        assert_eq!(world.breaker.snapshot().rejected, 2);
    });
}

#[test]
fn two_of_three_are_the_probes() {
    loom::model(|| {
        let world = World::new(|settings| settings.probes = 2);
        world.fail_once();
        let world = race(
            world,
            [Box::new(World::probe), Box::new(World::probe)],
            World::probe,
        );
        assert_eq!((world.admitted(), world.under_way()), (2, 2));
    });
}

#[test]
fn a_permit_belongs_to_the_state_that_granted_it() {
    loom::model(|| {
        let world = World::new(|_| ());
        world.fail_once();
        let resets = |world: &World| world.breaker.reset();
        let fails: fn(&World) = World::fail_once;
        race(world, [Box::new(resets), Box::new(fails)], |world| {
            if let Some(permit) = world.enter(&world.late) {
                let is_closed = permit.parts.pass.era().phase == Phase::Closed;
                assert_ne!(permit.parts.pass.key().is_some(), is_closed);
            }
        });
    });
}

#[test]
fn a_place_that_becomes_free_is_given_to_one_and_not_lost() {
    loom::model(|| {
        let world = World::new(|_| ());
        let [key] = world.probing();
        let leaves = move |world: &World| drop(world.probe_permit(key));
        let world = race(
            world,
            [Box::new(leaves), Box::new(World::probe)],
            World::probe,
        );
        assert!(world.admitted() <= 1);
        if world.admitted() == 0 {
            world.probe();
        }
        assert_eq!((world.admitted(), world.under_way()), (1, 1));
    });
}

#[test]
fn a_place_that_is_given_back_twice_is_free_once() {
    loom::model(|| {
        let world = World::new(|settings| settings.probes = 2);
        let [first, _] = world.probing();
        // The one was given up, and a neutral result gives back the other: both know the same key.
        let leaves = move |world: &World| drop(world.probe_permit(first));
        let world = race(world, [Box::new(leaves), Box::new(leaves)], World::probe);
        let under_way = u32::try_from(world.under_way()).unwrap();
        assert_eq!(under_way, 1 + world.admitted());
    });
}

// Votes.

#[test]
fn of_two_probes_that_disagree_the_first_decides() {
    loom::model(|| {
        let world = World::new(|settings| settings.probes = 2);
        let [first, second] = world.probing();
        let fails = move |world: &World| world.fail(world.probe_permit(first));
        let world = race(world, [Box::new(fails)], move |world| {
            world.succeed(world.probe_permit(second));
        });
        let snapshot = world.breaker.snapshot();
        assert_eq!(snapshot.transitions, 3);
        assert_ne!(snapshot.state, CircuitState::HalfOpen);
        assert_eq!((snapshot.probes, snapshot.consecutive), (0, 0));
    });
}

#[test]
fn as_many_successes_as_are_needed_close_once() {
    loom::model(|| {
        let world = World::new(|settings| (settings.probes, settings.successes) = (2, 2));
        let [first, second] = world.probing();
        let succeeds = move |world: &World| world.succeed(world.probe_permit(first));
        let world = race(world, [Box::new(succeeds)], move |world| {
            world.succeed(world.probe_permit(second));
        });
        let snapshot = world.breaker.snapshot();
        assert_eq!(
            (snapshot.state, snapshot.transitions),
            (CircuitState::Closed, 3)
        );
    });
}

#[test]
fn failures_at_the_same_time_are_all_counted_and_open_once() {
    loom::model(|| {
        let world = World::new(|settings| settings.consecutive = Some(3));
        let era = world.era();
        let fails = move |world: &World| world.fail(world.permit(era));
        let world = race(world, [Box::new(fails), Box::new(fails)], fails);
        let snapshot = world.breaker.snapshot();
        assert_eq!(
            (snapshot.state, snapshot.transitions),
            (CircuitState::Open, 1)
        );
    });
}

#[test]
fn a_success_ends_the_row_before_it_or_comes_before_its_end() {
    loom::model(|| {
        let world = World::new(|settings| settings.consecutive = Some(2));
        let era = world.era();
        world.fail_once();
        let succeeds = move |world: &World| world.succeed(world.permit(era));
        let world = race(world, [Box::new(succeeds)], World::fail_once);
        match world.breaker.state() {
            CircuitState::Open => {}
            CircuitState::Closed => assert_eq!(world.streak(), 1),
            CircuitState::HalfOpen => unreachable!("nobody asks late"),
        }
    });
}

#[test]
fn a_success_among_failures_is_not_overlooked() {
    loom::model(|| {
        let world = World::new(|settings| settings.consecutive = Some(3));
        let era = world.era();
        world.fail_once();
        let succeeds = move |world: &World| world.succeed(world.permit(era));
        let world = race(world, [Box::new(succeeds)], World::fail_once);
        world.fail_once();
        assert_eq!(world.breaker.state(), CircuitState::Closed);
    });
}

#[test]
fn a_late_failure_counts_for_its_own_generation_only() {
    loom::model(|| {
        let world = World::new(|settings| settings.consecutive = Some(2));
        let era = world.era();
        let late = move |world: &World| world.fail(world.permit(era));
        let world = race(world, [Box::new(late)], |world| {
            world.breaker.reset();
            world.fail_once();
        });
        assert_eq!(world.breaker.state(), CircuitState::Closed);
        assert_eq!(world.streak(), 1);
    });
}

#[test]
fn a_late_failure_does_not_open_a_later_generation() {
    loom::model(|| {
        let world = World::new(|settings| {
            settings.consecutive = None;
            settings.failures = Some(FailureLimit {
                count: 1,
                window: Duration::MAX,
            });
        });
        let era = world.era();
        let late = move |world: &World| world.fail(world.permit(era));
        let world = race(world, [Box::new(late)], |world| world.breaker.reset());
        assert_eq!(world.breaker.state(), CircuitState::Closed);
    });
}

#[test]
fn a_late_success_ends_no_row_of_a_later_generation() {
    loom::model(|| {
        let world = World::new(|settings| settings.consecutive = Some(2));
        let era = world.era();
        world.fail_once();
        let late = move |world: &World| world.succeed(world.permit(era));
        let world = race(world, [Box::new(late)], |world| {
            world.breaker.reset();
            world.fail_once();
        });
        assert_eq!(world.streak(), 1);
    });
}

#[test]
fn what_is_forced_stays_whatever_a_probe_says() {
    loom::model(|| {
        let world = World::new(|_| ());
        let [key] = world.probing();
        let votes = move |world: &World| world.succeed(world.probe_permit(key));
        let world = race(world, [Box::new(votes)], |world| world.breaker.force_open());
        assert_eq!(world.era().phase, Phase::ForcedOpen);
        assert_eq!(world.breaker.state(), CircuitState::Open);
        assert_eq!(world.under_way(), 0);
    });
}

#[test]
fn what_everybody_sees_is_what_the_lock_guards() {
    loom::model(|| {
        let world = World::new(|_| ());
        let fails: fn(&World) = World::fail_once;
        let forces = |world: &World| world.breaker.force_closed();
        let world = race(world, [Box::new(fails), Box::new(forces)], |world| {
            world.breaker.reset()
        });
        let seen = Era::of(world.breaker.era.load(Ordering::Relaxed));
        assert_eq!(seen, world.era());
        let streak = Streak::from(world.breaker.streak.load(Ordering::Relaxed));
        assert!(u64::from(streak.generation) <= seen.generation);
    });
}

// Successes that wait for a clock.

#[test]
fn successes_wait_without_a_lock() {
    loom::model(|| {
        let world = World::counting_shares(1);
        world.let_wait(3);
        // The model checker sees that whoever waited for this would wait for ever.
        let locked = world.breaker.lock();
        world.succeed(world.permit(Era::FIRST));
        drop(locked);
        assert_eq!(world.breaker.snapshot().failure_rate, Some(0.0));
    });
}

#[test]
fn successes_at_the_same_time_as_a_failure_are_all_counted() {
    loom::model(|| {
        let world = World::counting_shares(1);
        world.let_wait(8);
        let succeeds = |world: &World| world.succeed(world.permit(Era::FIRST));
        let world = race(
            world,
            [Box::new(succeeds), Box::new(succeeds)],
            |world: &World| world.fail(world.permit(Era::FIRST)),
        );
        // The failure alone would be all that there is.
        if world.breaker.state() == CircuitState::Closed {
            world.succeed(world.permit(Era::FIRST));
            let rate = world.breaker.snapshot().failure_rate;
            assert_eq!(rate, Some(0.25));
        }
    });
}

#[test]
fn the_success_that_makes_them_enough_opens() {
    loom::model(|| {
        let world = World::counting_shares(3);
        world.fail_once();
        world.let_wait(2);
        let succeeds = |world: &World| world.succeed(world.permit(Era::FIRST));
        let world = race(world, [Box::new(succeeds)], succeeds);
        assert_eq!(world.breaker.state(), CircuitState::Open);
    });
}

#[test]
fn more_than_may_do_not_wait() {
    loom::model(|| {
        let world = World::counting_shares(u32::MAX);
        world.let_wait(2);
        let succeeds = |world: &World| world.succeed(world.permit(Era::FIRST));
        let world = race(world, [Box::new(succeeds), Box::new(succeeds)], succeeds);
        let [dated, _] = world.breaker.lock().machine.calls_held();
        assert_eq!(dated + u64::from(world.waiting().count), 3);
        assert!(world.waiting().count < 2);
    });
}

#[test]
fn a_late_success_waits_in_no_later_generation() {
    loom::model(|| {
        let world = World::counting_shares(1);
        world.let_wait(8);
        let late = |world: &World| world.succeed(world.permit(Era::FIRST));
        let world = race(world, [Box::new(late)], |world| world.breaker.reset());
        assert_eq!(world.waiting().count, 0);
        assert_eq!(world.breaker.snapshot().failure_rate, None);
    });
}

#[test]
fn a_success_is_counted_in_the_generation_that_granted_its_permit() {
    loom::model(|| {
        let world = World::counting_shares(1);
        let succeeds = |world: &World| {
            let permit = world.enter(&world.early).unwrap();
            if permit.parts.pass.era() != Era::FIRST {
                world.succeed(permit);
                world.admitted.fetch_add(1, Ordering::Relaxed);
            }
        };
        let world = race(world, [Box::new(succeeds)], |world| world.breaker.reset());
        let rate = world.breaker.snapshot().failure_rate;
        assert_eq!(rate.is_some(), world.admitted() == 1);
    });
}

// What is told.

/// Keeps the numbers of the transitions, and whether they were told one after the other.
struct Log {
    telling: AtomicBool,
    overlapped: AtomicBool,
    numbers: Mutex<Vec<u64>>,
}

impl Log {
    const fn new() -> Self {
        Self {
            telling: AtomicBool::new(false),
            overlapped: AtomicBool::new(false),
            numbers: Mutex::new(Vec::new()),
        }
    }

    fn take(&self) -> Vec<u64> {
        let numbers = self.numbers.lock();
        std::mem::take(&mut *numbers.unwrap_or_else(PoisonError::into_inner))
    }
}

impl Observer for Log {
    fn on_event(&self, event: &Event<'_>) {
        if self.telling.swap(true, Ordering::Relaxed) {
            self.overlapped.store(true, Ordering::Relaxed);
        }
        // Others may do something in the meantime.
        thread::yield_now();
        let numbers = self.numbers.lock();
        let mut numbers = numbers.unwrap_or_else(PoisonError::into_inner);
        numbers.extend(event.transition);
        self.telling.store(false, Ordering::Relaxed);
    }
}

#[test]
fn transitions_are_told_in_order_and_once_each() {
    static LOG: Log = Log::new();
    loom::model(|| {
        let world = World::new(|_| ()).observed_by(&LOG);
        let opens = |world: &World| world.breaker.force_open();
        let fails: fn(&World) = World::fail_once;
        let world = race(world, [Box::new(opens), Box::new(fails)], |world| {
            world.breaker.reset();
        });
        let all: Vec<u64> = (1..=world.breaker.snapshot().transitions).collect();
        assert_eq!(LOG.take(), all);
        assert!(!LOG.overlapped.load(Ordering::Relaxed));
    });
}

#[test]
fn the_step_to_half_open_is_told_in_its_place() {
    static LOG: Log = Log::new();
    loom::model(|| {
        let world = World::new(|_| ()).observed_by(&LOG);
        world.fail_once();
        let asks = |world: &World| drop(world.enter(&world.late));
        let world = race(world, [Box::new(asks)], |world| {
            world.breaker.reset();
            world.fail_once();
        });
        let all: Vec<u64> = (1..=world.breaker.snapshot().transitions).collect();
        assert_eq!(LOG.take(), all);
    });
}

//! Every interleaving of those who share a budget: no token is lost, none is there twice.

use std::time::{Duration, Instant};

use loom::sync::Arc;
use loom::thread;

use super::{Budget, BudgetCosts, BudgetSettings};
use crate::class::ErrorClass;
use crate::time::{Clock, TimeSource};

/// A clock that stands still, so that each run of a model is the same.
struct Frozen(Instant);

impl Clock for Frozen {
    fn now(&self) -> Instant {
        self.0
    }
}

struct Shared {
    budget: Budget,
    clock: Frozen,
}

impl Shared {
    fn new(settings: BudgetSettings) -> Arc<Self> {
        Arc::new(Self {
            budget: Budget::from_settings("model", settings).unwrap(),
            clock: Frozen(Instant::now()),
        })
    }

    fn time(&self) -> TimeSource<'_> {
        TimeSource::Custom(&self.clock)
    }

    fn deposit(&self) {
        self.budget.deposit_on(self.time());
    }

    /// Takes a token and spends it, and says how many that were.
    fn spend(&self) -> u64 {
        let token = self.budget.withdraw_on(ErrorClass::Transient, self.time());
        token.map_or(0, |token| {
            token.spend();
            1
        })
    }

    /// Takes a token and gives it back, and says whether there was one.
    fn give_back(&self) -> bool {
        self.budget
            .withdraw_on(ErrorClass::Transient, self.time())
            .is_some()
    }

    /// Spends what is left.
    fn drain(&self) -> u64 {
        let mut spent = 0;
        while self.spend() > 0 {
            spent += 1;
        }
        spent
    }
}

/// Does something in another thread.
fn beside<T: 'static>(
    shared: &Arc<Shared>,
    run: impl FnOnce(&Shared) -> T + 'static,
) -> thread::JoinHandle<T> {
    let shared = Arc::clone(shared);
    thread::spawn(move || run(&shared))
}

const fn ratio(floor: u32) -> BudgetSettings {
    BudgetSettings::Ratio { ratio: 1.0, floor }
}

const fn per_window(retries: u32) -> BudgetSettings {
    BudgetSettings::PerWindow {
        retries,
        window: Duration::from_secs(10),
    }
}

/// Each retry costs 5.
const fn bucket(capacity: u32) -> BudgetSettings {
    BudgetSettings::TokenBucket {
        capacity,
        costs: BudgetCosts::DEFAULT,
        refund: 5,
    }
}

#[test]
fn the_last_token_is_spent_once() {
    for settings in [per_window(1), bucket(5)] {
        loom::model(move || {
            let shared = Shared::new(settings);
            let other = beside(&shared, Shared::spend);
            let spent = shared.spend() + other.join().unwrap();
            assert_eq!(spent, 1);
        });
    }
}

#[test]
fn what_never_ran_is_there_again() {
    for (settings, tokens) in [(ratio(1), 10), (per_window(2), 2), (bucket(10), 2)] {
        loom::model(move || {
            let shared = Shared::new(settings);
            let giver = beside(&shared, Shared::give_back);
            let spender = beside(&shared, Shared::spend);
            assert!(shared.give_back() | giver.join().unwrap());
            assert_eq!(shared.drain() + spender.join().unwrap(), tokens);
        });
    }
}

#[test]
fn each_first_attempt_allows_one_retry_once() {
    loom::model(|| {
        let shared = Shared::new(BudgetSettings::Ratio {
            ratio: 1.0,
            floor: 0,
        });
        let caller = beside(&shared, |shared| {
            shared.deposit();
            shared.spend()
        });
        shared.deposit();
        let spent = shared.spend() + caller.join().unwrap();
        assert_eq!(spent + shared.drain(), 2);
    });
}

#[test]
fn first_attempts_that_come_due_together_are_dated_once() {
    loom::model(|| {
        let shared = Shared::new(ratio(0));
        (0..15).for_each(|_| shared.deposit());
        let caller = beside(&shared, Shared::deposit);
        let spender = beside(&shared, Shared::spend);
        shared.deposit();
        caller.join().unwrap();
        assert_eq!(spender.join().unwrap() + shared.drain(), 17);
    });
}

#[test]
fn a_success_refunds_once() {
    loom::model(|| {
        let shared = Shared::new(bucket(10));
        assert_eq!(shared.drain(), 2);
        let winner = beside(&shared, |shared| shared.budget.succeed());
        let spender = beside(&shared, Shared::spend);
        shared.budget.succeed();
        winner.join().unwrap();
        assert_eq!(spender.join().unwrap() + shared.drain(), 2);
    });
}

#[test]
fn what_is_given_back_during_a_reset_is_not_there_twice() {
    for (settings, tokens) in [(per_window(2), 2), (bucket(10), 2)] {
        loom::model(move || {
            let shared = Shared::new(settings);
            let giver = beside(&shared, Shared::give_back);
            let resetter = beside(&shared, |shared| shared.budget.reset());
            assert!(giver.join().unwrap());
            resetter.join().unwrap();
            assert_eq!(shared.drain(), tokens);
        });
    }
}

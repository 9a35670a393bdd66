//! Any history of a budget, against a plain reading of its documentation.

mod support;

use proptest::prelude::*;
use retry_core::testing::ManualClock;
use retry_core::{Budget, BudgetCosts, BudgetSettings, Clock, ErrorClass};
use support::millis;

#[derive(Clone, Debug)]
enum Step {
    Forward(u64),
    Back(u64),
    Deposit(u64),
    Withdraw(ErrorClass),
    Spend(prop::sample::Index),
    Drop(prop::sample::Index),
    Succeed,
    Reset,
    Look,
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..1_200_u64).prop_map(Step::Forward),
        1 => (1_200..15_000_u64).prop_map(Step::Forward),
        1 => (1..5_000_u64).prop_map(Step::Back),
        8 => (1..8_u64).prop_map(Step::Deposit),
        16 => prop::sample::select(&ErrorClass::ALL[3..]).prop_map(Step::Withdraw),
        4 => any::<prop::sample::Index>().prop_map(Step::Spend),
        4 => any::<prop::sample::Index>().prop_map(Step::Drop),
        6 => Just(Step::Succeed),
        1 => Just(Step::Reset),
        8 => Just(Step::Look),
    ]
}

const MILLI: u64 = 1_000_000;

/// A form, written down as plainly as can be. Time is in nanoseconds.
trait Model {
    fn deposit(&mut self, now: u64);
    /// A number for what was taken, if it may be.
    fn withdraw(&mut self, class: ErrorClass, now: u64) -> Option<u64>;
    fn give_back(&mut self, taken: u64);
    fn succeed(&mut self);
    fn reset(&mut self);
    fn remaining(&mut self, now: u64) -> u64;
}

/// Hundredths of a retry, first attempts and retries in one list without bound, each with the beginning of its half second.
#[derive(Default)]
struct RatioModel {
    hundredths: u64,
    floor: u64,
    undated: u64,
    /// When, and the number of a retry; none for a first attempt.
    entries: Vec<(u64, Option<u64>)>,
    begins: Option<u64>,
    next: u64,
}

impl RatioModel {
    fn turn_to(&mut self, now: u64) {
        if self.begins.is_some_and(|begins| begins > now) {
            let earlier = self.entries.iter().map(|entry| entry.0);
            let joined = earlier.filter(|at| *at <= now).max();
            let begins = joined.filter(|at| now - at < 500 * MILLI).unwrap_or(now);
            for entry in self.entries.iter_mut().filter(|entry| entry.0 > now) {
                entry.0 = begins;
            }
            self.begins = Some(begins);
        }
        self.entries.retain(|entry| now - entry.0 < 10_000 * MILLI);
    }

    fn enter(&mut self, now: u64, retry: Option<u64>) {
        let begins = self
            .begins
            .filter(|begins| now - begins < 500 * MILLI)
            .unwrap_or(now);
        self.begins = Some(begins);
        self.entries.push((begins, retry));
    }

    fn date(&mut self, now: u64) {
        if self.undated > 0 {
            self.turn_to(now);
        }
        for _ in 0..std::mem::take(&mut self.undated) {
            self.enter(now, None);
        }
    }
}

impl Model for RatioModel {
    fn deposit(&mut self, now: u64) {
        self.undated += 1;
        if self.undated == 32 {
            self.date(now);
        }
    }

    fn withdraw(&mut self, _: ErrorClass, now: u64) -> Option<u64> {
        (self.remaining(now) > 0).then(|| {
            self.next += 1;
            self.enter(now, Some(self.next));
            self.next
        })
    }

    fn give_back(&mut self, taken: u64) {
        // The half second stays, even if nothing is left in it.
        for entry in self
            .entries
            .iter_mut()
            .filter(|entry| entry.1 == Some(taken))
        {
            entry.1 = Some(0);
        }
    }

    fn succeed(&mut self) {}

    fn reset(&mut self) {
        self.undated = 0;
        self.entries.clear();
        self.begins = None;
    }

    fn remaining(&mut self, now: u64) -> u64 {
        self.date(now);
        self.turn_to(now);
        let count = |wanted: fn(Option<u64>) -> bool| {
            self.entries.iter().filter(|entry| wanted(entry.1)).count() as u64
        };
        let first_attempts = count(|retry| retry.is_none());
        let retries = count(|retry| retry.is_some_and(|number| number > 0));
        (first_attempts * self.hundredths / 100)
            .max(self.floor * 10)
            .saturating_sub(retries)
    }
}

struct WindowModel {
    most: u64,
    window: u64,
    retries: Vec<(u64, u64)>,
    next: u64,
}

impl Model for WindowModel {
    fn deposit(&mut self, _: u64) {}

    fn withdraw(&mut self, _: ErrorClass, now: u64) -> Option<u64> {
        (self.remaining(now) > 0).then(|| {
            self.next += 1;
            self.retries.push((now, self.next));
            self.next
        })
    }

    fn give_back(&mut self, taken: u64) {
        self.retries.retain(|retry| retry.1 != taken);
    }

    fn succeed(&mut self) {}

    fn reset(&mut self) {
        self.retries.clear();
    }

    fn remaining(&mut self, now: u64) -> u64 {
        for retry in &mut self.retries {
            retry.0 = retry.0.min(now);
        }
        self.retries.retain(|retry| now - retry.0 < self.window);
        self.most - self.retries.len() as u64
    }
}

struct BucketModel {
    capacity: u64,
    tokens: u64,
    costs: BudgetCosts,
    refund: u64,
    /// What each of the retries that can still be given back has cost.
    taken: Vec<u64>,
}

impl Model for BucketModel {
    fn deposit(&mut self, _: u64) {}

    fn withdraw(&mut self, class: ErrorClass, _: u64) -> Option<u64> {
        let cost = u64::from(self.costs.of(class));
        self.tokens = self.tokens.checked_sub(cost)?;
        self.taken.push(cost);
        Some(self.taken.len() as u64 - 1)
    }

    fn give_back(&mut self, taken: u64) {
        let cost = self.taken[usize::try_from(taken).expect("an index")];
        self.tokens = self.capacity.min(self.tokens + cost);
    }

    fn succeed(&mut self) {
        self.tokens = self.capacity.min(self.tokens + self.refund);
    }

    fn reset(&mut self) {
        self.tokens = self.capacity;
        self.taken.fill(0);
    }

    fn remaining(&mut self, _: u64) -> u64 {
        let costs = ErrorClass::ALL.map(|class| self.costs.of(class));
        let dearest = u64::from(costs.into_iter().max().expect("eight"));
        self.tokens.checked_div(dearest).unwrap_or(u64::MAX)
    }
}

/// Goes through the steps with both.
fn agree(budget: &Budget, model: &mut dyn Model, steps: Vec<Step>) -> Result<(), TestCaseError> {
    let mut clock = ManualClock::new();
    let zero = clock.now();
    let mut tokens = Vec::new();
    for step in steps {
        match step {
            Step::Forward(by) => clock.advance(millis(by)),
            Step::Back(by) => {
                // No clock goes back, but there are others that show less.
                let shows = clock.elapsed().saturating_sub(millis(by));
                clock = ManualClock::new();
                clock.advance(shows);
            }
            _ => {}
        }
        let _installed = clock.install();
        let now = u64::try_from((clock.now() - zero).as_nanos()).expect("some hours");
        match step {
            Step::Deposit(times) => {
                for _ in 0..times {
                    budget.deposit();
                    model.deposit(now);
                }
            }
            Step::Withdraw(class) => {
                let (token, entry) = (budget.withdraw(class).ok(), model.withdraw(class, now));
                prop_assert_eq!(token.is_some(), entry.is_some());
                tokens.extend(token.zip(entry));
            }
            Step::Spend(index) if !tokens.is_empty() => {
                tokens.swap_remove(index.index(tokens.len())).0.spend();
            }
            Step::Drop(index) if !tokens.is_empty() => {
                let (token, entry) = tokens.swap_remove(index.index(tokens.len()));
                drop(token);
                model.give_back(entry);
            }
            Step::Succeed => {
                budget.succeeded();
                model.succeed();
            }
            Step::Reset => {
                budget.reset();
                model.reset();
            }
            Step::Look => prop_assert_eq!(budget.remaining(), model.remaining(now)),
            Step::Forward(_) | Step::Back(_) | Step::Spend(_) | Step::Drop(_) => {}
        }
    }
    for (token, _) in tokens {
        token.spend();
    }
    Ok(())
}

fn any_history() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(any_step(), 1..250)
}

proptest! {
    #[test]
    fn a_budget_by_ratio_does_what_is_written(hundredths in 0..300_u32, floor in 0..3_u32, steps in any_history()) {
        let ratio = f64::from(hundredths) / 100.0;
        let budget = Budget::from_settings("ratio", BudgetSettings::Ratio { ratio, floor });
        prop_assume!(budget.is_ok());
        let mut model = RatioModel { hundredths: hundredths.into(), floor: floor.into(), ..RatioModel::default() };
        agree(&budget.expect("as assumed"), &mut model, steps)?;
    }

    #[test]
    fn a_budget_per_window_does_what_is_written(most in 1..20_u32, window in 1..8_000_u64, steps in any_history()) {
        let budget = Budget::new("window").per_window(most, millis(window));
        let mut model = WindowModel { most: most.into(), window: window * MILLI, retries: Vec::new(), next: 0 };
        agree(&budget, &mut model, steps)?;
    }

    #[test]
    fn a_token_bucket_does_what_is_written(
        capacity in 5..60_u32,
        dear in 0..60_u32,
        class in prop::sample::select(&ErrorClass::ALL[3..]),
        refund in 1..10_u32,
        steps in any_history(),
    ) {
        let dear = dear % (capacity + 1);
        let budget = Budget::new("bucket").token_bucket(capacity).cost(class, dear).refund(refund);
        let BudgetSettings::TokenBucket { costs, .. } = budget.settings() else {
            unreachable!("it is a bucket");
        };
        let capacity = u64::from(capacity);
        let mut model = BucketModel { capacity, tokens: capacity, costs, refund: refund.into(), taken: Vec::new() };
        agree(&budget, &mut model, steps)?;
    }
}

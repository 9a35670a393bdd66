//! `clone(…)` and `carry(…)`: what the next attempt sees of an argument.

use std::cell::RefCell;

use retry_core::retry;

use crate::fault::{Fault, Runs};

#[test]
fn a_cloned_argument_can_be_consumed_by_each_attempt() {
    #[retry(backoff = none, clone(body))]
    fn send(body: Vec<u8>, runs: &Runs) -> Result<Vec<u8>, Fault> {
        let mut sent = body;
        sent.push(0);
        runs.flaky_until(3)?;
        Ok(sent)
    }
    assert_eq!(send(vec![1], &Runs::new()), Ok(vec![1, 0]));
}

#[tokio::test]
async fn a_cloned_argument_can_be_consumed_by_each_async_attempt() {
    #[retry(backoff = none, clone(body, name))]
    async fn send(body: Vec<u8>, name: String, runs: &Runs) -> Result<(Vec<u8>, String), Fault> {
        let sent = (body, name);
        tokio::task::yield_now().await;
        runs.flaky_until(3)?;
        Ok(sent)
    }
    let sent = send(vec![1], "n".to_owned(), &Runs::new()).await;
    assert_eq!(sent, Ok((vec![1], "n".to_owned())));
}

#[test]
fn a_cloned_mut_argument_starts_fresh() {
    #[retry(backoff = none, clone(page))]
    fn next(mut page: u32, runs: &Runs) -> Result<u32, Fault> {
        page += 1;
        runs.flaky_until(3)?;
        Ok(page)
    }
    assert_eq!(next(7, &Runs::new()), Ok(8));
}

#[test]
fn a_carried_mut_argument_keeps_its_changes() {
    #[retry(backoff = none, carry(page))]
    fn next(mut page: u32, runs: &Runs) -> Result<u32, Fault> {
        page += 1;
        runs.flaky_until(3)?;
        Ok(page)
    }
    assert_eq!(next(7, &Runs::new()), Ok(10));
}

#[tokio::test]
async fn fresh_and_carried_arguments_live_side_by_side() {
    #[retry(backoff = none, clone(fresh), carry(kept))]
    async fn next((mut fresh, mut kept): (u32, u32), runs: &Runs) -> Result<(u32, u32), Fault> {
        fresh += 1;
        kept += 1;
        tokio::task::yield_now().await;
        runs.flaky_until(3)?;
        Ok((fresh, kept))
    }
    assert_eq!(next((0, 0), &Runs::new()).await, Ok((1, 3)));
}

#[test]
fn a_carried_mut_self_keeps_its_changes() {
    struct Cursor(u32);
    impl Cursor {
        #[retry(backoff = none, carry(self))]
        fn next(mut self, runs: &Runs) -> Result<u32, Fault> {
            self.0 += 1;
            runs.flaky_until(3)?;
            Ok(self.0)
        }
    }
    assert_eq!(Cursor(0).next(&Runs::new()), Ok(3));
}

#[test]
fn a_mutable_borrow_is_no_mut_binding() {
    #[retry(backoff = none)]
    fn push(list: &mut Vec<u32>, runs: &Runs) -> Result<usize, Fault> {
        list.push(0);
        runs.flaky_until(3)?;
        Ok(list.len())
    }
    assert_eq!(push(&mut Vec::new(), &Runs::new()), Ok(3));
}

#[test]
fn an_iterator_that_is_cloned_begins_again() {
    #[retry(backoff = none, clone(numbers))]
    fn sum(mut numbers: impl Iterator<Item = u32> + Clone, runs: &Runs) -> Result<u32, Fault> {
        let first = numbers.next().unwrap_or_default();
        runs.flaky_until(3)?;
        Ok(first + numbers.sum::<u32>())
    }
    assert_eq!(sum(1..4, &Runs::new()), Ok(6));
}

#[test]
fn a_temporary_of_the_tail_may_borrow_a_copy() {
    #[retry(backoff = none, clone(shared))]
    fn length(shared: RefCell<Vec<u32>>) -> Result<usize, Fault> {
        shared.borrow_mut().push(1);
        shared.borrow().first().map(|_| 1).ok_or(Fault::Fatal)
    }
    assert_eq!(length(RefCell::default()), Ok(1));
}

#[tokio::test]
async fn an_optional_mutable_borrow_is_lent_again_to_each_attempt() {
    #[retry(backoff = none, carry(list))]
    fn push(mut list: Option<&mut Vec<u32>>, runs: &Runs) -> Result<u32, Fault> {
        if let Some(list) = list.as_deref_mut() {
            list.push(0);
        }
        runs.flaky_until(3)
    }
    #[retry(backoff = none, carry(list))]
    async fn push_later(mut list: Option<&mut Vec<u32>>, runs: &Runs) -> Result<u32, Fault> {
        if let Some(list) = list.as_deref_mut() {
            tokio::task::yield_now().await;
            list.push(0);
        }
        runs.flaky_until(3)
    }
    let mut list = Vec::new();
    assert_eq!(push(Some(&mut list), &Runs::new()), Ok(3));
    assert_eq!(push_later(Some(&mut list), &Runs::new()).await, Ok(3));
    assert_eq!(push(None, &Runs::new()), Ok(3));
    assert_eq!(list.len(), 6);
}

#[tokio::test]
async fn a_mutable_borrow_that_no_attempt_owns_may_be_returned() {
    struct Arena(std::sync::atomic::AtomicU32);
    impl Arena {
        fn make(&self) -> &mut u32 {
            let number = self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            Box::leak(Box::new(number))
        }

        #[retry(backoff = none)]
        fn flaky(&self, runs: &Runs) -> Result<&mut u32, Fault> {
            runs.flaky_until(2)?;
            Ok(self.make())
        }

        #[retry(backoff = none)]
        async fn of_another<'a>(
            &mut self,
            other: &'a Self,
            unused: &mut Vec<u32>,
        ) -> Result<&'a mut u32, Fault> {
            self.0.store(1, std::sync::atomic::Ordering::Relaxed);
            unused.push(1);
            Ok(other.make())
        }
    }
    let mut arena = Arena(5.into());
    assert_eq!(arena.flaky(&Runs::new()).copied(), Ok(5));
    let (other, mut unused) = (Arena(9.into()), Vec::new());
    assert_eq!(arena.of_another(&other, &mut unused).await.copied(), Ok(9));
}

//! x
use retry_core::{retry, Policy};
use std::io;
#[retry(attempts = 4, backoff = none)]
fn sync(n: &mut u32) -> io::Result<u32> { *n += 1; if *n < 3 { return Err(io::ErrorKind::TimedOut.into()); } Ok(*n) }
#[retry(attempts = 4, backoff = exponential("100ms", max = "1s"), attempt_timeout = "1s", deadline = "10s")]
async fn asy(n: &mut u32) -> io::Result<u32> { *n += 1; if *n < 3 { Err::<(), _>(io::Error::from(io::ErrorKind::TimedOut))?; } Ok(*n) }
#[retry(policy = Policy::AGGRESSIVE, jitter = none, retry_if = |e| e.kind() == io::ErrorKind::TimedOut)]
async fn pol(n: &mut u32) -> io::Result<u32> { *n += 1; if *n < 3 { Err::<(), _>(io::Error::from(io::ErrorKind::TimedOut))?; } Ok(*n) }
#[test] fn s() { let mut n = 0; assert_eq!(sync(&mut n).unwrap(), 3); }
#[tokio::test(start_paused = true)] async fn a() { let mut n = 0; assert_eq!(asy(&mut n).await.unwrap(), 3);  n = 0; assert_eq!(pol(&mut n).await.unwrap(), 3);}

//! What this project costs, next to its peers, on the same work in the same process.
//!
//! # How it is measured
//!
//! A [case] is something that a user does. A [subject] does it: nobody (`bare`, the floor), this project ([`ours`]) or a peer
//! ([`peers`], one file each with its whole configuration). The operation is the same for all, and costs next to nothing ([`operation`]).
//!
//! - **Time**: each subject of a case in turn, round after round, so that whatever slows the machine down hits all alike. The minimum over the
//!   rounds is what it costs, the median says how calm the machine was. See [`timing`].
//! - **Instructions**: counted by callgrind in a process of their own, as the difference between many runs and few. See [`instructions`].
//! - **Heap**: blocks and bytes, counted by an allocator in a program of its own, so that nobody's time has the counting in it. See [`heap`].
//! - **Future**: `size_of_val` of an async block that makes the call and awaits it.
//! - **Building**: see [`compile`].
//!
//! `cargo run --release -p benchmarks --bin compare` does all of that.

pub mod allocations;
pub mod asleep;
pub mod bare;
pub mod case;
pub mod compile;
pub mod figures;
pub mod heap;
pub mod instructions;
pub mod machine;
pub mod operation;
pub mod ours;
pub mod parties;
pub mod peers;
pub mod report;
pub mod subject;
pub mod target;
pub mod timing;
pub mod workload;

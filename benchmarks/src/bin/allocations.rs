//! What each subject asks of the heap: the same work as in `compare`, in a program whose allocator counts. `compare` builds and runs it.
//!
//! The arguments are names of cases.

use std::alloc::{GlobalAlloc, Layout, System};

use benchmarks::allocations;
use benchmarks::case::Case;
use benchmarks::heap::{count_allocation, count_release};

/// The system's allocator, which counts.
struct Counting;

// SAFETY: it hands every request on to the system's allocator, unchanged; what it does besides is to add to counters.
#[allow(unsafe_code)] // an allocator cannot be written without
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count_allocation(layout.size());
        // SAFETY: the caller keeps the contract, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count_release(layout.size());
        // SAFETY: the caller keeps the contract, which is the same.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count_release(layout.size());
        count_allocation(size);
        // SAFETY: the caller keeps the contract, which is the same.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

fn main() {
    for case in std::env::args()
        .skip(1)
        .filter_map(|name| Case::named(&name))
    {
        allocations::print(case);
    }
}

//! Heap use of the current thread, counted by the allocator of the test binary.
//!
//! Wire it in once: `#[global_allocator] static HEAP: heap::Counting = heap::Counting;`
//! Memory that C libraries take for themselves (zstd's window) is not seen.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// The system allocator, counting what each thread holds and at most held.
pub struct Counting;

#[derive(Clone, Copy)]
struct Level {
    now: isize,
    peak: isize,
}

thread_local! {
    static LEVEL: Cell<Level> = const { Cell::new(Level { now: 0, peak: 0 }) };
}

fn count(bytes: isize) {
    // A thread that is ending has no counter any more; nothing is measured then.
    let _ = LEVEL.try_with(|level| {
        let Level { now, peak } = level.get();
        let now = now + bytes;
        level.set(Level { now, peak: peak.max(now) });
    });
}

fn signed(bytes: usize) -> isize {
    isize::try_from(bytes).unwrap_or(isize::MAX)
}

// SAFETY: every call is passed on unchanged to the system allocator; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(signed(layout.size()));
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(signed(layout.size()));
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-signed(layout.size()));
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // The old block counts until the new one is there, as if it always had to be copied.
        count(signed(size));
        // SAFETY: the caller's promises are passed on.
        let moved = unsafe { System.realloc(pointer, layout, size) };
        count(-signed(layout.size()));
        moved
    }
}

/// Runs `work` and returns its result with the most bytes that this thread held at once meanwhile, beyond
/// what it held before.
pub fn peak_of<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = LEVEL.with(|level| {
        let now = level.get().now;
        level.set(Level { now, peak: now });
        now
    });
    let result = work();
    let peak = LEVEL.with(|level| level.get().peak);
    (result, usize::try_from(peak - before).unwrap_or_default())
}

//! How far a long run has come, on a terminal's standard error.

use super::world::World;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A run that ends sooner tells nothing.
const PATIENCE: Duration = Duration::from_millis(500);
/// The time between two looks.
const PACE: Duration = Duration::from_millis(100);

/// What is being done, and how much of it is done. Shared between the threads that do it.
#[derive(Debug, Default)]
pub(super) struct Progress {
    state: Mutex<State>,
    wake: Condvar,
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    what: &'static str,
    done: usize,
    total: usize,
    over: bool,
}

/// Ends the telling, also where the work panics.
struct End<'a>(&'a Progress);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.state().over = true;
        self.0.wake.notify_all();
    }
}

impl Progress {
    /// Does some work, and tells how far it is where that is `wanted` and somebody looks.
    pub(super) fn during<T>(wanted: bool, world: &dyn World, work: impl FnOnce(&Self) -> T) -> T {
        let progress = Self::default();
        if !wanted || !world.err_is_terminal() {
            return work(&progress);
        }
        std::thread::scope(|scope| {
            scope.spawn(|| progress.tell(world));
            let _end = End(&progress);
            work(&progress)
        })
    }

    /// Begins a step: so many things are to be done.
    pub(super) fn begin(progress: Option<&Self>, what: &'static str, total: usize) {
        if let Some(mut state) = progress.map(Self::state) {
            (state.what, state.done, state.total) = (what, 0, total);
        }
    }

    /// One thing of the step is done.
    pub(super) fn tick(progress: Option<&Self>) {
        if let Some(mut state) = progress.map(Self::state) {
            state.done += 1;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits, and gives what is known then; nothing where the work is over.
    fn wait(&self, time: Duration) -> Option<State> {
        let waited = self.wake.wait_timeout_while(self.state(), time, |state| !state.over);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        (!state.over).then_some(*state)
    }

    fn tell(&self, world: &dyn World) {
        let mut time = PATIENCE;
        while let Some(State { what, done, total, .. }) = self.wait(time) {
            time = PACE;
            if total > 0 {
                world.err(&format!("\r\u{1b}[K{what} {done} of {total}"));
            }
        }
        if time == PACE {
            world.err("\r\u{1b}[K");
        }
    }
}

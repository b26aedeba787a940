//! Runs policies on a thread of their own, within a budget.
//!
//! CEL counts its steps, and Rego looks at a clock between its own; what neither counts (a function of theirs over a huge
//! text) is bounded here: a policy that does not answer in time is left behind. The thread has a deep stack.

use super::{Answer, Failure, Policy, PolicyKind, Subject};
use crate::yaml::emit::Data;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

/// How long a policy may take to answer for one object.
const PATIENCE: Duration = Duration::from_secs(2);

/// The stack of the thread. Only what is used of it takes memory.
const STACK: usize = 64 << 20;

/// A policy with the objects that it is asked about.
#[derive(Clone, Debug)]
pub struct Task {
    /// The policy.
    pub policy: Arc<Policy>,
    /// Its parameters.
    pub params: Arc<Data>,
    /// The objects: their places among the subjects.
    pub subjects: Vec<usize>,
}

/// Asks each policy about its objects. Gives an answer per task and object, in their order.
///
/// A policy whose budget is spent is not asked again, in this run or another.
pub fn run(tasks: &[Task], subjects: Vec<Subject>) -> Vec<Vec<Answer>> {
    let subjects = Arc::new(subjects);
    let mut answers: Vec<Vec<Answer>> = tasks.iter().map(|task| vec![Answer::default(); task.subjects.len()]).collect();
    let all =
        tasks.iter().enumerate().flat_map(|(at, task)| (0..task.subjects.len()).map(move |subject| (at, subject)));
    let mut jobs: Vec<(usize, usize)> = all.collect();
    while !jobs.is_empty() {
        let (sender, receiver) = channel();
        let work = Work { tasks: tasks.to_vec(), jobs: jobs.clone(), subjects: Arc::clone(&subjects) };
        let thread = std::thread::Builder::new().stack_size(STACK).spawn(move || work.work(&sender));
        let mut done = 0;
        let gave_up = if let Err(error) = thread {
            Failure::new(format!("no thread for it can be started: {error}"), None)
        } else {
            loop {
                match receiver.recv_timeout(PATIENCE) {
                    Ok(answer) => {
                        if let Some((task, subject)) = jobs.get(done) {
                            answers[*task][*subject] = answer;
                        }
                        done += 1;
                    }
                    Err(RecvTimeoutError::Timeout) => break overdue(),
                    Err(RecvTimeoutError::Disconnected) => break Failure::new("its evaluation broke off", None),
                }
            }
        };
        let Some((task, subject)) = jobs.get(done).copied() else { break };
        let failure = {
            let policy = &tasks[task].policy;
            policy.spent.get_or_init(|| Failure { spent: true, place: policy.place(), ..gave_up }).clone()
        };
        answers[task][subject].failures.push(failure);
        jobs.drain(..=done);
    }
    answers
}

fn overdue() -> Failure {
    let message = format!("it does not answer for one object within {} seconds", PATIENCE.as_secs());
    Failure { help: Some("look for what grows: long texts, wide ranges".to_owned()), ..Failure::new(message, None) }
}

/// What one thread does.
struct Work {
    tasks: Vec<Task>,
    jobs: Vec<(usize, usize)>,
    subjects: Arc<Vec<Subject>>,
}

impl Work {
    fn work(&self, sender: &Sender<Answer>) {
        let mut cel = super::cel::Session::new(&self.subjects);
        #[cfg(feature = "rego")]
        let mut rego = super::rego::Session::new(&self.subjects);
        for (at, subject) in &self.jobs {
            let Some(task) = self.tasks.get(*at) else { return };
            let Some(subject) = task.subjects.get(*subject).copied() else { return };
            let answer = if let Some(failure) = task.policy.spent.get() {
                Answer { failures: vec![failure.clone()], ..Answer::default() }
            } else {
                match &task.policy.kind {
                    PolicyKind::Cel(policy) => cel.judge(policy, &task.params, subject),
                    #[cfg(feature = "rego")]
                    PolicyKind::Rego(policy) => rego.judge(*at, policy, &task.params, subject),
                }
            };
            if let Some(failure) = answer.failures.iter().find(|failure| failure.spent) {
                _ = task.policy.spent.set(failure.clone());
            }
            // Nobody listens any more: this thread was left behind.
            if sender.send(answer).is_err() {
                return;
            }
        }
    }
}

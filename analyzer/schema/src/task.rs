//! The states a response task goes through, and who moves it.

use serde::{Deserialize, Serialize};

/// State of a response task. The issuer owns definition, deadline and verdict; the assignee owns progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TaskState {
    /// Dispatched, not yet signed for (待签收).
    New,
    /// Signed for (已签收).
    Signed,
    /// Being worked on (处置中).
    Working,
    /// Reported as done, waiting for the issuer (待核验).
    Submitted,
    /// The issuer agrees (已核验).
    Verified,
    /// Done and filed (已办结).
    Closed,
    /// Withdrawn by the issuer (已撤销).
    Cancelled,
}

/// What somebody does to a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TaskVerb {
    /// Assignee: sign for it.
    Sign,
    /// Assignee: report progress.
    Progress,
    /// Assignee: report it done.
    Submit,
    /// Issuer: send it back with a reason.
    Return,
    /// Issuer: agree that it is done.
    Verify,
    /// Issuer: file it.
    Close,
    /// Issuer: open it again.
    Reopen,
    /// Issuer: withdraw it.
    Cancel,
}

/// A verb that the state does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a task that is {state:?} does not take {verb:?}")]
pub struct TaskTransitionError {
    /// State the task is in.
    pub state: TaskState,
    /// What was tried.
    pub verb: TaskVerb,
}

impl TaskState {
    /// Every state, in the order of a task's life.
    pub const ALL: [Self; 7] =
        [Self::New, Self::Signed, Self::Working, Self::Submitted, Self::Verified, Self::Closed, Self::Cancelled];

    /// The word that databases and the interface use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Signed => "signed",
            Self::Working => "working",
            Self::Submitted => "submitted",
            Self::Verified => "verified",
            Self::Closed => "closed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The state of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// The state after a verb.
    ///
    /// # Errors
    /// When the state does not allow the verb.
    pub const fn after(self, verb: TaskVerb) -> Result<Self, TaskTransitionError> {
        use TaskState as S;
        use TaskVerb as V;
        match (self, verb) {
            (S::New, V::Sign) => Ok(S::Signed),
            (S::Signed | S::Working, V::Progress) | (S::Submitted, V::Return) => Ok(S::Working),
            (S::Signed | S::Working, V::Submit) => Ok(S::Submitted),
            (S::Submitted, V::Verify) => Ok(S::Verified),
            (S::Verified, V::Close) => Ok(S::Closed),
            (S::Verified | S::Closed, V::Reopen) => Ok(S::Working),
            (S::New | S::Signed | S::Working | S::Submitted, V::Cancel) => Ok(S::Cancelled),
            (state, verb) => Err(TaskTransitionError { state, verb }),
        }
    }

    /// Whether nothing more is expected.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Closed | Self::Cancelled)
    }
}

impl TaskVerb {
    /// Whether the assignee does this; everything else is the issuer's.
    #[must_use]
    pub const fn is_assignees(self) -> bool {
        matches!(self, Self::Sign | Self::Progress | Self::Submit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_life() {
        let verbs = [
            TaskVerb::Sign,
            TaskVerb::Progress,
            TaskVerb::Submit,
            TaskVerb::Return,
            TaskVerb::Submit,
            TaskVerb::Verify,
            TaskVerb::Close,
        ];
        let end = verbs.into_iter().try_fold(TaskState::New, TaskState::after);
        assert_eq!(end, Ok(TaskState::Closed));
    }

    #[test]
    fn final_states_take_no_progress() {
        for state in TaskState::ALL.into_iter().filter(|state| state.is_final()) {
            for verb in [TaskVerb::Sign, TaskVerb::Progress, TaskVerb::Submit, TaskVerb::Verify, TaskVerb::Cancel] {
                assert!(state.after(verb).is_err(), "{state:?} {verb:?}");
            }
        }
    }

    #[test]
    fn words_and_states_agree() {
        for state in TaskState::ALL {
            assert_eq!(TaskState::from_word(state.as_str()), Some(state));
        }
    }
}

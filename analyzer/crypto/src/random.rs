//! The operating system's randomness.

/// The operating system gave no randomness. There is no fallback: a predictable key is worse than none.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gave no randomness")]
pub struct RandomnessError(#[source] getrandom::Error);

/// `N` random bytes from the operating system.
///
/// # Errors
/// When the operating system gives none.
pub fn random_bytes<const N: usize>() -> Result<[u8; N], RandomnessError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(RandomnessError)?;
    Ok(bytes)
}

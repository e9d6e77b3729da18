#[derive(Clone)]
pub(crate) struct AppState;

//! The configuration of AWS's SDK, read from the environment when it is first needed.

use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use tokio::sync::OnceCell;

/// The time limit for a connection to AWS.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// The time limit for a call to AWS, including the SDK's own retries.
const CALL_TIMEOUT: Duration = Duration::from_secs(8);

/// Region, credentials and endpoints. Reading them takes milliseconds, which most cold starts do not need to spend.
#[derive(Default)]
pub struct Aws(OnceCell<SdkConfig>);

impl Aws {
    /// The configuration for the client of any AWS service.
    pub async fn config(&self) -> &SdkConfig {
        self.0.get_or_init(from_env).await
    }
}

impl From<SdkConfig> for Aws {
    fn from(config: SdkConfig) -> Self {
        Aws(OnceCell::new_with(Some(config)))
    }
}

async fn from_env() -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_timeout(CALL_TIMEOUT)
        .build();
    aws_config::defaults(BehaviorVersion::latest())
        .timeout_config(timeouts)
        .load()
        .await
}

//! AWS: the SDK's configuration, read from the environment when something first asks for it.

use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use tokio::sync::OnceCell;

/// Time to reach AWS.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Time for a call to AWS, the SDK's own retries included.
const CALL_TIMEOUT: Duration = Duration::from_secs(8);

/// Region, credentials and endpoints. Reading them costs milliseconds that most cold starts need not pay.
#[derive(Default)]
pub struct Aws(OnceCell<SdkConfig>);

impl Aws {
    /// What every client of an AWS service is made from.
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

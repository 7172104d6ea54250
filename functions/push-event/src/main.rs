//! The function behind the queue: pushes what S3, Koji or a message asks for.

use std::time::Duration;

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use omps::app::App;
use omps::deadline::Deadline;
use omps::events::worker::{Batch, Worker};

/// What is kept of the function's time to say what is to be delivered again.
const RESERVE: Duration = Duration::from_secs(5);

#[tokio::main]
async fn main() -> Result<(), Error> {
    let app = &App::from_env()?;
    let worker = &Worker::on_aws(app);
    run(service_fn(|event: LambdaEvent<Batch>| async move {
        let deadline = Deadline::of_function(event.context.deadline, RESERVE);
        let deadline = deadline.ok_or("the time is up")?;
        Ok::<_, Error>(worker.work(app, &event.payload, deadline).await)
    }))
    .await
}

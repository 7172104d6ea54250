//! The function that reads the queue: it pushes what the messages from S3, Koji or users ask for.

use std::time::Duration;

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use omps::app::App;
use omps::deadline::Deadline;
use omps::events::worker::{Batch, Worker};
use omps::telemetry::trace;

/// The part of its time that the function reserves to report the messages that must be delivered again.
const RESERVE: Duration = Duration::from_secs(5);

#[tokio::main]
async fn main() -> Result<(), Error> {
    let app = &App::from_env()?;
    let worker = &Worker::on_aws(app);
    run(service_fn(|event: LambdaEvent<Batch>| async move {
        let deadline = Deadline::of_function(event.context.deadline, RESERVE);
        let deadline = deadline.ok_or("the time is up")?;
        let trace = event.context.xray_trace_id.as_deref();
        let work = worker.work(app, &event.payload, deadline);
        Ok::<_, Error>(trace::within(trace.and_then(trace::named), work).await)
    }))
    .await
}

//! A ledger in a DynamoDB table, for short-lived processes. Each entry is an item.

use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use tokio::sync::OnceCell;

use super::Entry;
use super::claims::{LedgerError, Swapped};
use crate::aws::Aws;

/// A table whose key is the text `id`. An item has the entry as JSON in `entry`, its revision in `revision`, and in
/// `forgotten_at` the time (seconds since 1970) from which DynamoDB may delete it.
pub(super) struct DynamoDb {
    table: String,
    aws: Arc<Aws>,
    client: OnceCell<Client>,
}

impl DynamoDb {
    pub(super) fn new(table: String, aws: Arc<Aws>) -> Self {
        DynamoDb {
            table,
            aws,
            client: OnceCell::new(),
        }
    }

    pub(super) async fn swap(
        &self,
        key: &str,
        revision: Option<u64>,
        next: &Entry,
    ) -> Result<Swapped, LedgerError> {
        let number = |number: u64| AttributeValue::N(number.to_string());
        let text = serde_json::to_string(next).map_err(|error| defect(&error))?;
        let put = self
            .client()
            .await
            .put_item()
            .table_name(&self.table)
            .item("id", AttributeValue::S(key.to_owned()))
            .item("entry", AttributeValue::S(text))
            .item("revision", number(next.revision))
            .item("forgotten_at", number(next.forgotten_at / 1000))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let put = match revision {
            None => put.condition_expression("attribute_not_exists(id)"),
            Some(revision) => put
                .condition_expression("revision = :revision")
                .expression_attribute_values(":revision", number(revision)),
        };
        match put.send().await {
            Ok(_) => Ok(Swapped::Done),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(refusal)) => {
                    let item = refusal.item();
                    let text = item.and_then(|item| item.get("entry")?.as_s().ok());
                    let there =
                        text.map(|text| serde_json::from_str(text).map_err(|error| defect(&error)));
                    Ok(Swapped::Changed(there.transpose()?))
                }
                _ => Err(unavailable(&error)),
            },
        }
    }

    /// Reads an item that does not exist.
    pub(super) async fn check(&self) -> Result<(), LedgerError> {
        let get = self.client().await.get_item().table_name(&self.table);
        let get = get.key("id", AttributeValue::S("check".to_owned()));
        match get.send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(unavailable(&error)),
        }
    }

    async fn client(&self) -> &Client {
        let connect = async || Client::new(self.aws.config().await);
        self.client.get_or_init(connect).await
    }
}

fn unavailable<E>(error: &SdkError<E>) -> LedgerError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    tracing::error!(cause = %DisplayErrorContext(error), "a call to DynamoDB failed");
    LedgerError::Unavailable(match error.code() {
        Some(code) => format!("DynamoDB answered {code}"),
        None => "DynamoDB could not be reached".to_owned(),
    })
}

fn defect(error: &serde_json::Error) -> LedgerError {
    LedgerError::Unavailable(format!("an entry cannot be read or written: {error}"))
}

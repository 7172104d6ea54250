//! A ledger for processes that come and go: each entry an item of a table, changed only under conditions.

use std::collections::HashMap;
use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};
use tokio::sync::OnceCell;

use super::{Done, Hold, LedgerError, Note, Taken};
use crate::aws::Aws;

/// A table whose key is the text `id`, and whose `forgotten_at` DynamoDB knows for the time to live.
pub struct DynamoDb {
    table: String,
    aws: Arc<Aws>,
    client: OnceCell<Client>,
}

type Item = HashMap<String, AttributeValue>;

impl DynamoDb {
    pub(super) fn new(table: String, aws: Arc<Aws>) -> Self {
        DynamoDb {
            table,
            aws,
            client: OnceCell::new(),
        }
    }

    pub(super) async fn take(&self, key: &str, hold: &Hold<'_>) -> Result<Taken, LedgerError> {
        let number = |number: u128| AttributeValue::N(number.to_string());
        let answer = self
            .update(key)
            .await
            .update_expression(
                "SET held_by = :holder, held_until = :until, forgotten_at = :forgotten_at",
            )
            .condition_expression(
                "attribute_not_exists(pushed_version) AND (attribute_not_exists(held_until) OR held_until < :now)",
            )
            .expression_attribute_values(":holder", AttributeValue::S(hold.holder.to_owned()))
            .expression_attribute_values(":now", number(hold.now.as_millis()))
            .expression_attribute_values(":until", number(hold.until.as_millis()))
            .expression_attribute_values(":forgotten_at", number(hold.forgotten_at.as_secs().into()))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match answer {
            Ok(answer) => {
                let item = answer.attributes.unwrap_or_default();
                Ok(Taken::Ours(text(&item, "begun_version")))
            }
            Err(error) => match refused(&error) {
                Some(item) => Ok(done(&item).map_or(Taken::Busy, Taken::Done)),
                None => Err(unreachable(&error)),
            },
        }
    }

    pub(super) async fn note(
        &self,
        key: &str,
        holder: &str,
        note: Note<'_>,
    ) -> Result<(), LedgerError> {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let update = self
            .update(key)
            .await
            .condition_expression("held_by = :holder")
            .expression_attribute_values(":holder", text(holder));
        let update = match note {
            Note::Begun(version) => update
                .update_expression("SET begun_version = :version")
                .expression_attribute_values(":version", text(version.as_str())),
            Note::Done(done) => update
                .update_expression("SET pushed_repo = :repo, pushed_version = :version")
                .expression_attribute_values(":repo", text(&done.repo))
                .expression_attribute_values(":version", text(&done.version)),
            Note::Released => update.update_expression("REMOVE held_until"),
        };
        match update.send().await {
            Ok(_) => Ok(()),
            Err(error) if refused(&error).is_some() => Err(LedgerError::Lost),
            Err(error) => Err(unreachable(&error)),
        }
    }

    async fn update(&self, key: &str) -> UpdateItemFluentBuilder {
        let connect = async || Client::new(self.aws.config().await);
        let client = self.client.get_or_init(connect).await;
        client
            .update_item()
            .table_name(&self.table)
            .key("id", AttributeValue::S(key.to_owned()))
    }
}

/// What the table holds, when the condition did not hold for it.
fn refused(error: &SdkError<UpdateItemError>) -> Option<Item> {
    match error.as_service_error()? {
        UpdateItemError::ConditionalCheckFailedException(refusal) => {
            Some(refusal.item().cloned().unwrap_or_default())
        }
        _ => None,
    }
}

fn done(item: &Item) -> Option<Done> {
    let (repo, version) = (text(item, "pushed_repo")?, text(item, "pushed_version")?);
    Some(Done { repo, version })
}

fn text(item: &Item, name: &str) -> Option<String> {
    item.get(name)?.as_s().ok().cloned()
}

fn unreachable(error: &SdkError<UpdateItemError>) -> LedgerError {
    tracing::error!(cause = %DisplayErrorContext(error), "DynamoDB could not be asked");
    LedgerError::Unreachable(match error.code() {
        Some(code) => format!("DynamoDB answered {code}"),
        None => "DynamoDB could not be reached".to_owned(),
    })
}

//! A ledger in a DynamoDB table, for short-lived processes. Each entry is an item.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use tokio::sync::OnceCell;

use super::Entry;
use super::claims::{LedgerError, Swapped};
use crate::aws::Aws;

/// The longest JSON that is stored as it is, in bytes. An item may have 400 KB, and an answer with the names of all files
/// may have more: a longer JSON is compressed.
const LONGEST: usize = 64 << 10;
/// The longest JSON that is read, in bytes.
const MOST: u64 = 16 << 20;

/// A table whose key is the text `id`. An item has the entry in `entry` (JSON, or gzip of it), its number in `revision`,
/// and the second from which DynamoDB may delete it in `forgotten_at`.
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
        let put = self
            .client()
            .await
            .put_item()
            .table_name(&self.table)
            .item("id", AttributeValue::S(key.to_owned()))
            .item("entry", written(next)?)
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
                    Ok(Swapped::Changed(item.map(entry_of).transpose()?))
                }
                _ => Err(unavailable(&error)),
            },
        }
    }

    pub(super) async fn read(&self, key: &str) -> Result<Option<Entry>, LedgerError> {
        let get = self.client().await.get_item().table_name(&self.table);
        let get = get.key("id", AttributeValue::S(key.to_owned()));
        match get.consistent_read(true).send().await {
            Ok(found) => found.item().map(entry_of).transpose(),
            Err(error) => Err(unavailable(&error)),
        }
    }

    /// Reads an item that does not exist.
    pub(super) async fn check(&self) -> Result<(), LedgerError> {
        self.read("check").await.map(|_| ())
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

/// An entry as it is stored.
fn written(entry: &Entry) -> Result<AttributeValue, LedgerError> {
    let text = serde_json::to_string(entry).map_err(defect)?;
    if text.len() <= LONGEST {
        return Ok(AttributeValue::S(text));
    }
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(text.as_bytes()).map_err(defect)?;
    let bytes = gzip.finish().map_err(defect)?;
    Ok(AttributeValue::B(Blob::new(bytes)))
}

/// The entry of an item.
fn entry_of(item: &HashMap<String, AttributeValue>) -> Result<Entry, LedgerError> {
    match item.get("entry") {
        Some(AttributeValue::S(text)) => serde_json::from_str(text).map_err(defect),
        Some(AttributeValue::B(bytes)) => {
            let text = GzDecoder::new(bytes.as_ref()).take(MOST);
            serde_json::from_reader(text).map_err(defect)
        }
        _ => Err(defect("its item has no `entry` that is a text or binary")),
    }
}

fn defect(error: impl std::fmt::Display) -> LedgerError {
    LedgerError::Unavailable(format!("an entry cannot be read or written: {error}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ledger::State;

    #[test]
    fn a_long_entry_is_compressed_and_every_entry_is_read_as_it_was_written() {
        for (files, is_text) in [(1, true), (10_000, false)] {
            let names: Vec<String> = (0..files).map(|file| format!("{file}/crd.yaml")).collect();
            let entry = Entry {
                revision: 1,
                state: State::Done,
                holder: "holder".to_owned(),
                owner: String::new(),
                held_until: 0,
                content: "content".to_owned(),
                begun: None,
                outcome: Some(json!({"extracted_files": names})),
                pending: Vec::new(),
                changed_at: 0,
                forgotten_at: 0,
            };

            let value = written(&entry).unwrap();

            assert_eq!(value.is_s(), is_text);
            let item = HashMap::from([("entry".to_owned(), value)]);
            assert_eq!(entry_of(&item).unwrap(), entry);
        }
    }
}

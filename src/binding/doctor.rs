//! `doctor`: what the database contains, and whether a provider can be reached.

use std::time::Duration;

use napi_derive::napi;

use super::bridge::Bridge;
use super::message::Value;
use super::options::InstanceOptions;
use crate::db::Migration;
use crate::doctor::{Keys, examine};
use crate::error::Result;
use crate::oauth::{HttpFailure, ProxyVariables, Reqwest};
use crate::refresh::Tokio;
use crate::store::{STORES, gmail};
use crate::tls::Authorities;

/// What is wrong with each key; `undefined`: nothing.
#[napi(object, object_from_js = false)]
pub struct KeyFaults {
    pub gmail_encryption_key: Option<String>,
    pub tokenkeep_key: Option<String>,
    pub encryption_secret: Option<String>,
}

/// Whether the keys are set and well-formed.
#[napi(catch_unwind)]
pub fn key_faults(mut options: InstanceOptions) -> KeyFaults {
    let keys = keys(&options);
    options.wipe();
    let fault = |error: &crate::error::Error| error.to_string();
    KeyFaults {
        gmail_encryption_key: keys.gmail.as_ref().err().map(fault),
        tokenkeep_key: keys.sealing.ring().err().as_ref().map(fault),
        encryption_secret: keys.vault.as_ref().err().map(fault),
    }
}

fn keys(options: &InstanceOptions) -> Keys {
    Keys {
        gmail: options.gmail_encryption_key().and_then(gmail::format),
        sealing: options.sealing(),
        vault: options.vault_format(),
    }
}

/// Examines the database and the tables of `stores` without writing; resolves to the findings as JSON.
#[napi(catch_unwind)]
pub fn examine_database(
    bridge: &Bridge,
    id: u32,
    mut options: InstanceOptions,
    stores: Vec<String>,
) {
    let (settings, keys) = (options.database(&bridge.outbox), keys(&options));
    options.wipe();
    bridge.outbox.run(id, async move {
        let is_meant = |known: &&Migration| stores.iter().any(|store| store == known.store);
        let migrations = STORES.iter().map(|about| about.migration).filter(is_meant);
        let migrations: Vec<_> = migrations.collect();
        let findings = examine(&settings?, &migrations, &keys, &Tokio::default()).await?;
        Ok(Value::text(findings))
    });
}

/// How long a provider may take to answer.
const REACH_MAX: Duration = Duration::from_secs(10);

/// Whether a server answers at `url`, with the HTTP client and the authorities that refreshes use. Sends no
/// token and no secret. Resolves to the status, or to why there is none.
#[napi(catch_unwind)]
pub fn reach_provider(bridge: &Bridge, id: u32, options: InstanceOptions, url: String) {
    let (files, proxy) = (options.extra_authorities(), options.proxy());
    bridge.outbox.run(id, async move {
        Ok(match reach(&files, &proxy, &url).await? {
            Ok(status) => Value::number(status.into()),
            Err(HttpFailure::NotSent(reason) | HttpFailure::NoAnswer(reason)) => {
                Value::text(reason.to_owned())
            }
            Err(HttpFailure::TooLarge) => Value::text("the answer is too large".to_owned()),
        })
    });
}

async fn reach(
    files: &[String],
    proxy: &ProxyVariables,
    url: &str,
) -> Result<std::result::Result<u16, HttpFailure>> {
    let client = Reqwest::new(&Authorities::mozilla().and_files(files), proxy)?;
    let answer = tokio::time::timeout(REACH_MAX, client.probe(url)).await;
    Ok(answer.unwrap_or(Err(HttpFailure::NoAnswer("no answer within 10 seconds"))))
}

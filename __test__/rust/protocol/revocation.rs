//! Steps 9a and 9d: the provider rejects a grant.

use super::world::{Answer, Process, Provider, Step, World, pass};
use tokenkeep::error::Error;
use tokenkeep::oauth::{Refusal, Verdict};

#[tokio::test(start_paused = true)]
async fn a_refusal_does_not_revoke_a_row_with_a_new_access_token() {
    let (world, provider) = (World::new(), Provider::new(false, false));
    provider.script(Answer::Instead(0, Verdict::InvalidGrant(Refusal::invalid_grant(Some(400)))));
    // The call reads the row, and reads it again after the refusal.
    world.before(Step::Read, |_| {});
    world.before(Step::Read, |world| {
        let (access, expires_at) = (world.seal("theirs"), world.at(3_600));
        world.change(|row| (row.access, row.expires_at) = (access, expires_at));
    });
    assert_eq!(Process::new(&world, &provider).call().await.as_deref(), Ok("theirs"));
}

#[tokio::test(start_paused = true)]
async fn a_row_in_doubt_is_revoked_only_when_the_attempt_is_old() {
    let (world, provider) = (World::new(), Provider::new(true, false));
    provider.revoke();
    let expired = world.at(-60);
    world.change(|row| row.refreshing_at = Some(expired));
    let process = Process::new(&world, &provider);
    assert!(matches!(process.call().await, Err(Error::OutcomeUnknown { .. })));
    assert_eq!(world.row().expect("is there").refreshing_at, Some(expired));
    pass(600).await;
    assert!(matches!(process.call().await, Err(Error::Revoked { .. })));
    assert!(world.row().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_row_that_is_not_in_doubt_is_revoked_at_once() {
    let (world, provider) = (World::new(), Provider::new(true, true));
    provider.revoke();
    assert!(matches!(Process::new(&world, &provider).call().await, Err(Error::Revoked { .. })));
    assert!(world.row().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_row_is_not_revoked_without_the_lease() {
    let (world, provider) = (World::new(), Provider::new(true, false));
    provider.revoke();
    let stolen = world.at(1);
    world.before(Step::MarkRevoked, move |world| {
        world.change(|row| row.refreshing_at = Some(stolen))
    });
    let call = Process::new(&world, &provider).spawn_call();
    pass(2).await;
    assert_eq!(world.row().expect("is there").refreshing_at, Some(stolen));
    call.abort();
}

#[tokio::test(start_paused = true)]
async fn a_stale_refusal_does_not_revoke_a_reconnected_row() {
    let (world, provider) = (World::new(), Provider::new(true, true));
    provider.script(Answer::Instead(0, Verdict::InvalidGrant(Refusal::invalid_grant(Some(400)))));
    world.before(Step::Read, |_| {});
    world.before(Step::Read, |world| world.connect("other", "new", 3_600));
    // Reuse may have killed the family of the new token, so a refresh proves it.
    assert!(matches!(Process::new(&world, &provider).call().await, Err(Error::Revoked { .. })));
    assert_eq!(provider.requests(), 2);
}

//! Steps 3 and 8: lease, takeover and release.

use std::sync::Arc;
use std::time::Duration;

use super::world::{Fault, Process, Provider, Step, World, pass, unavailable};
use tokenkeep::error::{Error, Result};
use tokenkeep::refresh::RefreshOptions;
use tokio::task::JoinHandle;

/// A call that watches a lease which has expired, before it takes it over.
struct Watch {
    world: Arc<World>,
    provider: Arc<Provider>,
    process: Process,
    call: JoinHandle<Result<String>>,
}

impl Watch {
    fn begin() -> Self {
        let (world, provider) = (World::new(), Provider::new(true, true));
        let expired = world.at(-3_600);
        world.change(|row| row.refreshing_at = Some(expired));
        let process = Process::new(&world, &provider);
        let call = process.spawn_call();
        Self { world, provider, process, call }
    }

    /// The provider has got no request yet; after the whole grace, the call takes the lease over.
    async fn ends_with_a_takeover(self, otherwise: &str) {
        assert_eq!(self.provider.requests(), 0, "{otherwise}");
        assert_eq!(self.call.await.expect("does not panic").as_deref(), Ok("a1"));
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_takes_over_while_a_holder_waits_for_the_database() {
    let (world, provider) = (World::new(), Provider::new(true, true));
    let (holder, other) = (Process::new(&world, &provider), Process::new(&world, &provider));
    world.before(Step::Commit, |world| world.away_for(Duration::from_secs(45)));
    // Meanwhile the holder's caller gets the answer, although it is not stored.
    assert_eq!(holder.call().await.as_deref(), Ok("a1"));
    assert_eq!(world.row().expect("is there").refresh_token(), "r0");
    while other.call().await.is_err() {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // The commit was late, so the other process proved its token; nothing was spent twice.
    assert_eq!(provider.requests(), 2);
    assert_eq!(world.row().expect("is there").refresh_token(), provider.current());
}

#[tokio::test(start_paused = true)]
async fn an_expired_lease_is_taken_over_only_after_the_grace() {
    let watch = Watch::begin();
    tokio::time::sleep(Duration::from_millis(4_900)).await;
    watch.ends_with_a_takeover("taken over without having been watched").await;
}

#[tokio::test(start_paused = true)]
async fn a_failed_poll_starts_the_watch_again() {
    let watch = Watch::begin();
    pass(4).await;
    watch.world.fail(Step::Read, Fault::Before);
    pass(4).await;
    watch.ends_with_a_takeover("the first four seconds were counted").await;
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_was_suspended_starts_the_watch_again() {
    let watch = Watch::begin();
    pass(4).await;
    watch.process.machine.suspend_for(Duration::from_secs(10));
    pass(4).await;
    watch.ends_with_a_takeover("what was seen before the freeze was counted").await;
}

#[tokio::test(start_paused = true)]
async fn one_patient_caller_of_a_mixed_fleet_takes_over_from_a_crashed_old_instance() {
    let (world, provider) = (World::new(), Provider::new(true, true));
    let (locked, written) = (world.now(), world.at(-3_600));
    world.change(|row| (row.refreshing_at, row.updated_at) = (Some(locked), written));
    let process = Process::with(&world, &provider, true);
    let options = RefreshOptions { wait_ms: 70_000, ..process.options() };
    assert_eq!(process.call_with(options).await.as_deref(), Ok("a1"));
}

#[tokio::test(start_paused = true)]
async fn a_lease_in_the_future_is_respected_for_one_lease() {
    let (world, provider) = (World::new(), Provider::new(true, true));
    let skewed = world.at(3_600);
    world.change(|row| row.refreshing_at = Some(skewed));
    let process = Process::new(&world, &provider);
    assert!(matches!(process.call().await, Err(Error::RefreshTimeout { .. })));
    assert_eq!(provider.requests(), 0);
    pass(5).await;
    assert_eq!(process.call().await.as_deref(), Ok("a1"));
}

#[tokio::test(start_paused = true)]
async fn a_lease_a_little_ahead_is_respected_no_longer_than_one_far_ahead() {
    let (world, provider) = (World::new(), Provider::new(true, true));
    let skewed = world.at(48);
    world.change(|row| row.refreshing_at = Some(skewed));
    let process = Process::new(&world, &provider);
    let options = RefreshOptions { wait_ms: 50_000, ..process.options() };
    let call = tokio::spawn({
        let process = process.clone();
        async move { process.call_with(options).await }
    });
    pass(29).await;
    assert_eq!(provider.requests(), 0);
    pass(3).await;
    assert_eq!(provider.requests(), 1, "the lease slid into the past and was respected again");
    assert_eq!(call.await.expect("does not panic").as_deref(), Ok("a1"));
}

#[tokio::test(start_paused = true)]
async fn a_row_stays_in_doubt_when_a_takeover_fails() {
    let (world, provider) = (World::new(), Provider::new(true, true));
    let expired = world.at(-3_600);
    world.change(|row| row.refreshing_at = Some(expired));
    for _ in 0..5 {
        provider.script(unavailable());
    }
    assert!(Process::new(&world, &provider).call().await.is_err());
    assert_eq!(world.row().expect("is there").refreshing_at, Some(expired));
}

#[tokio::test(start_paused = true)]
async fn a_lease_whose_answer_was_lost_expires_and_is_taken_over() {
    let (world, provider) = (World::new(), Provider::new(true, true));
    world.fail(Step::Lease, Fault::After);
    let process = Process::new(&world, &provider);
    assert!(matches!(process.call().await, Err(Error::RefreshTimeout { .. })));
    pass(16).await;
    assert_eq!(process.call().await.as_deref(), Ok("a1"));
}

#[tokio::test(start_paused = true)]
async fn a_lease_is_released_although_the_row_was_sealed_again() {
    let (world, provider) = (World::new(), Provider::new(true, true));
    for _ in 0..5 {
        provider.script(unavailable());
    }
    world.before(Step::Release, World::reseal);
    assert!(Process::new(&world, &provider).call().await.is_err());
    assert_eq!(world.row().expect("is there").refreshing_at, None);
}

#[tokio::test(start_paused = true)]
async fn a_leftover_of_a_mixed_fleet_holds_the_row_while_it_is_live() {
    let (world, provider) = (World::new(), Provider::new(true, true));
    let process = Process::with(&world, &provider, true);
    assert_eq!(process.call().await.as_deref(), Ok("a1"));
    let row = world.row().expect("is there");
    assert_eq!(row.refreshing_at, Some(row.updated_at.minus(Duration::from_secs(2))));
    pass(31).await;
    let spent = world.at(-1);
    world.change(|row| row.expires_at = spent);
    assert_eq!(process.call().await.as_deref(), Ok("a2"));
    // A lease newer than the last write belongs to somebody: the grace is a whole lease.
    let (spent, expired) = (world.at(-1), world.at(-31));
    world.change(|row| {
        (row.expires_at, row.refreshing_at, row.updated_at) =
            (spent, Some(expired), expired.minus(Duration::from_secs(60)));
    });
    let call = process.spawn_call();
    pass(19).await;
    assert_eq!(provider.requests(), 2);
    assert!(matches!(call.await, Ok(Err(Error::RefreshTimeout { .. }))));
    pass(12).await;
    assert_eq!(process.call().await.as_deref(), Ok("a3"));
}

//! Steps 4, 6, 9a and 9b: sending, and failed requests.

use std::time::Duration;

use super::world::{Answer, Process, Provider, Step, World, pass, rejected, unavailable};
use tokenkeep::error::Error;
use tokenkeep::oauth::Verdict;

#[tokio::test(start_paused = true)]
async fn a_lost_answer_leaves_the_row_in_doubt_for_every_process() {
    let (world, provider) = (World::new(), Provider::new(true, false));
    provider.script(Answer::LostAfter(1_000));
    let process = Process::new(&world, &provider);
    assert!(matches!(process.call().await, Err(Error::OutcomeUnknown { .. })));
    let lease = world.row().expect("is there").refreshing_at;
    assert!(lease.is_some());
    pass(40).await;
    // Taken over in doubt: a refusal does not revoke the row while somebody may hold the successor.
    assert!(matches!(process.call().await, Err(Error::OutcomeUnknown { .. })));
    assert_eq!(world.row().expect("is there").refreshing_at, lease);
}

#[tokio::test(start_paused = true)]
async fn a_request_without_an_answer_is_repeated_if_the_provider_does_not_rotate() {
    let (world, provider) = (World::new(), Provider::new(false, false));
    provider.script(Answer::LostAfter(1_000));
    assert_eq!(Process::new(&world, &provider).call().await.as_deref(), Ok("a2"));
    assert_eq!(world.row().expect("is there").refreshing_at, None);
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_was_suspended_after_its_lease_does_not_send() {
    let (world, provider) = (World::new(), Provider::new(true, true));
    let process = Process::new(&world, &provider);
    let machine = process.machine.clone();
    world.before(Step::Lease, move |_| machine.suspend_for(Duration::from_secs(16)));
    let call = process.spawn_call();
    tokio::time::sleep(Duration::from_millis(5)).await;
    assert_eq!(provider.requests(), 0, "sent without room in the lease");
    assert_eq!(call.await.expect("does not panic").as_deref(), Ok("a1"));
}

#[tokio::test(start_paused = true)]
async fn a_bad_client_secret_touches_no_row_and_is_not_tried_for_every_user() {
    let (world, provider) = (World::new(), Provider::new(true, true));
    provider.script(rejected());
    let process = Process::new(&world, &provider);
    assert!(matches!(process.call().await, Err(Error::ClientRejected { .. })));
    pass(29).await;
    assert!(matches!(process.call().await, Err(Error::ClientRejected { .. })));
    assert_eq!(provider.requests(), 1);
    let row = world.row().expect("is there");
    assert_eq!((row.refresh_token(), row.refreshing_at), ("r0", None));
    pass(2).await;
    assert_eq!(process.call().await.as_deref(), Ok("a2"));
}

#[tokio::test(start_paused = true)]
async fn a_failed_row_is_not_tried_again_at_once_and_the_pauses_grow() {
    let (world, provider) = (World::new(), Provider::new(true, true));
    let process = Process::new(&world, &provider);
    for _ in 0..200 {
        let refused = Verdict::Refused(Error::ProviderRefused { status: 400, reason: "t".into() });
        provider.script(Answer::Instead(0, refused));
    }
    for _ in 0..600 {
        assert!(process.call().await.is_err());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(provider.requests() <= 10, "{} requests in a minute", provider.requests());
    // After a reconnect the row is tried at once, whatever was remembered.
    let before = provider.requests();
    world.connect("r0", "new", 0);
    assert!(process.call().await.is_err());
    assert_eq!(provider.requests(), before + 1);
}

#[tokio::test(start_paused = true)]
async fn the_budget_never_cuts_off_a_repeated_request_and_hides_a_known_failure() {
    let (world, provider) = (World::new(), Provider::new(true, true));
    for _ in 0..5 {
        let Answer::Instead(_, busy) = unavailable() else { unreachable!("is one") };
        provider.script(Answer::Instead(4_000, busy));
    }
    let told = Process::new(&world, &provider).call().await;
    assert!(matches!(told, Err(Error::ProviderUnavailable { .. })), "{told:?}");
    assert_eq!(world.row().expect("is there").refreshing_at, None);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_waits_in_the_socket_when_the_timer_is_due_is_not_lost() {
    let (world, provider) = (World::new(), Provider::new(true, true));
    provider.script(Answer::After(15_030));
    assert_eq!(Process::new(&world, &provider).call().await.as_deref(), Ok("a1"));
    assert_eq!(world.row().expect("is there").refresh_token(), "r1");
}

#[tokio::test(start_paused = true)]
async fn a_process_that_was_stopped_has_time_to_read_the_answers_that_arrived_meanwhile() {
    let (world, provider) = (World::new(), Provider::new(true, true));
    let process = Process::new(&world, &provider);
    // With fifty answers at once on a busy machine, the last is read seconds after the timer.
    provider.script(Answer::After(17_000));
    let call = process.spawn_call();
    tokio::time::sleep(Duration::from_secs(1)).await;
    process.machine.suspend_for(Duration::from_secs(40));
    assert_eq!(call.await.expect("does not panic").as_deref(), Ok("a1"));
    assert_eq!(world.row().expect("is there").refresh_token(), "r1");
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_honored_up_to_ten_minutes() {
    let (world, provider) = (World::new(), Provider::new(true, true));
    let process = Process::new(&world, &provider);
    let hour = Some(Duration::from_secs(3_600));
    let throttled = Verdict::Transient(Error::ProviderThrottled { retry_after_ms: None }, hour);
    provider.script(Answer::Instead(0, throttled));
    assert!(process.call().await.is_err());
    pass(590).await;
    assert!(matches!(process.call().await, Err(Error::ProviderThrottled { .. })));
    assert_eq!(provider.requests(), 1);
    pass(15).await;
    assert_eq!(process.call().await.as_deref(), Ok("a2"));
}

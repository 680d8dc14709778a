//! The signal table. One file a signal, one name a line here; documentation, model and tests follow.

use super::evidence::Signal;

macro_rules! signals {
    ($($name:ident,)+) => {
        $(pub mod $name;)+

        /// Every signal, in the order in which it is shown.
        pub static SIGNALS: &[&Signal] = &[$(&$name::SIGNAL,)+];

        /// The files that hold them, without their ending.
        pub static FILES: &[&str] = &[$(stringify!($name),)+];
    };
}

signals! {
    burst_width,
    burst_share,
    burst_stale,
    burst_repeat,
    second_version,
    several_majors,
    dormant_package,
    dormant_line,
    lines_revived,
    dormant_account,
    short_gap,
    hour_of_week,
    auth_kind,
    trusted_publisher_lost,
    trusted_publisher_gained,
    email_change,
    email_domain,
    path_age,
    token_age,
    token_overdue,
    token_dormant,
    token_spike,
    new_token,
    new_country,
    new_publisher,
    unknown_publisher,
    publisher_returns,
    young_owner,
    owners_changed,
    repository_changed,
    provenance_lost,
    lapse_in_place,
    provenance_gained,
    stamp_unattested,
    attestation_refused,
    claims_differ,
    certificate_delay,
    new_workflow,
    new_trigger,
    new_ref_kind,
    new_ref_shape,
    new_runner,
    repeated_run,
    new_environment,
    environment_lost,
    new_signer,
    new_identity,
    new_issuer,
    new_repository_id,
    new_owner_id,
    new_config,
    new_client,
    new_node,
    client_lost,
    first_hook,
    hook_text,
    unknown_hook,
    new_dependency,
    young_dependency,
    url_dependency,
    size_jump,
    file_jump,
    git_head_lost,
    version_skip,
}

/// Position of a signal in the table.
#[must_use]
pub fn position(id: &str) -> Option<usize> {
    SIGNALS.iter().position(|signal| signal.id == id)
}

//! The longer helps: what the most used commands teach.

pub(super) const SCORE: &str = "Every publish is judged from what came before it. \"1 in N\" says how many of the \
publishes before scored as high; --budget sets what is listed, --fail-on what ends with 10. A window can be asked for again: the same --as-of gives the \
same bytes. What the registry never shows is not guessed: `investigate` lists what could not be judged.

Examples:
  gaitkeeper score --as-of 2026-05-20                      the data in the box, thirty days
  gaitkeeper score --archive ./archive --since 7d          your archive, its last week
  gaitkeeper score --archive ./archive --package axios --all --format jsonl
  gaitkeeper score --archive ./archive --since 24h --fail-on 1/10000";

pub(super) const INVESTIGATE: &str =
    "Shows every contribution to the score (they add up to it), what could not be judged and why, the package's \
timeline, and what the publisher did in the same hours. Look first at the largest contributions and at how long the \
history behind them is (n); then at the innocent causes that `gaitkeeper signals ID` names.

Examples:
  gaitkeeper investigate echarts-for-react@3.0.7
  gaitkeeper investigate --archive ./archive pkg:npm/%40scope/name@1.2.3
  gaitkeeper investigate echarts-for-react                               its versions and scores
  gaitkeeper investigate echarts-for-react@3.0.7 --html page.html        the same as a page
  gaitkeeper investigate echarts-for-react@3.0.7 --bundle evidence.zip   pack the evidence
  gaitkeeper investigate --from-bundle evidence.zip --html page.html     judge it again elsewhere";

pub(super) const PULL: &str =
    "Without names everything on the watch list is fetched; what did not change costs one short \
answer. The npm registry is found as npm finds it: --registry, environment, gaitkeeper.toml, .npmrc, npm config.

Examples:
  gaitkeeper pull --archive ./archive axios @scope/name pkg:cargo/serde
  gaitkeeper pull --archive ./archive --from-lock ./package-lock.json
  gaitkeeper pull --archive ./archive                                everything on the watch list";

pub(super) const VERIFY: &str =
    "Takes npm attestation documents, `npm audit signatures --json --include-attestations`, PyPI \
provenance objects, RubyGems attestations and plain bundles; or a release, whose document comes from your \
archive or its registry. A valid signature says who signed, never that the owner meant it.

Exit codes: 0 verified, 10 refused, 3 there is no attestation, 1 the tool failed.

Examples:
  gaitkeeper verify attestations.json --purl pkg:npm/sigstore@2.0.0 --digest sha512:HEX
  gaitkeeper verify sigstore@2.0.0 --archive ./archive";

//! Publish times that are known for good. The registry's log never changes, so a document that says
//! otherwise has been rewritten on its way.

use chrono::DateTime;

/// Package, version, and the registry's own time of its publish.
const ANCHORS: &[(&str, &str, &str)] = &[
    ("ansi-styles", "4.3.0", "2020-10-04T19:18:25.986Z"),
    ("async", "3.2.0", "2020-02-24T02:58:20.125Z"),
    ("chalk", "4.1.0", "2020-06-09T07:43:42.525Z"),
    ("chokidar", "3.4.0", "2020-04-26T14:20:24.899Z"),
    ("color-name", "1.1.4", "2018-09-21T10:48:56.546Z"),
    ("colors", "1.4.0", "2019-09-22T23:46:07.522Z"),
    ("cookie", "0.4.1", "2020-04-22T03:23:57.297Z"),
    ("debug", "4.1.1", "2018-12-22T16:40:22.538Z"),
    ("esbuild", "0.8.0", "2020-10-28T16:51:05.283Z"),
    ("eslint", "7.0.0", "2020-05-08T18:51:12.123Z"),
    ("express", "4.17.1", "2019-05-26T04:25:34.606Z"),
    ("jest", "26.0.0", "2020-05-04T17:54:11.941Z"),
    ("jose", "3.0.0", "2020-11-14T17:29:34.539Z"),
    ("koa", "2.13.0", "2020-06-21T15:58:06.393Z"),
    ("lodash", "4.17.21", "2021-02-20T15:42:16.891Z"),
    ("ms", "2.1.2", "2019-06-06T17:31:55.859Z"),
    ("nanoid", "3.1.0", "2020-04-10T21:35:39.027Z"),
    ("prettier", "2.0.5", "2020-04-21T17:05:57.825Z"),
    ("q", "1.5.1", "2017-10-19T17:55:37.072Z"),
    ("react", "16.8.0", "2019-02-06T08:00:25.150Z"),
    ("react-dom", "16.8.0", "2019-02-06T08:00:45.674Z"),
    ("request", "2.88.2", "2020-02-11T16:35:36.122Z"),
    ("rollup", "2.0.0", "2020-03-06T13:47:12.759Z"),
    ("strip-ansi", "6.0.0", "2019-11-09T06:20:36.658Z"),
    ("supports-color", "7.2.0", "2020-08-28T11:17:34.870Z"),
    ("tiny-tarball", "1.0.0", "2015-03-24T00:12:24.039Z"),
    ("vue", "2.6.12", "2020-08-20T13:11:18.297Z"),
    ("yargs", "16.2.0", "2020-12-05T23:09:55.514Z"),
    ("zod", "3.0.0", "2021-05-17T15:55:15.616Z"),
];

/// Times closer than this are the same: a copy may have dropped the milliseconds.
const SAME: i64 = 1_000;

/// Packages that have an anchor.
pub fn packages() -> impl Iterator<Item = &'static str> {
    ANCHORS.iter().map(|(package, ..)| *package)
}

/// The anchor that a publish time contradicts, as version and known time; `None` where none does.
pub(super) fn contradicted<'r>(
    package: &str,
    mut releases: impl Iterator<Item = (&'r str, i64)>,
) -> Option<(&'static str, &'static str)> {
    let (_, version, known) = ANCHORS.iter().find(|(name, ..)| *name == package)?;
    let at = DateTime::parse_from_rfc3339(known).ok()?.timestamp_millis();
    releases.any(|(v, time)| v == *version && (time - at).abs() > SAME).then_some((version, known))
}

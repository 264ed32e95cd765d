-- Runs that bring files to an object store keep which uploads they have begun, and the parts that are there.

alter table delivery_push_runs add column uploads jsonb not null default '{}';
-- What came to an end before its uploads did, until they are ended, too.
create index delivery_push_runs_begun on delivery_push_runs (id) where uploads <> '{}' and state in ('stopped', 'failed');

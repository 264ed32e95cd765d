-- How long what stands around a computation took: milliseconds by step, none of which depends on the data beyond their size.
alter table compute_uses add column timings jsonb not null default '{}';

-- What a run does with rows that an earlier one has brought: puts the table in their place, or adds what came since.
alter table delivery_pushes add column mode text not null default 'replace' check (mode in ('replace', 'append'));

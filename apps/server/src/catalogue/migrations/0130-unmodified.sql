-- By what a source says that nothing has changed (RFC 9110, 8.8): of the last reading that took all of it from one page.
alter table harvest_sources add column validators jsonb;
-- The source answered 304: all is as it was.
alter table harvest_runs add column unmodified boolean not null default false;

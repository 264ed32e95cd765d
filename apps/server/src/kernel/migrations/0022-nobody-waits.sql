-- Readers of events and of the log no longer wait for every older transaction of the database server, those of other databases
-- among them.
-- An event: its transaction holds a shared lock, from before the number is taken until it is visible (kernel/horizon.ts).
create function events_lock() returns trigger language plpgsql as $$
begin
  perform pg_advisory_xact_lock_shared(7305281, 1);
  return null;
end $$;
create trigger events_lock before insert on events for each statement execute function events_lock();
alter table events drop column transaction;
-- An entry of the log: one that is committed gets its place, one that commits later a later place.
alter table log_entries drop column transaction;

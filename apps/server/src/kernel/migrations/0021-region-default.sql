-- Every row asks for its region: as one expression PostgreSQL puts it into the insert itself, instead of calling into another
-- language for each row of the ledger and the log. What it answers stays.
create function node_region() returns text language plpgsql stable as $$
begin
  return (select value #>> '{}' from node_state where key = 'region');
end $$;
create or replace function storage_region() returns text language sql stable as $$
  select coalesce(nullif(current_setting('shugu.region', true), ''), node_region())
$$;

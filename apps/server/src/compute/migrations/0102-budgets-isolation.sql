-- What an owner allows in all to be told about the entities of one resource (zCDP), and what is gone of it.

create table compute_budgets (
  id text primary key,
  node text not null,
  market text not null,
  -- The owner.
  participant text not null,
  resource text not null,
  -- The column whose values are the persons or firms that it protects.
  entity text not null,
  rho_limit numeric not null check (rho_limit > 0),
  rho_spent numeric not null default 0 check (rho_spent >= 0),
  created_at timestamptz not null,
  retention_class text not null default 'contract',
  stored_region text not null default storage_region(),
  unique (participant, resource, entity)
);

-- What was told stays told: nothing spent comes back.
create function compute_budgets_spent() returns trigger language plpgsql as $$
begin
  if new.rho_spent < old.rho_spent or (new.participant, new.resource, new.entity) is distinct from (old.participant, old.resource, old.entity) then
    raise exception 'a privacy budget never comes back' using errcode = '23514', constraint = 'compute_budgets_spent';
  end if;
  return new;
end $$;
create trigger compute_budgets_spent before update on compute_budgets for each row execute function compute_budgets_spent();

-- The same question on the same data is looked up before it is asked.
create index compute_uses_asked on compute_uses (contract, parameters);

-- In what it was computed; null for uses of before and for those that never began.
alter table compute_uses add column isolation text check (isolation in ('bubblewrap', 'process'));

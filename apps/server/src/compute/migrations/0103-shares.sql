-- Computations on shares: data stay with their owners, this node is the third party, and each owner signs what became of a use.

create table compute_parts (
  use text not null references compute_uses (id),
  -- The owner.
  participant text not null,
  node text not null,
  market text not null,
  person text not null,
  -- host:port at which the others find its process.
  address text,
  -- Canonical text, and the signature by the key that the contract names.
  statement text,
  signature text,
  created_at timestamptz not null,
  stated_at timestamptz,
  retention_class text not null default 'usage',
  stored_region text not null default storage_region(),
  primary key (use, participant),
  check ((statement is null) = (signature is null) and (statement is null) = (stated_at is null))
);

-- What an owner stated stays stated.
create function compute_parts_frozen() returns trigger language plpgsql as $$
begin
  if old.statement is not null and (new.statement, new.signature) is distinct from (old.statement, old.signature) then
    raise exception 'a statement never changes' using errcode = '23514', constraint = 'compute_parts_frozen';
  end if;
  return new;
end $$;
create trigger compute_parts_frozen before update on compute_parts for each row execute function compute_parts_frozen();

alter table compute_uses
  add column third_address text,
  add column third_outcome text,
  -- The third party saw both owners come together.
  add column third_met boolean not null default false,
  -- Of uses that wait for owners: when nobody waits any longer.
  add column due_at timestamptz,
  drop constraint compute_uses_state_check,
  add constraint compute_uses_state_check check (state in ('reserved', 'running', 'released', 'failed', 'returned')),
  -- A result on shares opens at its recipients: here is its digest alone.
  drop constraint compute_uses_check,
  add constraint compute_uses_result check (
    (state = 'released') = (result_digest is not null) and (state = 'released' or result is null));
create index compute_uses_due on compute_uses (due_at) where state in ('reserved', 'running') and due_at is not null;

-- Numbers of uses go on; what was given back is counted beside them, so that neither ever goes down.
alter table compute_contracts
  add column uses_returned int not null default 0,
  drop constraint compute_contracts_check,
  add constraint compute_contracts_uses check (uses_returned >= 0 and uses_taken - uses_returned between 0 and uses_total);
create or replace function compute_contracts_frozen() returns trigger language plpgsql as $$
begin
  if new.document is distinct from old.document or new.digest is distinct from old.digest or new.uses_total is distinct from old.uses_total
      or new.term_from is distinct from old.term_from or new.term_until is distinct from old.term_until or new.uses_taken < old.uses_taken
      or new.uses_returned < old.uses_returned then
    raise exception 'a computation contract never changes' using errcode = '23514', constraint = 'compute_contracts_frozen';
  end if;
  return new;
end $$;

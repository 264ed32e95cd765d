-- Computation contracts: what owners sign, and every use that is taken of it.

create table compute_contracts (
  id text primary key,
  node text not null,
  market text not null,
  -- Who drafted it; parties stand in compute_parties.
  participant text not null,
  title text not null,
  state text not null check (state in ('draft', 'signed', 'active', 'exhausted', 'expired', 'revoked')),
  -- The canonical text that is signed.
  document text not null,
  digest text not null,
  -- What the gate found in the query: columns read, groups, sums, joins.
  shape jsonb not null,
  uses_total int not null check (uses_total > 0),
  uses_taken int not null default 0,
  term_from timestamptz not null,
  term_until timestamptz not null,
  created_at timestamptz not null,
  ended_at timestamptz,
  end_reason text not null default '',
  retention_class text not null default 'contract',
  stored_region text not null default storage_region(),
  check (uses_taken between 0 and uses_total),
  check (term_from < term_until)
);
create index compute_contracts_due on compute_contracts (term_until) where state in ('draft', 'signed', 'active');

create table compute_parties (
  contract text not null references compute_contracts (id),
  participant text not null,
  node text not null,
  market text not null,
  owner boolean not null,
  recipient boolean not null,
  retention_class text not null default 'contract',
  stored_region text not null default storage_region(),
  primary key (contract, participant)
);
create index compute_parties_participant on compute_parties (participant, contract desc);

create table compute_signatures (
  contract text not null references compute_contracts (id),
  participant text not null,
  node text not null,
  market text not null,
  person text not null,
  key_id text not null,
  level text not null,
  signature text not null,
  created_at timestamptz not null,
  retention_class text not null default 'contract',
  stored_region text not null default storage_region(),
  primary key (contract, participant)
);

create table compute_uses (
  id text primary key,
  contract text not null references compute_contracts (id),
  number int not null,
  node text not null,
  market text not null,
  -- The recipient that asked for it.
  participant text not null,
  person text not null,
  parameters jsonb not null,
  state text not null check (state in ('reserved', 'running', 'released', 'failed')),
  reason jsonb,
  job text,
  -- What was released, as it is handed out.
  result text,
  result_digest text,
  row_count int,
  -- What the node stated of its end: signed, and committed to the log under the salt.
  core jsonb,
  salt text,
  log_entry text,
  created_at timestamptz not null,
  ended_at timestamptz,
  retention_class text not null default 'usage',
  stored_region text not null default storage_region(),
  -- No number twice: the counter and the uses cannot disagree.
  unique (contract, number),
  check ((state = 'released') = (result is not null)),
  check (state in ('reserved', 'running') or log_entry is not null)
);

-- What was signed stays as it was, whatever happens to it later; and no use is given back.
create function compute_contracts_frozen() returns trigger language plpgsql as $$
begin
  if new.document is distinct from old.document or new.digest is distinct from old.digest or new.uses_total is distinct from old.uses_total
      or new.term_from is distinct from old.term_from or new.term_until is distinct from old.term_until or new.uses_taken < old.uses_taken then
    raise exception 'a computation contract never changes' using errcode = '23514', constraint = 'compute_contracts_frozen';
  end if;
  return new;
end $$;
create trigger compute_contracts_frozen before update on compute_contracts for each row execute function compute_contracts_frozen();

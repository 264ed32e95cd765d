-- Signed sources; a policy is its hash.
create table policies (
  hash text primary key,
  node text not null,
  market text not null,
  participant text not null,
  source jsonb not null,
  created_at timestamptz not null
);

-- What the sources compile to: a cache, filled again after an upgrade of the compiler.
create table policy_plans (
  policy_hash text not null references policies,
  compiler_version int not null,
  node text not null,
  market text not null,
  participant text not null,
  plan jsonb not null,
  created_at timestamptz not null,
  primary key (policy_hash, compiler_version)
);

create table offers (
  id text primary key,
  node text not null,
  market text not null,
  participant text not null,
  product_version text not null,
  policy_hash text not null references policies,
  price jsonb not null,
  delivery_modes text[] not null,
  audience jsonb not null,
  hash text not null,
  created_at timestamptz not null,
  withdrawn_at timestamptz
);
create index offers_version on offers (product_version) where withdrawn_at is null;

create table contract_templates (
  id text primary key,
  node text not null,
  market text not null,
  participant text not null,
  code text not null check (code in ('provision', 'processing', 'development', 'intermediary')),
  version int not null,
  title jsonb not null,
  source jsonb not null,
  clauses jsonb not null,
  hash text not null,
  state text not null check (state in ('draft', 'enabled', 'retired')),
  drafted_by text not null,
  enabled_by text,
  created_at timestamptz not null,
  enabled_at timestamptz,
  unique (market, code, version),
  check (enabled_by is distinct from drafted_by)
);
create unique index contract_templates_enabled on contract_templates (market, code) where state = 'enabled';

create table contracts (
  id text primary key,
  node text not null,
  market text not null,
  participant text not null,
  kind text not null,
  state text not null check (state in ('draft', 'negotiating', 'pendingSignature', 'effective', 'completed', 'terminatedAgreed',
    'terminatedForced', 'refused', 'expired')),
  number text,
  supplier jsonb not null,
  buyer jsonb not null,
  buyer_participant text not null,
  product text not null,
  product_version text not null,
  product_name text not null,
  offer text references offers,
  order_reference text,
  template text not null references contract_templates,
  template_version int not null,
  current_version int not null,
  policy_hash text references policies,
  term_from timestamptz,
  term_until timestamptz,
  respond_by timestamptz not null,
  effective_at timestamptz,
  ended_at timestamptz,
  end_reason text,
  paper text,
  retention_class text not null default 'contract',
  created_at timestamptz not null,
  check (participant <> buyer_participant),
  check (state <> 'effective' or (policy_hash is not null and term_until is not null and effective_at is not null)),
  check (term_from is null or term_from < term_until)
);
create unique index contracts_number on contracts (market, number) where number is not null;
create unique index contracts_order on contracts (order_reference) where order_reference is not null
  and state not in ('refused', 'expired', 'terminatedForced');
create index contracts_supplier on contracts (participant, id);
create index contracts_buyer on contracts (buyer_participant, id);
create index contracts_version on contracts (product_version) where state = 'effective';
create index contracts_term on contracts (term_until) where state = 'effective';
create index contracts_respond on contracts (respond_by) where state in ('draft', 'negotiating', 'pendingSignature');

create table contract_versions (
  contract text not null references contracts,
  number int not null check (number > 0),
  node text not null,
  market text not null,
  participant text not null,
  state text not null check (state in ('draft', 'negotiating', 'pendingSignature', 'effective', 'superseded', 'refused', 'lapsed')),
  reason text not null,
  terms jsonb not null,
  basis jsonb not null,
  round int not null,
  proposed_by text,
  confirmed_by text[] not null,
  -- Canonical bytes as signed. Text, because jsonb would not give them back.
  document text,
  document_hash text,
  policy_hash text references policies,
  term_from timestamptz,
  term_until timestamptz,
  respond_by timestamptz not null,
  locked_at timestamptz,
  effective_at timestamptz,
  retention_class text not null default 'contract',
  created_at timestamptz not null,
  primary key (contract, number),
  check ((document is null) = (document_hash is null)),
  check (state not in ('pendingSignature', 'effective', 'superseded') or document is not null)
);
create unique index contract_versions_effective on contract_versions (contract) where state = 'effective';
create unique index contract_versions_open on contract_versions (contract) where state in ('draft', 'negotiating', 'pendingSignature');
create index contract_versions_respond on contract_versions (respond_by) where number > 1
  and state in ('negotiating', 'pendingSignature');

-- A text that was locked stays as it was, whatever happens to it later.
create function contract_documents_frozen() returns trigger language plpgsql as $$
begin
  if old.document is not null and (new.document is distinct from old.document or new.document_hash is distinct from old.document_hash
      or new.terms is distinct from old.terms or new.basis is distinct from old.basis or new.policy_hash is distinct from old.policy_hash) then
    raise exception 'a locked contract text never changes' using errcode = '23514', constraint = 'contract_documents_frozen';
  end if;
  return new;
end $$;
create trigger contract_documents_frozen before update on contract_versions for each row execute function contract_documents_frozen();

create table contract_rounds (
  contract text not null,
  version int not null,
  round int not null,
  node text not null,
  market text not null,
  participant text not null,
  person text not null,
  note text not null,
  changes jsonb not null,
  terms jsonb not null,
  retention_class text not null default 'contract',
  created_at timestamptz not null,
  primary key (contract, version, round),
  foreign key (contract, version) references contract_versions
);

create table contract_signatures (
  contract text not null,
  version int not null,
  participant text not null,
  node text not null,
  market text not null,
  person text not null,
  key_id text not null,
  level text not null,
  signature text not null,
  retention_class text not null default 'contract',
  created_at timestamptz not null,
  primary key (contract, version, participant),
  foreign key (contract, version) references contract_versions
);

create table contract_papers (
  contract text not null,
  version int not null,
  node text not null,
  market text not null,
  participant text not null,
  digest text not null,
  bytes bigint not null,
  confirmed_by text[] not null,
  retention_class text not null default 'contract',
  created_at timestamptz not null,
  primary key (contract, version),
  foreign key (contract, version) references contract_versions
);

create table contract_terminations (
  id text primary key,
  contract text not null references contracts,
  node text not null,
  market text not null,
  participant text not null,
  person text not null,
  kind text not null check (kind in ('agreed', 'forced')),
  state text not null check (state in ('proposed', 'done', 'declined')),
  reason text not null,
  decided_by text,
  decided_person text,
  decided_at timestamptz,
  retention_class text not null default 'contract',
  created_at timestamptz not null,
  -- Two people for a forced end, two parties for an agreed one.
  check (state <> 'done' or (kind = 'forced' and decided_person <> person) or (kind = 'agreed' and decided_by <> participant))
);
create unique index contract_terminations_open on contract_terminations (contract, kind) where state = 'proposed';

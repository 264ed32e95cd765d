-- Organisations, people, seats and what opens the door for them. `participant` is the owning organisation.

create table organisations (
  id text primary key,
  node text not null,
  market text not null,
  participant text not null check (participant = id),
  name text not null check (name <> ''),
  credit_code text not null check (credit_code ~ '^[0-9A-HJ-NP-RTUWXY]{18}$'),
  kind text not null,
  legal_representative text not null,
  status text not null check (status in ('applying', 'active', 'suspended', 'left')),
  -- The outside account that payouts go to: sealed in full, shown by its last four digits.
  bank_name text not null default '',
  bank_holder text not null default '',
  bank_account text,
  bank_account_masked text not null default '',
  authorisation_letter jsonb,
  admission_case text,
  created_at timestamptz not null,
  since timestamptz,
  retention_class text not null default 'member-file'
);
-- A refused or departed organisation may apply again.
create unique index organisations_credit_code on organisations (node, credit_code) where status <> 'left';
create index organisations_status on organisations (status, id);

create table organisation_roles (
  organisation text not null references organisations (id),
  node text not null,
  market text not null,
  participant text not null,
  role text not null,
  class text not null default '',
  licence text not null default '',
  status text not null check (status in ('applied', 'active', 'suspended', 'ended')),
  role_case text,
  created_at timestamptz not null,
  since timestamptz,
  primary key (organisation, role, class)
);
-- One operator and one registrar a market, whatever the code believes.
create unique index organisation_roles_single on organisation_roles (node, market, role)
  where role in ('operator', 'registrar') and status <> 'ended';

-- Suspension and restoration of a member: proposed by one, confirmed by another.
create table standing_proposals (
  id text primary key,
  node text not null,
  market text not null,
  participant text not null,
  organisation text not null references organisations (id),
  status text not null check (status in ('suspended', 'active')),
  reason text not null,
  proposed_by text not null,
  created_at timestamptz not null,
  confirmed_by text,
  confirmed_at timestamptz,
  retention_class text not null default 'member-file',
  check (confirmed_by is null or confirmed_by <> proposed_by)
);
create unique index standing_proposals_open on standing_proposals (organisation) where confirmed_at is null;

create table people (
  id text primary key,
  node text not null,
  market text not null,
  participant text not null references organisations (id),
  login text not null check (login = lower(login)),
  display_name text not null,
  -- Sealed under the person's own key; unreadable once that key is destroyed.
  phone text,
  email text,
  password_hash text,
  password_at timestamptz,
  status text not null check (status in ('invited', 'active', 'disabled')),
  created_at timestamptz not null,
  retention_class text not null default 'member-file',
  unique (node, login)
);
create index people_participant on people (participant, id);

create table seats (
  person text not null references people (id),
  seat text not null,
  node text not null,
  market text not null,
  participant text not null,
  granted_by text not null,
  created_at timestamptz not null,
  primary key (person, seat)
);
-- System, security and audit administration lie with three people.
create unique index seats_administrators_apart on seats (person)
  where seat in ('systemAdministrator', 'securityAdministrator', 'auditAdministrator');

create table invitations (
  id text primary key,
  node text not null,
  market text not null,
  participant text not null,
  person text not null references people (id),
  code_hash bytea not null unique,
  created_by text not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz
);
create index invitations_person on invitations (person);

create table service_accounts (
  id text primary key,
  node text not null,
  market text not null,
  participant text not null references organisations (id),
  name text not null,
  created_by text not null,
  created_at timestamptz not null
);

create table api_keys (
  id text primary key,
  node text not null,
  market text not null,
  participant text not null references organisations (id),
  service_account text not null references service_accounts (id),
  name text not null,
  prefix text not null,
  key_hash bytea not null unique,
  permissions text[] not null,
  addresses text[] not null default '{}',
  created_by text not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  rotated_from text references api_keys (id),
  revoked_at timestamptz,
  last_used_at timestamptz
);
create index api_keys_participant on api_keys (participant, id);

create table passkeys (
  id text primary key,
  node text not null,
  market text not null,
  participant text not null,
  person text not null references people (id),
  name text not null,
  credential text not null unique,
  public_key bytea not null,
  counter bigint not null,
  transports text[] not null default '{}',
  created_at timestamptz not null,
  last_used_at timestamptz
);
create index passkeys_person on passkeys (person);

-- A challenge is used once, by the ceremony it was made for.
create table passkey_ceremonies (
  id text primary key,
  node text not null,
  market text not null,
  participant text not null,
  person text,
  challenge text not null,
  created_at timestamptz not null,
  expires_at timestamptz not null
);

create table rule_documents (
  id text primary key,
  node text not null,
  market text not null,
  participant text not null,
  code text not null,
  title jsonb not null,
  mandatory boolean not null,
  created_at timestamptz not null,
  unique (node, market, code)
);

create table rule_versions (
  id text primary key,
  node text not null,
  market text not null,
  participant text not null,
  document text not null references rule_documents (id),
  number int not null,
  status text not null check (status in ('draft', 'published', 'withdrawn')),
  text jsonb not null,
  digest text not null,
  drafted_by text not null,
  created_at timestamptz not null,
  published_by text,
  published_at timestamptz,
  effective_on date,
  retention_class text not null default 'rulebook',
  unique (document, number),
  check (published_by is null or published_by <> drafted_by),
  check ((status = 'published') = (published_at is not null))
);

create table rule_acceptances (
  participant text not null references organisations (id),
  version text not null references rule_versions (id),
  node text not null,
  market text not null,
  person text not null,
  created_at timestamptz not null,
  retention_class text not null default 'rulebook',
  primary key (participant, version)
);

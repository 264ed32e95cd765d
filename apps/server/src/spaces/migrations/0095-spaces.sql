-- Data spaces: who founded them, their rules in versions, who joined and signed, and which products stand in their catalogues.

create table spaces (
  id text primary key,
  node text not null,
  market text not null,
  -- The founder, who operates it.
  participant text not null,
  kind text not null check (kind in ('enterprise', 'industry', 'city', 'personal', 'crossBorder')),
  name jsonb not null,
  purpose jsonb not null,
  -- What the rule pack asked of the kind, as the founder answered.
  conditions jsonb not null,
  -- What a search looks through, in small letters.
  words text not null,
  -- As its case stands.
  state text not null check (state in ('reviewing', 'active', 'refused', 'withdrawn', 'closed', 'revoked')),
  reason text not null default '',
  case_id text,
  created_at timestamptz not null,
  ended_at timestamptz,
  retention_class text not null default 'member-file',
  stored_region text not null default storage_region()
);
create unique index spaces_case on spaces (case_id);
create index spaces_participant on spaces (participant, id desc);
create index spaces_active on spaces (id desc) where state = 'active';

create table space_rules (
  id text primary key,
  space text not null references spaces (id),
  number int not null check (number > 0),
  node text not null,
  market text not null,
  participant text not null,
  text jsonb not null,
  terms jsonb not null,
  -- The canonical text that is signed.
  document text not null,
  digest text not null,
  -- By when members of an earlier version sign; null of the first.
  sign_by timestamptz,
  published_by text not null,
  published_at timestamptz not null,
  retention_class text not null default 'rulebook',
  stored_region text not null default storage_region(),
  unique (space, number),
  check ((number = 1) = (sign_by is null))
);

create table space_members (
  id text primary key,
  space text not null references spaces (id),
  node text not null,
  market text not null,
  participant text not null,
  roles text[] not null check (cardinality(roles) > 0 and roles <@ array['operator', 'provider', 'consumer', 'service']),
  state text not null check (state in ('applied', 'invited', 'active', 'resting', 'refused', 'withdrawn', 'declined', 'left', 'expelled')),
  note text not null,
  reason text not null default '',
  -- Number of the version of the rules that it signed last, and when it first did.
  signed int,
  since timestamptz,
  created_at timestamptz not null,
  ended_at timestamptz,
  retention_class text not null default 'member-file',
  stored_region text not null default storage_region(),
  check (state not in ('active', 'resting') or (signed is not null and since is not null)),
  check ((state in ('applied', 'invited', 'active', 'resting')) = (ended_at is null))
);
-- Once at a time.
create unique index space_members_open on space_members (space, participant) where ended_at is null;
create index space_members_space on space_members (space, id);
create index space_members_participant on space_members (participant, space);

create table space_signatures (
  member text not null references space_members (id),
  number int not null,
  node text not null,
  market text not null,
  participant text not null,
  person text not null,
  key_id text not null,
  level text not null,
  signature text not null,
  -- What the node stated of it: signed, and committed to the log under the salt.
  core jsonb not null,
  salt text,
  log_entry text not null,
  created_at timestamptz not null,
  retention_class text not null default 'rulebook',
  stored_region text not null default storage_region(),
  primary key (member, number)
);

create table space_entries (
  id text primary key,
  space text not null references spaces (id),
  node text not null,
  market text not null,
  -- The product's supplier.
  participant text not null,
  -- The product itself stays where it is. What stands beside is for finding it, and follows what the market says.
  product text not null,
  title text not null,
  summary text not null,
  industry text not null,
  words text not null,
  reason text not null default '',
  created_at timestamptz not null,
  ended_at timestamptz,
  retention_class text not null default 'trade',
  stored_region text not null default storage_region()
);
create unique index space_entries_standing on space_entries (space, product) where ended_at is null;
create index space_entries_newest on space_entries (space, id desc) where ended_at is null;
create index space_entries_title on space_entries (space, title, id) where ended_at is null;
create index space_entries_product on space_entries (product) where ended_at is null;

-- What was published to be signed stays as it was.
create function space_rules_frozen() returns trigger language plpgsql as $$
begin
  raise exception 'a version of the rules of a space never changes' using errcode = '23514', constraint = 'space_rules_frozen';
end $$;
create trigger space_rules_frozen before update on space_rules for each row execute function space_rules_frozen();

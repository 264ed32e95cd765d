-- Trade between nodes: who takes part by the hub's word, purchases at other nodes, money that they guarantee, mutual statements.

-- At a node: the others that take part, as its hub said last, all of them replaced at once.
create table node_roster (
  uplink text not null references node_uplinks (id),
  id text not null,
  node text not null,
  market text not null,
  participant text not null,
  name text not null,
  kind text not null,
  url text not null,
  origin text not null,
  key_id text not null,
  public_key jsonb not null,
  at timestamptz not null,
  retention_class text not null default 'message',
  stored_region text not null default storage_region(),
  primary key (uplink, id)
);
-- The version that is held of it, and the one that the hub named last; null: the hub keeps none.
alter table node_uplinks add column roster text;
alter table node_uplinks add column roster_named text;

-- At the buyer's node.
create table node_purchases (
  id text primary key,
  node text not null,
  market text not null,
  -- The buyer.
  participant text not null,
  -- The seller's node: its registration, and the key under which it is believed.
  peer text not null,
  peer_key text not null,
  peer_name text not null,
  subject text not null,
  title text not null,
  supplier_name text not null,
  supplier text not null,
  address text not null,
  dataset text not null,
  offer text not null,
  terms jsonb not null,
  plan jsonb not null,
  plan_title text not null,
  tax_rate text not null,
  quantity bigint not null check (quantity > 0),
  estimate_fen bigint not null check (estimate_fen >= 0),
  -- Asked for by mutual statements that both nodes have signed, the last of its statements among them once it is closed.
  owed_fen bigint not null default 0 check (owed_fen between 0 and estimate_fen),
  closed boolean not null default false,
  state text not null check (state in ('holding', 'guaranteeing', 'negotiating', 'bought', 'settled', 'failed')),
  reason text not null default '',
  -- Ours in the negotiation, from the beginning: what is guaranteed is guaranteed for it alone.
  negotiation text not null unique,
  agreement text,
  attempts int not null default 0,
  next_at timestamptz not null,
  created_at timestamptz not null,
  changed_at timestamptz not null,
  retention_class text not null default 'trade',
  stored_region text not null default storage_region()
);
create index node_purchases_own on node_purchases (participant, created_at desc, id);
create index node_purchases_due on node_purchases (next_at) where state = 'guaranteeing';

-- At the seller's node: money frozen elsewhere for a purchase here, by the signed word of the buyer's node.
create table node_guarantees (
  id text primary key,
  node text not null,
  market text not null,
  -- The operator, who believes it.
  participant text not null,
  peer_key text not null,
  peer_name text not null,
  peer_did text not null,
  purchase text not null,
  negotiation text not null,
  buyer text not null,
  supplier text not null,
  dataset text not null,
  offer text not null,
  quantity bigint not null,
  fen bigint not null check (fen >= 0),
  -- What was signed, for good.
  envelope jsonb not null,
  digest text not null,
  order_id text unique,
  at timestamptz not null,
  retention_class text not null default 'trade',
  stored_region text not null default storage_region(),
  unique (peer_key, purchase),
  unique (buyer, negotiation)
);

create table node_statements (
  id text primary key,
  node text not null,
  market text not null,
  -- This node's operator.
  participant text not null,
  side text not null check (side in ('creditor', 'debtor')),
  peer_key text not null,
  peer_name text not null,
  number text not null,
  until timestamptz not null,
  total_fen bigint not null,
  account text not null,
  state text not null check (state in ('sending', 'agreed', 'differing')),
  -- The creditor's words and the debtor's answer to exactly them, each under its key.
  statement jsonb not null,
  digest text not null,
  answer jsonb,
  attempts int not null default 0,
  failure text not null default '',
  next_at timestamptz not null,
  created_at timestamptz not null,
  answered_at timestamptz,
  retention_class text not null default 'accounting',
  stored_region text not null default storage_region(),
  unique (side, peer_key, number)
);
create index node_statements_due on node_statements (next_at) where state = 'sending';
create index node_statements_newest on node_statements (created_at desc, id);

create table node_statement_lines (
  mutual text not null references node_statements (id),
  place int not null,
  node text not null,
  market text not null,
  participant text not null,
  purchase text not null,
  -- Number of the seller's own statement.
  statement text not null,
  from_at timestamptz not null,
  until_at timestamptz not null,
  quantity text not null,
  fen bigint not null check (fen >= 0),
  final boolean not null,
  difference jsonb,
  retention_class text not null default 'accounting',
  stored_region text not null default storage_region(),
  primary key (mutual, place)
);
create index node_statement_lines_statement on node_statement_lines (statement);

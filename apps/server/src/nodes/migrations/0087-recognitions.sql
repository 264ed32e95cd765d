-- Certificates of other nodes that somebody here had checked, and what came of it. Nothing else stands on them.

create table node_recognitions (
  id text primary key,
  node text not null,
  market text not null,
  -- The organisation that asked, and who of it.
  participant text not null,
  actor text not null,
  at timestamptz not null,
  outcome text not null check (outcome in
    ('recognised', 'notBundle', 'notCertificate', 'ownLog', 'peerUnknown', 'peerEnded', 'proofFails', 'expired')),
  digest text not null,
  number text,
  data_name text,
  last_day text,
  registrar text,
  -- The node whose log it stands in, as the hub vouched for it then.
  peer jsonb,
  witnesses jsonb not null,
  checks jsonb not null,
  retention_class text not null default 'access-log',
  stored_region text not null default storage_region()
);
create index node_recognitions_newest on node_recognitions (participant, id desc);
